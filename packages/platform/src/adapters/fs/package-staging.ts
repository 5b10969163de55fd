import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure } from '@acervo/kernel/failure.ts';
import { newId } from '@acervo/kernel/id.ts';
import { PATH } from '@acervo/model/manifest/manifest.ts';
import type { Finding } from '@acervo/model/onnx/check.ts';
import type { PackageStaging, StagedPackage } from '../../ports/models.ts';
import { packageFolder } from './package-folder.ts';
import { ZIP_LIMITS, zipFiles } from './zip-files.ts';

export type StagingLimits = { files: number; bytes: number };

/** Longer than any submission takes. */
const ABANDONED_MS = 6 * 3_600_000;
/** A name in a finding: enough to know which one it was. */
const NAME_CHARS_MAX = 200;

/** Packages on their way in, each in a folder of its own below `root`. Nothing in them is durable, nor need it be. */
export function packageStaging(root: string, limits: StagingLimits): PackageStaging {
  return {
    begin: async () => {
      const place = join(root, newId());
      await mkdir(join(place, 'files'), { recursive: true, mode: 0o750 });
      return staged(place, limits);
    },
    sweep: async () => {
      for (const name of await readdir(root).catch(() => [])) {
        const path = join(root, name);
        const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
        if (Date.now() - mtimeMs > ABANDONED_MS) await rm(path, { recursive: true, force: true });
      }
    },
  };
}

function staged(place: string, limits: StagingLimits): StagedPackage {
  const path = join(place, 'files');
  const findings: Finding[] = [];
  const names = new Set<string>();
  let bytes = 0;
  const counted = async function* (body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      bytes += chunk.length;
      if (bytes > limits.bytes) throw new Failure('model/limit', `more than ${limits.bytes} bytes`);
      yield chunk;
    }
  };
  const put = async (name: string, body: AsyncIterable<Uint8Array>): Promise<void> => {
    const where = name.slice(0, NAME_CHARS_MAX);
    const wrong = whyNot(name, names);
    if (wrong !== undefined)
      return void findings.push({ code: 'model/path', where: JSON.stringify(where), what: wrong });
    names.add(name);
    if (names.size > limits.files) throw new Failure('model/limit', `more than ${limits.files} files`);
    await write(join(path, name), counted(body));
  };
  return {
    path,
    folder: packageFolder(path),
    findings,
    put,
    unpack: async (body) => {
      const archive = join(place, 'upload.zip');
      await write(archive, counted(body));
      bytes = 0;
      await unpack(archive, limits, put, findings);
    },
    remove: () => rm(place, { recursive: true, force: true }),
  };
}

/** A file is no folder of another one; the system that keeps it may not tell capitals apart. */
function whyNot(name: string, names: ReadonlySet<string>): string | undefined {
  if (!PATH.test(name)) return 'letters, digits, _ . - only, none hidden, none outside of the package';
  if (names.has(name)) return 'said twice';
  const isWithin = [...names].some((other) => name.startsWith(`${other}/`) || other.startsWith(`${name}/`));
  return isWithin ? 'a file and a folder' : undefined;
}

async function write(path: string, body: AsyncIterable<Uint8Array>): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o750 });
  const handle = await open(path, 'wx', 0o640);
  try {
    for await (const chunk of body) await handle.writeFile(chunk);
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
    if (code !== 'ENOSPC' && code !== 'EDQUOT') throw thrown;
    throw new Failure('store/out-of-space', code, { cause: thrown });
  } finally {
    await handle.close();
  }
}

async function unpack(
  archive: string,
  { files, bytes }: StagingLimits,
  put: StagedPackage['put'],
  findings: Finding[],
): Promise<void> {
  const limits = { ...ZIP_LIMITS, entriesMax: files, bytesMax: bytes };
  try {
    for await (const item of zipFiles(archive, '', limits)) {
      const name = item.name.slice(archive.length + 1);
      if ('refused' in item) findings.push(refusedEntry(name, item.refused));
      else await put(name, item.read());
    }
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw new Failure('request/invalid', `the archive is damaged: ${String(cause)}`, { cause });
  }
}

/** @throws {Failure} where it is the whole archive that is refused */
function refusedEntry(name: string, why: string): Finding {
  if (name !== '') return { code: 'model/path', where: JSON.stringify(name.slice(0, NAME_CHARS_MAX)), what: why };
  throw new Failure(why.startsWith('damaged') ? 'request/invalid' : 'model/limit', why);
}
