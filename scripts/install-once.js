// Installs what the lockfile names, once: before `npm run demo` and `npm test`. Plain JavaScript, for Node 20.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { pinnedNode } from './pinned-node.js';

const NODE_MAJOR_MIN = 20;

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
const lockFile = join(root, 'package-lock.json');
const modules = join(root, 'node_modules');
/** Holds the digest of the lockfile that was installed. `npm ci` empties the folder first: half an install has none. */
const marker = join(modules, '.acervo-lock');

const digest = createHash('sha256').update(readFileSync(lockFile)).digest('hex');

if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR_MIN) {
  process.stderr.write(`acervo: needs Node ${NODE_MAJOR_MIN} or later to begin with, this is ${process.version}\n`);
  process.exit(1);
}
if (!isInstalled()) install();

function isInstalled() {
  if (existsSync(marker)) return readFileSync(marker, 'utf8') === digest;
  // Installed by hand: npm writes this file last, so a newer one than the lockfile is the whole of it.
  const byHand = join(modules, '.package-lock.json');
  const isCurrent = existsSync(byHand) && statSync(byHand).mtimeMs >= statSync(lockFile).mtimeMs;
  if (isCurrent) mark();
  return isCurrent;
}

function install() {
  process.stderr.write('acervo: installing dependencies (npm ci --ignore-scripts), about 15 seconds ...\n');
  const options = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  const [command, words] = npm?.endsWith('.js') ? [process.execPath, [npm, ...options]] : ['npm', options];
  // Standard output of `npm run demo` is the demo's own.
  const { status, error } = spawnSync(command, words, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    process.stderr.write(`acervo: npm ci failed${error ? `: ${error.message}` : ''}\n`);
    process.exit(status ?? 1);
  }
  const node = pinnedNode();
  if (node === undefined || spawnSync(node, ['--version']).status !== 0) {
    process.stderr.write(`acervo: no Node 24 for ${process.platform}-${process.arch} that runs here\n`);
    process.exit(1);
  }
  mark();
}

function mark() {
  writeFileSync(`${marker}.${process.pid}`, digest);
  renameSync(`${marker}.${process.pid}`, marker);
}
