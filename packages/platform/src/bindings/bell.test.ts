import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bell } from './bell.ts';

const never = new AbortController().signal;
const LONG_MS = 2 ** 30;

test('it wakes everybody who waits, and whoever waits after it waits for the next', async () => {
  const bell = new Bell();
  bell.ring();
  const all = [bell.wait(LONG_MS, never), bell.wait(LONG_MS, never)];
  bell.ring();
  await Promise.all(all);
  const ending = new AbortController();
  let isOver = false;
  const next = bell.wait(LONG_MS, ending.signal).then(() => {
    isOver = true;
  });
  await Promise.resolve();
  assert.equal(isOver, false);
  ending.abort();
  await next;
  await bell.wait(LONG_MS, ending.signal);
});

test('time ends a wait without it', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const waiting = new Bell().wait(1_000, never);
  t.mock.timers.tick(1_000);
  await waiting;
});
