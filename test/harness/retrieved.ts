import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileHead } from '@acervo/dicom/part10.ts';
import type { SmallObject } from '@acervo/testkit/fixtures/small-object.ts';

type Uids = Pick<SmallObject, 'studyUid' | 'seriesUid' | 'sopInstanceUid'>;

/** URL of an instance, below one institution if that is named. */
export function instanceUrl(http: string, uids: Uids, institution?: string): string {
  const root = institution === undefined ? '/dicom-web' : `/dicom-web/i/${institution}`;
  return `${http}${root}/studies/${uids.studyUid}/series/${uids.seriesUid}/instances/${uids.sopInstanceUid}`;
}

/** The stored file, byte for byte, or undefined where the archive knows no such instance. */
export async function storedFile(http: string, uids: Uids, institution?: string): Promise<Uint8Array | undefined> {
  const answer = await fetch(instanceUrl(http, uids, institution), {
    headers: { accept: 'application/dicom; transfer-syntax=*' },
  });
  const body = new Uint8Array(await answer.arrayBuffer());
  if (answer.status === 404) return undefined;
  assert.equal(answer.status, 200, new TextDecoder().decode(body.subarray(0, 300)));
  return body;
}

/** The data set within a Part 10 file. */
export function dataSetOfFile(file: Uint8Array): Uint8Array {
  const head = readFileHead(file, true);
  assert.ok(!('need' in head));
  return file.subarray(head.dataSetOffset);
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
