import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { scaled } from '@acervo/testkit/scale.ts';
import { scratch } from '../harness/archive-process.ts';
import { killRounds, SENDERS } from '../harness/kill-rounds.ts';

/** The issue asks for 50 rounds; a larger scale makes more, none makes fewer. */
const ROUNDS = Math.max(50, scaled(50));

test(`kill -9 at random moments, ${ROUNDS} rounds: acknowledged is there, refused is not`, async (t) => {
  const { archive, counts } = await killRounds(t, join(scratch(t, 'kill'), 'data'), ROUNDS);
  t.diagnostic(JSON.stringify(counts));
  assert.ok(counts.acknowledged > ROUNDS * SENDERS, 'too little was acknowledged to prove anything');
  assert.equal(await archive.stop(), 0);
});
