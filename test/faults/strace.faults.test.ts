import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { needsPeer } from '@acervo/testkit/peers.ts';
import { scratch, startAsIs } from '../harness/archive-process.ts';
import { associate } from '../harness/sender.ts';
import { stow } from '../harness/stow.ts';
import { type Call, readTrace, straceWords } from '../harness/strace.ts';

/** More than what is gathered: it is streamed. */
const STREAMED_BYTES = 3_000_000;
const SIZES = [64, STREAMED_BYTES, 70_000];

const READS = new Set(['read', 'recvfrom', 'readv']);
const WRITES = new Set(['write', 'writev', 'sendto', 'sendmsg', 'pwrite64', 'pwritev']);

test('the answer is written after the fdatasync, which comes after the last byte was read and written', async (t) => {
  if (!needsPeer(t, 'strace')) return;
  const folder = scratch(t, 'strace');
  const dataDir = join(folder, 'data');
  // The cluster is made without a tracer: that is many calls which nobody asks for.
  assert.equal(await (await startAsIs(t, dataDir)).stop(), 0);
  const trace = join(folder, 'trace');
  const archive = await startAsIs(t, dataDir, {}, straceWords(trace));
  const objects = SIZES.map((pixelBytes, number) => smallObject({ name: 'order', study: 1, number, pixelBytes }));
  const association = await associate(archive, objects);
  for (const object of objects) assert.equal((await association.store(object)).status, 0);
  await association.release();
  for (const [number, pixelBytes] of SIZES.entries()) {
    const object = smallObject({ name: 'order', study: 2, number, pixelBytes });
    assert.equal((await stow(archive, [concat([writeFileHead(object), object.dataSet])])).stored.length, 1);
  }
  assert.equal(await archive.stop(), 0);
  const calls = readTrace(trace);
  // The first answer of an association is its acceptance, the last one the release.
  const dimse = answersOn(calls, archive.dimsePort);
  assert.equal(dimse.length, SIZES.length + 2);
  for (const [index, answer] of dimse.slice(1, -1).entries())
    inOrder(calls, answer, `C-STORE of ${SIZES[index]} bytes`);
  const http = answersOn(calls, Number(new URL(archive.http).port));
  assert.equal(http.length, SIZES.length);
  for (const [index, answer] of http.entries()) inOrder(calls, answer, `STOW of ${SIZES[index]} bytes`);
  t.diagnostic(`${calls.length} calls, ${dimse.length - 2} C-STORE-RSP, ${http.length} answers by HTTP`);
});

type Answer = { lastRead: Call; answer: Call };

/** The first write after each run of reads, on the connections to a port of ours. */
function answersOn(calls: readonly Call[], port: number): Answer[] {
  const answers: Answer[] = [];
  const lastReads = new Map<string, Call>();
  for (const call of calls) {
    if (!call.on.startsWith('TCP:[') || !call.on.includes(`:${port}->`) || call.result <= 0) continue;
    const lastRead = lastReads.get(call.on);
    if (READS.has(call.name)) lastReads.set(call.on, call);
    else if (lastRead !== undefined && WRITES.has(call.name)) {
      answers.push({ lastRead, answer: call });
      lastReads.delete(call.on);
    }
  }
  return answers;
}

/** last read of the object < last write to the segment < its fdatasync, returned < the answer. */
function inOrder(calls: readonly Call[], { lastRead, answer }: Answer, what: string): void {
  const between = calls.filter(({ begun }) => begun > lastRead.done && begun < answer.begun);
  const written = between.findLast(({ name, on }) => WRITES.has(name) && /\/packs\/.*\.tar$/.test(on));
  assert.ok(
    written !== undefined && written.result > 0,
    `${what}: nothing was written to a segment after the last read`,
  );
  const synced = between.find(
    ({ name, on, begun }) => name === 'fdatasync' && on === written.on && begun > written.done,
  );
  assert.ok(synced !== undefined, `${what}: no fdatasync after the last write to ${written.on}`);
  assert.equal(synced.result, 0, what);
  assert.ok(synced.done < answer.begun, `${what}: answered before the fdatasync had returned`);
}
