import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** What belongs into a data directory while its server is at rest, PostgreSQL's own files left out. */
const EXPECTED: readonly RegExp[] = [
  /^packs\/\d{4}\/\d{8}\.tar$/,
  /^journal\/.+$/,
  /^models\/[0-9a-f]{2}\/[0-9a-f]{64}$/,
  /^node$/,
  /^keys\/(login\.json|journal\.key|silent\.key)$/,
  /^silent\/[0-9a-f]{64}\/[0-9a-f-]{36}\.sealed$/,
  /^run\/(opening\.\d+|w-[0-9a-f]+|\.s\.PGSQL.*)$/,
];

/** Files of a data directory that nobody can explain: a temporary file left behind, a path that someone chose. */
export function strayFiles(dataDir: string): string[] {
  const files = readdirSync(dataDir, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory());
  const names = files.map(({ parentPath, name }) => join(parentPath, name).slice(dataDir.length + 1));
  return names.filter((name) => !name.startsWith('postgres/') && !EXPECTED.some((pattern) => pattern.test(name)));
}
