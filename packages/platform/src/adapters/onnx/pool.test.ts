import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { Failure, type FailureCode } from '@acervo/kernel/failure.ts';
import { reluModel } from '@acervo/model/onnx/onnx.fixture.ts';
import { endlessLoop, hugeTensor, runnable } from './hostile.fixture.ts';
import { INFERENCE_LIMITS, InferencePool } from './pool.ts';

const never = new AbortController().signal;
const isFailure = (code: FailureCode) => (thrown: unknown) => {
  assert.ok(thrown instanceof Failure && thrown.code === code, String(thrown));
  return true;
};
const x = (...values: number[]) => ({ x: { dims: [1, values.length], data: Float32Array.from(values) } });
const one = { x: { dims: [1], data: Float32Array.of(1) } };

function poolOf(t: TestContext, workers = 1): InferencePool {
  const pool = new InferencePool({ ...INFERENCE_LIMITS, sandbox: 'required', workers, memoryMiBMax: 512 });
  t.after(() => pool.close());
  return pool;
}

const RELU = runnable('relu', reluModel());

async function serves(pool: InferencePool): Promise<void> {
  const { outputs } = await pool.run(RELU, x(-1, 2), never);
  assert.deepEqual(outputs, { y: { dims: [1, 2], data: Float32Array.of(0, 2) } });
}

test('a model runs, again in the same process, and another model in another one', async (t) => {
  const pool = poolOf(t);
  await pool.warm();
  const [first] = pool.pids;
  await serves(pool);
  await serves(pool);
  assert.deepEqual(pool.pids, [first]);
  await pool.run(runnable('other', reluModel()), x(1), never);
  assert.notDeepEqual(pool.pids, [first]);
});

test('a loop without end is ended at the deadline, and the next run is served', async (t) => {
  const pool = poolOf(t);
  const looping = pool.run(runnable('loop', endlessLoop(), 1500), one, never);
  const behind = serves(pool);
  await assert.rejects(looping, isFailure('model/time'));
  await behind;
});

test('a tensor of 10 GB is refused its memory, and the next run is served', async (t) => {
  const pool = poolOf(t);
  await assert.rejects(pool.run(runnable('huge', hugeTensor()), one, never), isFailure('model/memory'));
  await serves(pool);
});

test('a process that is killed costs its own run only', async (t) => {
  const pool = poolOf(t, 2);
  await pool.warm();
  const dying = pool.run(runnable('loop', endlessLoop()), one, never);
  await pool.run(RELU, x(3), never);
  const [pid] = pool.pids as [number];
  process.kill(pid, 'SIGKILL');
  await assert.rejects(dying, isFailure('model/failed'));
  await serves(pool);
});

test('a run that nobody wants any more is ended, and one that waits is left out', async (t) => {
  const pool = poolOf(t);
  const [running, waiting] = [new AbortController(), new AbortController()];
  const first = pool.run(runnable('loop', endlessLoop()), one, running.signal);
  const second = pool.run(RELU, x(1), waiting.signal);
  waiting.abort();
  await assert.rejects(second, { name: 'AbortError' });
  running.abort();
  await assert.rejects(first, { name: 'AbortError' });
  await serves(pool);
});

test('what is no model, or asks for more than there is, is refused', async (t) => {
  const pool = poolOf(t);
  await assert.rejects(pool.run(runnable('noise', new Uint8Array(64)), x(1), never), isFailure('model/failed'));
  await assert.rejects(pool.run({ ...RELU, memoryMiB: 9999 }, x(1), never), isFailure('model/limit'));
  await pool.close();
  await assert.rejects(pool.run(RELU, x(1), never), isFailure('model/busy'));
});

test('where a process of a model is, no listener of this machine can be reached', async (t) => {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const pool = poolOf(t);
  await pool.warm();
  const [pid] = pool.pids as [number];
  const connect = `const end = (word) => { process.stdout.write(word); process.exit(); };
    const socket = require('node:net').connect(${port}, '127.0.0.1');
    socket.on('connect', () => end('reached')).on('error', (error) => end(error.code));`;
  const ask = promisify(execFile);
  const here = await ask(process.execPath, ['-e', connect]);
  assert.equal(here.stdout.trim(), 'reached', 'the listener is there');
  const within = [
    '--target',
    String(pid),
    '--user',
    '--net',
    '--preserve-credentials',
    process.execPath,
    '-e',
    connect,
  ];
  const there = await ask('nsenter', within);
  assert.match(there.stdout.trim(), /^E(NETUNREACH|CONNREFUSED)$/);
});

test('a process ends with the archive, whatever its model does', async () => {
  const script = `
    import { endlessLoop, runnable } from '${import.meta.dirname}/hostile.fixture.ts';
    import { INFERENCE_LIMITS, InferencePool } from '${import.meta.dirname}/pool.ts';
    const pool = new InferencePool({ ...INFERENCE_LIMITS, sandbox: 'required', workers: 1, memoryMiBMax: 512 });
    await pool.warm();
    const x = { dims: [1], data: Float32Array.of(1) };
    void pool.run(runnable('loop', endlessLoop()), { x }, new AbortController().signal);
    console.log(pool.pids[0]);
    process.kill(process.pid, 'SIGKILL');`;
  const child = execFile(process.execPath, ['--input-type=module-typescript', '-e', script]);
  let pid = '';
  for await (const chunk of child.stdout ?? []) pid += chunk;
  assert.match(pid, /^\d+\n$/);
  const until = performance.now() + 10_000;
  while (existsSync(`/proc/${pid.trim()}`) && performance.now() < until) await new Promise((r) => setTimeout(r, 20));
  assert.equal(existsSync(`/proc/${pid.trim()}`), false);
});
