import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { readFileHead } from '@acervo/dicom/part10.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { scaled } from '@acervo/testkit/scale.ts';
import { type ArchiveProcess, diskScratch, startArchive } from '../harness/archive-process.ts';
import { type LargeObject, largeFrames, largeValue } from '../harness/large-object.ts';
import { peakRssMib } from '../harness/memory.ts';
import { instanceUrl } from '../harness/retrieved.ts';
import { associate } from '../harness/sender.ts';

/** Most resident memory of the archive's process, whatever the size of an object; our PostgreSQL is another one. */
const RSS_MIB_MAX = 400;
const FRAMES_MIN = 512;
const VALUE_MIB = 512;

/** Send an object while its digest is made. @returns the digest of its data set */
async function send(archive: ArchiveProcess, object: LargeObject): Promise<string> {
  const hash = createHash('sha256');
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of object.dataSet()) {
      hash.update(chunk);
      yield chunk;
    }
  }
  const association = await associate(archive, [object]);
  const { status } = await association.store({ ...object, dataSet: hashed() });
  assert.equal(status, 0x0000);
  await association.release();
  return hash.digest('hex');
}

/** Get it back, forgetting what has come. @returns the digest of its data set and its length in bytes */
async function receive(archive: ArchiveProcess, object: LargeObject): Promise<{ sha256: string; bytes: number }> {
  const answer = await fetch(instanceUrl(archive.http, object), {
    headers: { accept: 'application/dicom; transfer-syntax=*' },
  });
  assert.equal(answer.status, 200);
  assert.ok(answer.body);
  const hash = createHash('sha256');
  let first: Uint8Array | undefined = new Uint8Array(0);
  let bytes = 0;
  for await (const chunk of answer.body) {
    let part: Uint8Array = chunk;
    if (first !== undefined) {
      first = concat([first, chunk]);
      const head = readFileHead(first);
      if ('need' in head) continue;
      part = first.subarray(head.dataSetOffset);
      first = undefined;
    }
    hash.update(part);
    bytes += part.length;
  }
  return { sha256: hash.digest('hex'), bytes };
}

test('an object of 3 GB comes in by C-STORE and goes out again in bounded memory', async (t) => {
  const object = largeFrames(Math.max(FRAMES_MIN, scaled(3000)));
  const archive = await startArchive(t, join(diskScratch(t, 'large'), 'data'));
  const began = performance.now();
  const sent = await send(archive, object);
  const middle = performance.now();
  const receivingMib = peakRssMib(archive.pid);
  assert.deepEqual(await receive(archive, object), { sha256: sent, bytes: object.dataSetBytes });
  const ended = performance.now();
  for (const number of [1, Math.ceil(object.frameCount / 2), object.frameCount]) {
    const answer = await fetch(`${instanceUrl(archive.http, object)}/frames/${number}`, {
      headers: { accept: 'application/octet-stream; transfer-syntax=*' },
    });
    assert.equal(answer.status, 200);
    const digest = createHash('sha256')
      .update(new Uint8Array(await answer.arrayBuffer()))
      .digest('hex');
    assert.equal(digest, object.frameSha256(number), `frame ${number}`);
  }
  const peakMib = peakRssMib(archive.pid);
  t.diagnostic(
    `${object.dataSetBytes} bytes, in ${Math.round(middle - began)} ms, out ${Math.round(ended - middle)} ms; ` +
      `at most ${receivingMib} MiB receiving, ${peakMib} MiB altogether`,
  );
  assert.ok(peakMib < RSS_MIB_MAX, `${peakMib} MiB`);
  assert.equal(await archive.stop(), 0);
});

test('a large value in front of everything that says what an object is does not fill the memory', async (t) => {
  const object = largeValue(VALUE_MIB);
  const archive = await startArchive(t, join(diskScratch(t, 'large'), 'data'));
  const sent = await send(archive, object);
  assert.deepEqual(await receive(archive, object), { sha256: sent, bytes: object.dataSetBytes });
  const peakMib = peakRssMib(archive.pid);
  t.diagnostic(`${object.dataSetBytes} bytes; at most ${peakMib} MiB`);
  assert.ok(peakMib < RSS_MIB_MAX, `${peakMib} MiB`);
  assert.equal(await archive.stop(), 0);
});
