import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { silentLog } from '@acervo/testkit/postgres.ts';
import { Bell } from './bell.ts';
import { inRounds } from './rounds.ts';

const LONG_MS = 2 ** 30;

test('rounds follow each other at once, after a pause, or after trouble, until the signal', async () => {
  const ending = new AbortController();
  const bell = new Bell();
  const told: unknown[] = [];
  const did: string[] = [];
  const log = { ...silentLog, warn: (event: string, fields?: object): void => void told.push([event, fields]) };
  const outcomes = ['more', 'nothing', 'trouble', 'last'];
  const round = (): Promise<number> => {
    const outcome = outcomes[did.length] ?? '';
    did.push(outcome);
    // Rung when the round is over and its pause has begun.
    if (outcome === 'last') setImmediate(() => ending.abort());
    else if (outcome !== 'more') setImmediate(() => bell.ring());
    return outcome === 'trouble'
      ? Promise.reject(new Failure('internal', 'gone'))
      : Promise.resolve(outcome === 'more' ? 0 : LONG_MS);
  };
  const job = inRounds({ name: 'some', round, log, trouble: 'some.trouble', troubleMs: LONG_MS, bell });
  await job.run(ending.signal);
  assert.deepEqual(did, outcomes);
  assert.deepEqual(told, [['some.trouble', { code: 'internal', detail: 'gone' }]]);
});

test('as many go on side by side as it says', async () => {
  const ending = new AbortController();
  let now = 0;
  const round = async (): Promise<number> => {
    now += 1;
    if (now === 3) ending.abort();
    return Promise.resolve(LONG_MS);
  };
  await inRounds({ name: 'some', round, log: silentLog, trouble: 'some.trouble', sideBySide: 3 }).run(ending.signal);
  assert.equal(now, 3);
});
