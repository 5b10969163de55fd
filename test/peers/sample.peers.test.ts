import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { DEFLATED_LE, EXPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { STUDIES_FOR_MODELS } from '@acervo/platform/apps/demo/sample/for-models.ts';
import { generateSample, type SampleObject } from '@acervo/testkit/fixtures/sample.ts';
import { needsPeer } from '@acervo/testkit/peers.ts';

/** What the validator says of text that is not in the declared set, which three studies are there to show. */
const CHARSET_ERROR = /Value invalid for this VR|invalid data values for Value Representations/;
const isCharsetWrong = ({ note }: SampleObject): boolean => /without \(0008,0005\)|declared as/.test(note);

/** The validator reads no deflated data set: it gets the same one inflated. */
function fileOf(object: SampleObject): Uint8Array {
  const isDeflated = object.transferSyntaxUid === DEFLATED_LE;
  const transferSyntaxUid = isDeflated ? EXPLICIT_LE : object.transferSyntaxUid;
  const dataSet = isDeflated ? inflateRawSync(object.dataSet) : object.dataSet;
  return concat([writeFileHead({ ...object, transferSyntaxUid }), dataSet]);
}

test('dciodvfy finds no error in the sample but the wrong character sets', (t) => {
  if (!needsPeer(t, 'dciodvfy')) return;
  const folder = mkdtempSync(join(tmpdir(), 'acervo-sample-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'object.dcm');
  const seen = new Set<string>();
  const forModels = generateSample({ seed: 'peers', plans: STUDIES_FOR_MODELS });
  for (const object of [...generateSample({ seed: 'peers' }), ...forModels]) {
    if (seen.has(object.seriesUid)) continue;
    seen.add(object.seriesUid);
    writeFileSync(path, fileOf(object));
    const { stderr, stdout } = spawnSync('dciodvfy', [path], { encoding: 'latin1' });
    const errors = `${stderr}${stdout}`.split('\n').filter((line) => line.includes('Error'));
    const unexpected = isCharsetWrong(object) ? errors.filter((line) => !CHARSET_ERROR.test(line)) : errors;
    assert.deepEqual(unexpected, [], object.note);
  }
  assert.ok(seen.size >= 15, String(seen.size));
});
