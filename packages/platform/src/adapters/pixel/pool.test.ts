import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ImageDescription } from '@acervo/dicom/pixel/description.ts';
import { Failure, type FailureCode } from '@acervo/kernel/failure.ts';
import { type PixelLimits, PixelPool } from './pool.ts';

const DESCRIPTION: ImageDescription = {
  rows: 1,
  columns: 1,
  samplesPerPixel: 1,
  photometricInterpretation: 'MONOCHROME2',
  planarConfiguration: 0,
  bitsAllocated: 8,
  bitsStored: 8,
  highBit: 7,
  isSigned: false,
  isFloat: false,
};

/** A worker that does what the target says. */
const MISBEHAVING = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from 'node:worker_threads';
    parentPort.on('message', ({ frame, toSyntax }) => {
      if (toSyntax === 'exit') process.exit(3);
      if (toSyntax === 'throw') setImmediate(() => { throw new Error('codec'); });
      else if (toSyntax === 'hang') for (;;);
      else parentPort.postMessage({ kind: 'done', bytes: frame.bytes, description: frame.description });
    });
  `)}`,
);

function poolOf(t: TestContext, limits: Partial<PixelLimits> = {}): PixelPool {
  const all = { workers: 1, waitingMax: 2, waitingBytesMax: 1000, taskMs: 10_000, idleMs: 10_000, kept: 0, ...limits };
  const pool = new PixelPool(all, MISBEHAVING);
  t.after(() => pool.close());
  return pool;
}

const frameOf = (length = 1) => ({
  bytes: new Uint8Array(length).fill(7),
  transferSyntaxUid: '1.2.840.10008.1.2.1',
  description: DESCRIPTION,
});

const never = new AbortController().signal;
const isFailure = (code: FailureCode) => (thrown: unknown) => thrown instanceof Failure && thrown.code === code;

for (const way of ['exit', 'throw']) {
  test(`a worker that ends by ${way} costs its own task only`, async (t) => {
    const pool = poolOf(t);
    const [dead, alive] = [pool.recode(frameOf(), way, never), pool.recode(frameOf(), 'echo', never)];
    await assert.rejects(dead, isFailure('pixel/failed'));
    assert.deepEqual([...(await alive).bytes], [7]);
  });
}

test('a worker that takes too long is ended, and the next task has another', async (t) => {
  const pool = poolOf(t, { taskMs: 3_000 });
  const [hanging, alive] = [pool.recode(frameOf(), 'hang', never), pool.recode(frameOf(), 'echo', never)];
  await assert.rejects(hanging, isFailure('pixel/failed'));
  assert.deepEqual([...(await alive).bytes], [7]);
});

test('what waits is limited in number and in bytes', async (t) => {
  const pool = poolOf(t, { taskMs: 3_000 });
  const outcomes = [pool.recode(frameOf(), 'hang', never), pool.recode(frameOf(), 'echo', never)];
  await assert.rejects(pool.recode(frameOf(1000), 'echo', never), isFailure('pixel/busy'));
  outcomes.push(pool.recode(frameOf(), 'echo', never));
  await assert.rejects(pool.recode(frameOf(), 'echo', never), isFailure('pixel/busy'));
  const settled = await Promise.allSettled(outcomes);
  assert.deepEqual(
    settled.map(({ status }) => status),
    ['rejected', 'fulfilled', 'fulfilled'],
  );
});

test('what nobody wants any more is left out', async (t) => {
  const pool = poolOf(t, { taskMs: 3_000 });
  const gone = new AbortController();
  const hanging = pool.recode(frameOf(), 'hang', never);
  const waiting = pool.recode(frameOf(), 'echo', gone.signal);
  gone.abort(new Failure('request/cancelled', 'gone'));
  await assert.rejects(waiting, isFailure('request/cancelled'));
  await assert.rejects(hanging, isFailure('pixel/failed'));
});

test('a pool that closes ends what it does', async (t) => {
  const pool = poolOf(t);
  const hanging = pool.recode(frameOf(), 'hang', never);
  const outcome = assert.rejects(hanging, isFailure('pixel/busy'));
  await pool.close();
  await outcome;
  await assert.rejects(pool.recode(frameOf(), 'echo', never), isFailure('pixel/busy'));
});
