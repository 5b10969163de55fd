import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LEASE_MS, underLease } from './lease.ts';

const never = new AbortController().signal;
/** Work that ends when it is told to, and says so. */
const heeding = (signal: AbortSignal): Promise<string> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve('stopped')));
const hanging = (): Promise<never> => new Promise(() => {});

test('a lease is renewed while the work goes on, and not after it', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  let renewed = 0;
  const end = Promise.withResolvers<string>();
  const renew = (): Promise<boolean> => {
    renewed += 1;
    return Promise.resolve(true);
  };
  const working = underLease(renew, never, () => end.promise);
  for (let tick = 0; tick < 9; tick++) {
    t.mock.timers.tick(LEASE_MS / 3);
    await Promise.resolve();
  }
  assert.equal(renewed, 9);
  end.resolve('done');
  assert.equal(await working, 'done');
  t.mock.timers.tick(LEASE_MS);
  assert.equal(renewed, 9);
});

test('one that is another’s by now, or cannot be renewed, ends the work before it runs out', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  for (const renew of [() => Promise.resolve(false), () => Promise.reject(new Error('no database')), hanging]) {
    const told = Promise.withResolvers<string>();
    const working = underLease(renew, never, (signal) => {
      heeding(signal).then(told.resolve, told.reject);
      return hanging();
    });
    const ended = assert.rejects(working);
    for (let ms = 0; ms < LEASE_MS; ms += 5_000) {
      t.mock.timers.tick(5_000);
      await Promise.resolve();
      await Promise.resolve();
    }
    assert.equal(await told.promise, 'stopped');
    await ended;
  }
});

test('work that does not heed its signal keeps nobody', async () => {
  const stopping = new AbortController();
  const working = underLease(() => Promise.resolve(true), stopping.signal, hanging);
  stopping.abort(new Error('the process ends'));
  await assert.rejects(working, /the process ends/);
  await assert.rejects(
    underLease(() => Promise.resolve(true), stopping.signal, hanging),
    /the process ends/,
  );
});
