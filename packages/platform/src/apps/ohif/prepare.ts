import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { Failure } from '@acervo/kernel/failure.ts';

/** The release that is tried with this archive; its digest is the registry's, kept here so that it cannot change. */
export const OHIF = {
  name: '@ohif/app',
  version: '3.13.2',
  integrity: 'sha512-WZdxmpmG7rqFgW9ZJLcbgr3XCtLi1KDNPoMaeY5PPe6j4G4fjEjjkycZM6C6Zk2F87BKxFfpq+jd5xXZB9E8EA==',
} as const;

/**
 * What is not needed: runtimes for models that run elsewhere, the microscopy viewer, log-in by its own client, a
 * service worker that would fetch from another host, other servers' settings.
 */
const PRUNED = new Set([
  'ort',
  'dicom-microscopy-viewer',
  'customizations',
  'sw.js',
  'init-service-worker.js',
  'google.js',
  'oidc-client.min.js',
  'silent-refresh.html',
  'polyfill.min.js',
  'es6-shim.min.js',
  'manifest.json',
  'serve.json',
  '_headers',
  '_redirects',
]);
const PRUNED_KINDS = new Set(['.map', '.txt']);

const COMPRESSED = new Set(['.js', '.css', '.wasm', '.svg', '.json']);
/** 9 would take four times as long for a twentieth less. */
const BROTLI_QUALITY = 5;
const GZIP_LEVEL = 6;
const COMPRESSED_BYTES_MIN = 1024;

const SOURCES = ['app-config.js', 'index.html', 'prepare.ts'];

/** @throws {Failure} config/invalid when the file is not the release that is known. */
export async function checkIntegrity(file: string): Promise<void> {
  const hash = createHash('sha512');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  if (`sha512-${hash.digest('base64')}` === OHIF.integrity) return;
  throw new Failure('config/invalid', `${basename(file)} is not ${OHIF.name} ${OHIF.version}: its digest differs`);
}

/** What a prepared viewer was made of; another stamp, and it has to be made anew. */
export async function stampOf(): Promise<string> {
  const hash = createHash('sha256').update(OHIF.integrity);
  for (const name of SOURCES) hash.update(await readFile(join(import.meta.dirname, name)));
  return hash.digest('hex');
}

/**
 * Make the unpacked release ours, in its folder: less of it, at /ohif/ instead of /, with our settings, and
 * compressed once instead of for each answer.
 */
export async function prepareViewer(dist: string): Promise<void> {
  await prune(dist);
  for (const name of await readdir(dist)) {
    if (extname(name) === '.js' || extname(name) === '.css') await rewrite(join(dist, name));
  }
  const bundle = (await readdir(dist)).find((name) => /^app\.bundle\.[0-9a-f]+\.js$/.test(name));
  if (bundle === undefined) throw new Failure('config/invalid', 'the release has no app.bundle.js');
  const page = await readFile(join(import.meta.dirname, 'index.html'), 'utf8');
  await writeFile(join(dist, 'index.html'), page.replace('APP_BUNDLE', bundle));
  await copyFile(join(import.meta.dirname, 'app-config.js'), join(dist, 'app-config.js'));
  for (const name of await readdir(dist)) {
    if (COMPRESSED.has(extname(name))) await compress(join(dist, name));
  }
}

async function prune(dist: string): Promise<void> {
  for (const entry of await readdir(dist, { withFileTypes: true, recursive: true })) {
    const isTop = entry.parentPath === dist && PRUNED.has(entry.name);
    if (isTop || (entry.isFile() && PRUNED_KINDS.has(extname(entry.name)))) {
      await rm(join(entry.parentPath, entry.name), { recursive: true, force: true });
    }
  }
}

/** The bundler wrote the address of its own files as the root of the host. */
async function rewrite(path: string): Promise<void> {
  const text = await readFile(path, 'utf8');
  const moved = text
    .replaceAll('__webpack_require__.p = "/";', '__webpack_require__.p = "/ohif/";')
    .replaceAll(/url\(\/(?=[\w-]+\.\w+\))/g, 'url(/ohif/')
    .replaceAll("'/dicom-microscopy-viewer/", "'/ohif/dicom-microscopy-viewer/");
  if (moved !== text) await writeFile(path, moved);
}

async function compress(path: string): Promise<void> {
  const bytes = await readFile(path);
  if (bytes.length < COMPRESSED_BYTES_MIN) return;
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  await writeFile(`${path}.br`, await promisify(brotliCompress)(bytes, { params }));
  await writeFile(`${path}.gz`, await promisify(gzip)(bytes, { level: GZIP_LEVEL }));
}

/** Put a prepared folder where it is served, in place of the one before. */
export async function install(prepared: string, folder: string, stamp: string): Promise<void> {
  await writeFile(join(prepared, STAMP), stamp);
  await rm(folder, { recursive: true, force: true });
  await rename(prepared, folder);
}

/** @returns '' where none is installed. */
export async function installedStamp(folder: string): Promise<string> {
  try {
    return await readFile(join(folder, STAMP), 'utf8');
  } catch {
    return ''; // Nothing is installed there.
  }
}

/** Has no ending, so the viewer's route answers a page for it. */
const STAMP = 'acervo-stamp';
