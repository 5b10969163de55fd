import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { processIdentity } from '@acervo/platform/adapters/postgres/process-identity.ts';
import { temporaryDirectory } from './postgres.ts';

const ROOT = join(import.meta.dirname, '../../..');
const NODE_PATH = `node_modules/node-${process.platform}-${process.arch}/bin/node`;

/** A checkout of only the plain-JavaScript commands, with these files. */
function checkout(files: Record<string, string>): string {
  const root = temporaryDirectory();
  for (const folder of ['bin', 'scripts']) cpSync(join(ROOT, folder), join(root, folder), { recursive: true });
  for (const [path, text] of Object.entries({ 'package.json': '{"type":"module"}', ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

function provideNode(root: string): void {
  mkdirSync(dirname(join(root, NODE_PATH)), { recursive: true });
  symlinkSync(process.execPath, join(root, NODE_PATH));
}

/** Stands in for npm: makes the folder anew, notes that it was called, and fails when told so. */
const NPM = `import { appendFileSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
rmSync('node_modules', { recursive: true, force: true });
mkdirSync('${dirname(NODE_PATH)}', { recursive: true });
symlinkSync(process.execPath, '${NODE_PATH}');
appendFileSync('calls', process.argv.slice(2).join(' ') + '\\n');
if (existsSync('fail')) process.exit(7);
`;

test('install-once installs what the lockfile names, once, and again after half an install', () => {
  const root = checkout({ 'package-lock.json': '{}', 'npm.js': NPM });
  const install = (): number | null => {
    const env = { ...process.env, npm_execpath: join(root, 'npm.js') };
    return spawnSync(process.execPath, ['scripts/install-once.js'], { cwd: root, env, stdio: 'ignore' }).status;
  };
  const calls = (): number => readFileSync(join(root, 'calls'), 'utf8').trim().split('\n').length;
  assert.equal(install(), 0);
  assert.match(readFileSync(join(root, 'calls'), 'utf8'), /^ci --ignore-scripts /);
  assert.equal(install(), 0);
  assert.equal(calls(), 1);

  writeFileSync(join(root, 'package-lock.json'), '{ "changed": true }');
  writeFileSync(join(root, 'fail'), '');
  assert.equal(install(), 7);
  assert.equal(existsSync(join(root, 'node_modules/.acervo-lock')), false);
  rmSync(join(root, 'fail'));
  assert.equal(install(), 0);
  assert.equal(calls(), 3);

  rmSync(join(root, 'node_modules/.acervo-lock'));
  writeFileSync(join(root, 'node_modules/.package-lock.json'), '{}');
  assert.equal(install(), 0);
  assert.equal(calls(), 3, 'what npm ci installed by hand is taken');
});

/** Stands in for the command line: says its process id, and how it was asked to end. */
const MAIN = `process.on('SIGTERM', () => {
  process.stdout.write('SIGTERM\\n');
  setTimeout(() => process.exit(3), 50);
});
process.stdout.write(process.pid + ' ' + process.argv.slice(2).join(' ') + '\\n');
setInterval(() => {}, 1000);
`;

async function startCommand(t: TestContext): Promise<{ child: ChildProcess; lines: string[]; pid: number }> {
  const root = checkout({ 'packages/platform/src/apps/main.ts': MAIN });
  provideNode(root);
  const child = spawn(process.execPath, ['bin/acervo', 'serve', '--json'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  const reader = createInterface(child.stdout).on('line', (line) => lines.push(line));
  await once(reader, 'line');
  return { child, lines, pid: Number.parseInt(lines[0] ?? '', 10) };
}

test('bin/acervo hands over arguments, one signal for two, and the exit code', async (t) => {
  const { child, lines, pid } = await startCommand(t);
  assert.equal(lines[0], `${pid} serve --json`);
  child.kill('SIGTERM');
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [3, null]);
  assert.deepEqual(lines.slice(1), ['SIGTERM']);
});

test('a kill -9 of bin/acervo ends what it runs', { timeout: 10_000 }, async (t) => {
  const { child, pid } = await startCommand(t);
  child.kill('SIGKILL');
  await once(child, 'close'); // Its standard output closes when the last process that holds it is ending.
  while (processIdentity(pid) !== undefined) await pause(5); // The test's own limit says when that is too long.
});

test('without dependencies bin/acervo says what to do', () => {
  const { status, stderr } = spawnSync(process.execPath, ['bin/acervo'], { cwd: checkout({}), encoding: 'utf8' });
  assert.equal(status, 1);
  assert.match(stderr, /npm run demo/);
});
