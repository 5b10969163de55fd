import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { SYSTEMS } from '@acervo/platform/apps/demo/sample/institutions.ts';
import { generateSample } from '@acervo/testkit/fixtures/sample.ts';
import type { ArchiveProcess } from './archive-process.ts';
import { associate } from './sender.ts';
import { stow } from './stow.ts';

/** The devices of the demo's sample, each with its institution. */
export function writeSampleAccess(path: string): void {
  const systems = Object.values(SYSTEMS).map(({ aeTitle, institution }) => ({
    aeTitle,
    institution: institution.code,
  }));
  writeFileSync(path, JSON.stringify({ systems }));
}

/** The demo's sample as its devices send it; what others would import comes by STOW-RS. @returns objects sent */
export async function sendSample(archive: ArchiveProcess): Promise<number> {
  const objects = [...generateSample({ seed: 'acervo demo' })];
  const byDimse = Map.groupBy(
    objects.filter(({ door }) => door === 'dimse'),
    ({ system }) => system.aeTitle,
  );
  for (const [aeTitle, mine] of byDimse) {
    const association = await associate(archive, mine, aeTitle);
    for (const object of mine) assert.equal((await association.store(object)).status, 0x0000);
    await association.release();
  }
  const others = Map.groupBy(
    objects.filter(({ door }) => door !== 'dimse'),
    ({ institution }) => institution,
  );
  for (const [institution, mine] of others) {
    const files = mine.map((object) => concat([writeFileHead(object), object.dataSet]));
    assert.deepEqual((await stow({ http: archive.http, institution }, files)).failed, []);
  }
  return objects.length;
}
