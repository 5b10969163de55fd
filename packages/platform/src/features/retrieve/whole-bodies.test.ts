import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpBody, LentPieces } from '../../bindings/http.ts';
import { WholeBodies } from './whole-bodies.ts';

const MIB = 2 ** 20;

async function* chunks(count: number, onEnd: () => void = () => undefined): AsyncGenerator<Uint8Array> {
  try {
    for (let index = 0; index < count; index++) yield new Uint8Array(MIB).fill(index);
  } finally {
    onEnd();
  }
}

function lentOf(body: HttpBody): Promise<LentPieces> | undefined {
  return typeof body === 'object' && 'lend' in body ? body.lend() : undefined;
}

test('a short stream becomes a whole body', async () => {
  const lent = await lentOf(await new WholeBodies().bodyOf(chunks(3)));
  assert.deepEqual(
    lent?.pieces.map((piece) => piece[0]),
    [0, 1, 2],
  );
});

test('a long one is streamed from its beginning, pulled as it is taken, and closed', async () => {
  let ended = 0;
  const body = await new WholeBodies().bodyOf(chunks(20, () => ended++));
  assert.ok(typeof body === 'object' && Symbol.asyncIterator in body);
  const seen: (number | undefined)[] = [];
  for await (const piece of body) {
    seen.push(piece[0]);
    if (seen.length === 15) break;
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 15 }, (_, index) => index),
  );
  assert.equal(ended, 1);
});

test('when many are on their way the next ones are streamed, until they have left', async () => {
  const bodies = new WholeBodies();
  const sent: (LentPieces | undefined)[] = [];
  for (let count = 0; count < 8; count++) sent.push(await lentOf(await bodies.bodyOf(chunks(8))));
  assert.equal(lentOf(await bodies.bodyOf(chunks(1))), undefined);
  sent[0]?.giveBack();
  assert.ok(lentOf(await bodies.bodyOf(chunks(1))));
});
