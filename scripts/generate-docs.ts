import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { manifestJsonSchema } from '@acervo/model/manifest/manifest.ts';
import { describeConformance } from '@acervo/platform/apps/conformance/describe-conformance.ts';
import { describeConfig } from '@acervo/platform/apps/describe-config.ts';
import { describeLifeCycle } from '@acervo/platform/apps/describe-life-cycle.ts';
import { performanceDocument } from '../bench/harness/performance-document.ts';

const root = join(import.meta.dirname, '..');
const RETRIEVE = 'packages/platform/src/features/retrieve/README.md';

/** Each generated document, and what it should say. With `--check` nothing is written; stale ones fail. */
const DOCUMENTS: readonly [path: string, text: () => string][] = [
  ['docs/configuration.md', describeConfig],
  ['docs/model-life-cycle.md', describeLifeCycle],
  ['docs/performance.md', () => performanceDocument(root)],
  ['docs/schemas/mx.imagen.modelo-v1.schema.json', () => `${JSON.stringify(manifestJsonSchema(), null, 2)}\n`],
  ['docs/conformance.md', () => describeConformance(sectionOf(RETRIEVE, 'Departures from PS3.18'))],
];

const isCheck = process.argv.includes('--check');
let stale = 0;
for (const [path, describe] of DOCUMENTS) {
  const file = join(root, path);
  const text = describe();
  if (textOf(file) === text) continue;
  stale += 1;
  if (isCheck) {
    process.stderr.write(`${path} is stale: npm run docs\n`);
    continue;
  }
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  process.stdout.write(`${path} written\n`);
}
if (isCheck && stale > 0) process.exitCode = 1;

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined; // Not written yet.
  }
}

/** What stands below a heading of a document, up to the next one. */
function sectionOf(path: string, heading: string): string {
  const [, section] = readFileSync(join(root, path), 'utf8').split(`\n## ${heading}\n`);
  if (section === undefined) throw new Error(`${path} has no section "${heading}"`);
  return `${section.split('\n## ')[0]?.trim()}\n`;
}
