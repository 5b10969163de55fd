import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { readHours, untilOpenMs, whenOpen } from './hours.ts';

const at = (hour: number, minute: number, second = 0): Date => new Date(2026, 0, 5, hour, minute, second);
const MINUTE_MS = 60_000;

test('a window of the day, also over midnight', () => {
  const night = readHours('20:00-06:00');
  assert.equal(untilOpenMs(night, at(20, 0)), 0);
  assert.equal(untilOpenMs(night, at(23, 59)), 0);
  assert.equal(untilOpenMs(night, at(5, 59)), 0);
  assert.equal(untilOpenMs(night, at(6, 0)), 14 * 60 * MINUTE_MS);
  assert.equal(untilOpenMs(night, at(19, 59, 30)), MINUTE_MS / 2);
  const noon = readHours('12:15-13:00');
  assert.equal(untilOpenMs(noon, at(12, 14)), MINUTE_MS);
  assert.equal(untilOpenMs(noon, at(12, 59)), 0);
  assert.equal(untilOpenMs(noon, at(13, 0)), (23 * 60 + 15) * MINUTE_MS);
});

test('what is no window is refused; who waits can be asked to end', async () => {
  for (const text of ['', '20-06', '24:00-06:00', '08:00-08:00', '8:00-9:00']) {
    assert.throws(
      () => readHours(text),
      (thrown) => thrown instanceof Failure && thrown.code === 'request/invalid',
      text,
    );
  }
  const now = new Date();
  const later = (now.getHours() + 2) % 24;
  const hour = (value: number): string => `${value % 24}`.padStart(2, '0');
  const ending = new AbortController();
  const waiting = whenOpen(readHours(`${hour(later)}:00-${hour(later + 1)}:00`), ending.signal);
  ending.abort();
  await assert.rejects(waiting);
  await whenOpen(undefined, ending.signal);
});
