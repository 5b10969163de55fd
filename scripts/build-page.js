// Builds packages/web into packages/web/dist, where the archive serves it, unless what lies there is of these sources.
// Before `npm run demo`, and as `npm run page`. Plain JavaScript; the bundler wants the pinned Node.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { pinnedNode } from './pinned-node.js';

const root = join(import.meta.dirname ?? dirname(new URL(import.meta.url).pathname), '..');
const web = join(root, 'packages/web');
const dist = join(web, 'dist');
/** Holds the digest of the sources; beside the folder's files, not served under any address of the console. */
const STAMP = '.sources';
const COMPRESSED = /\.(?:js|css|html|svg)$/;
/** Smaller files are sent as they are. */
const COMPRESSED_BYTES_MIN = 1024;
const BROTLI_QUALITY = 9;
/** A larger script is worth a look. */
const CHUNK_KB_MAX = 1500;

/** What the page is made of: its own sources, what it imports of the project, and every dependency's version. */
const SOURCES = ['packages/web', ...['kernel', 'dicom', 'interop', 'model'].map((name) => `packages/${name}/src`)];
const FILES = ['package-lock.json', 'scripts/build-page.js'];

const isChild = process.argv.includes('--build');
if (isChild) await build();
else ensure();

function ensure() {
  const digest = digestOf();
  const stamp = join(dist, STAMP);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  process.stderr.write('acervo: building the page, a few seconds ...\n');
  const node = pinnedNode() ?? process.execPath;
  // Standard output of `npm run demo` is the demo's own.
  const { status } = spawnSync(node, [import.meta.filename ?? new URL(import.meta.url).pathname, '--build', digest], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (status === 0) return;
  process.stderr.write('acervo: the page could not be built; the archive runs without it\n');
  process.exitCode = process.argv.includes('--optional') ? 0 : 1;
}

async function build() {
  const { build: bundle } = await import('vite');
  const fresh = join(web, `dist.${process.pid}`);
  try {
    await bundle({
      root: web,
      configFile: false,
      logLevel: 'warn',
      build: {
        outDir: fresh,
        emptyOutDir: true,
        // Nothing inline: the page's policy allows scripts of its own files only.
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        sourcemap: false,
        chunkSizeWarningLimit: CHUNK_KB_MAX,
        rolldownOptions: {
          // Marks for servers that render components, which are of no use here.
          onLog: (level, log, tell) => {
            if (log.code !== 'MODULE_LEVEL_DIRECTIVE') tell(level, log);
          },
        },
      },
    });
    for (const path of filesBelow(fresh)) compress(path);
    writeFileSync(join(fresh, STAMP), process.argv.at(-1));
    // Whoever reads the page meanwhile has the old one or the new one, never half of each.
    rmSync(dist, { recursive: true, force: true });
    mkdirSync(dirname(dist), { recursive: true });
    renameSync(fresh, dist);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

function compress(path) {
  const bytes = readFileSync(path);
  if (!COMPRESSED.test(path) || bytes.length < COMPRESSED_BYTES_MIN) return;
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  writeFileSync(
    `${path}.br`,
    brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } }),
  );
}

function digestOf() {
  const hash = createHash('sha256');
  const files = [
    ...SOURCES.flatMap((folder) => [...filesBelow(join(root, folder))]),
    ...FILES.map((name) => join(root, name)),
  ];
  for (const path of files.sort((a, b) => (a < b ? -1 : 1)))
    hash.update(path.slice(root.length)).update('\0').update(readFileSync(path));
  return hash.digest('hex');
}

function* filesBelow(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.name.startsWith('dist') || entry.name === 'node_modules' || /\.test\.tsx?$/.test(entry.name)) continue;
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile()) yield path;
  }
}
