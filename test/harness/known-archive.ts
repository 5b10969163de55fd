import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type ArchiveProcess, scratch, startArchive } from './archive-process.ts';
import { sha256 } from './retrieved.ts';

/** Whoever holds it may do everything at HOSPITAL-A. */
export const TOKEN = 'token-of-hospital-a';
export const INSTITUTION = 'HOSPITAL-A';
/** A system of each hospital, for C-STORE and C-FIND. */
export const SYSTEMS = { a: 'CT-A', b: 'CT-B' } as const;

/** An archive where callers must be known, of two hospitals. */
export async function startKnown(
  t: TestContext,
  name: string,
  env: Readonly<Record<string, string>> = {},
): Promise<{ archive: ArchiveProcess; dataDir: string; folder: string }> {
  const folder = scratch(t, name);
  const accessFile = join(folder, 'access.json');
  const access = {
    systems: [
      { aeTitle: SYSTEMS.a, institution: INSTITUTION },
      { aeTitle: SYSTEMS.b, institution: 'HOSPITAL-B' },
    ],
    tokens: [
      {
        name: 'viewer-a',
        sha256: sha256(new TextEncoder().encode(TOKEN)),
        institution: INSTITUTION,
        actions: ['store', 'read', 'query', 'export', 'administer'],
      },
    ],
  };
  writeFileSync(accessFile, JSON.stringify(access));
  const dataDir = join(folder, 'data');
  const set = { ACERVO_ACCESS: 'enforced', ACERVO_ACCESS_FILE: accessFile, ...env };
  return { archive: await startArchive(t, dataDir, set), dataDir, folder };
}

export const AUTHORIZED = { authorization: `Bearer ${TOKEN}` } as const;
