import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { newId } from '@acervo/kernel/id.ts';
import type { Said } from '@acervo/model/silent/said.ts';
import { SMALL_PACKS } from '@acervo/testkit/filled-archive.ts';
import { openTestArchive } from '@acervo/testkit/open-archive.ts';
import { sealedFiles } from '../../adapters/fs/sealed-files.ts';
import type { InferenceTask } from '../../ports/inference-tasks.ts';
import { silentSeal } from './seal.ts';
import { type SilentStore, silentSink } from './store.ts';

export const MODEL = { model: 'mx.prueba.torax', version: '1.0.0' };
export const PACKAGE = 'a'.repeat(64);
export const RETIRED = 'b'.repeat(64);

/** A silent store over an archive of a test's own; `key` opens the same one by another. */
export async function openStore(t: TestContext) {
  const archive = await openTestArchive(t, undefined, SMALL_PACKS);
  const sql = await archive.database.openSilent();
  assert.ok(sql !== undefined);
  const folder = join(archive.dataDir, 'silent');
  const by = (key: Uint8Array): SilentStore => ({ sql, files: sealedFiles(folder), seal: silentSeal(key) });
  const store = by(randomBytes(32));
  return { archive, db: archive.database, store, by, folder, sink: silentSink(store) };
}

export const taskOf = (number: number, over: Partial<InferenceTask> = {}): InferenceTask => ({
  id: newId(),
  package: PACKAGE,
  ...MODEL,
  stage: 'silencioso',
  institution: 'HGM',
  studyKey: newId(),
  studyUid: `2.25.${number}`,
  series: [`2.25.${number}.1`],
  revision: 'r',
  createdAt: '2026-11-29T00:00:00.000Z',
  ...over,
});

export const said = (score: number): Said[] => [
  { of: 'opacidad@nacional', says: score >= 0.5 ? 'present' : 'absent', mayAbstain: false, score },
];

/** An object that says something. */
export const report = (studyUid: string) => ({
  kind: 'dicom-sr' as const,
  sopClassUid: '1.2.840.10008.5.1.4.1.1.88.34',
  sopInstanceUid: `${studyUid}.9`,
  seriesUid: `${studyUid}.8`,
  studyUid,
  file: new TextEncoder().encode(`HALLAZGO ${studyUid}`),
});
