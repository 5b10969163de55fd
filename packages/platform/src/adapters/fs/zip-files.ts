import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw } from 'node:zlib';
import { type Entry, getFileNameLowLevel, openPromise } from 'yauzl';
import type { SourceFile, SourceItem } from '../../ports/source-file.ts';

/** What an archive may claim to hold. DICOM shrinks to a third, blank images to a hundredth. */
export type ZipLimits = {
  entriesMax: number;
  /** All entries together, bytes inflated. */
  bytesMax: number;
  /** Bytes inflated for each byte of the archive, beyond `bytesFree`. */
  ratioMax: number;
  bytesFree: number;
};

export const ZIP_LIMITS: ZipLimits = {
  entriesMax: 5_000_000,
  bytesMax: 16 * 2 ** 40,
  ratioMax: 200,
  bytesFree: 64 * 2 ** 20,
};

const CHUNK_BYTES = 256 * 1024;
const STORED = 0;
const DEFLATED = 8;
const LOCAL_HEADER_BYTES = 30;
const LOCAL_HEADER = 0x04034b50;

/**
 * The files of a ZIP archive, one after the other; nothing is written to a disk, so a name in it is only a name.
 * An archive whose directory claims too much is refused before anything of it is read.
 */
export async function* zipFiles(path: string, stamp: string, limits = ZIP_LIMITS): AsyncGenerator<SourceItem> {
  const reason = await reasonAgainst(path, limits).catch((thrown: unknown) => `damaged archive: ${messageOf(thrown)}`);
  if (reason !== undefined) return yield { name: path, refused: reason };
  const archive: Archive = { path, stamp, index: undefined };
  for await (const entry of entriesOf(path)) {
    const inner = nameOf(entry);
    if (inner.endsWith('/')) continue;
    const name = `${path}!${inner}`;
    if (isLink(entry)) yield { name, refused: 'a symbolic link' };
    else if (entry.isEncrypted()) yield { name, refused: 'encrypted' };
    else if (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED) {
      yield { name, refused: `compression method ${entry.compressionMethod}` };
    } else yield fileOf(archive, entry, inner);
  }
}

async function* entriesOf(path: string): AsyncGenerator<Entry> {
  // Names are decoded here: yauzl would end at the first one that is no safe path, and ours never become paths.
  const zip = await openPromise(path, { lazyEntries: true, decodeStrings: false });
  yield* zip.eachEntry();
}

const nameOf = (entry: Entry): string =>
  getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, false);

/** Made on Unix, whose mode of the file stands above the attributes of MS-DOS: S_IFMT, S_IFLNK. */
function isLink({ versionMadeBy, externalFileAttributes }: Entry): boolean {
  return versionMadeBy >> 8 === 3 && ((externalFileAttributes >>> 16) & 0o170000) === 0o120000;
}

async function reasonAgainst(path: string, limits: ZipLimits): Promise<string | undefined> {
  let entries = 0;
  let bytes = 0;
  let packed = 0;
  for await (const entry of entriesOf(path)) {
    entries += 1;
    bytes += entry.uncompressedSize;
    packed += entry.compressedSize;
    if (entries > limits.entriesMax) return `more than ${limits.entriesMax} entries`;
    if (bytes > limits.bytesMax) return `claims more than ${limits.bytesMax} bytes`;
  }
  // Entries that overlap count their bytes again and again: no archive is smaller than what it packs.
  const real = Math.min(packed, await sizeOf(path));
  if (bytes > limits.bytesFree && bytes > real * limits.ratioMax)
    return `claims ${bytes} bytes from ${real}: a ZIP bomb`;
  return undefined;
}

async function sizeOf(path: string): Promise<number> {
  const handle = await open(path, 'r');
  return handle
    .stat()
    .then(({ size }) => size)
    .finally(() => handle.close());
}

/** `index`: entries by their names in lower case, made when a DICOMDIR asks for the first one. */
type Archive = { path: string; stamp: string; index: Promise<Map<string, Entry>> | undefined };

function fileOf(archive: Archive, entry: Entry, inner: string): SourceFile {
  const { path, stamp } = archive;
  return {
    name: `${path}!${inner}`,
    sizeBytes: entry.uncompressedSize,
    stamp: `${stamp} ${entry.crc32}`,
    isGiven: false,
    read: () => bytesOf(path, entry),
    below: async (components) => {
      archive.index ??= indexOf(path);
      const wanted = inner.slice(0, inner.lastIndexOf('/') + 1) + components.join('/');
      const found = (await archive.index).get(wanted.toLowerCase());
      return found && fileOf(archive, found, nameOf(found));
    },
  };
}

async function indexOf(path: string): Promise<Map<string, Entry>> {
  const index = new Map<string, Entry>();
  for await (const entry of entriesOf(path)) index.set(nameOf(entry).toLowerCase(), entry);
  return index;
}

/** Bytes of an entry, inflated; length and CRC are compared with the directory's. */
async function* bytesOf(path: string, entry: Entry): AsyncGenerator<Uint8Array> {
  const handle = await open(path, 'r');
  try {
    const packed = packedBytes(handle, entry);
    let bytes = 0;
    let crc = 0;
    for await (const chunk of entry.compressionMethod === STORED ? packed : inflated(packed)) {
      bytes += chunk.length;
      if (bytes > entry.uncompressedSize) throw new ZipDamage('longer than its directory says');
      crc = crc32(chunk, crc);
      yield chunk;
    }
    if (bytes < entry.uncompressedSize) throw new ZipDamage('shorter than its directory says');
    if (crc !== entry.crc32) throw new ZipDamage('CRC differs');
  } finally {
    await handle.close();
  }
}

async function* packedBytes(handle: FileHandle, entry: Entry): AsyncGenerator<Uint8Array> {
  const at = entry.relativeOffsetOfLocalHeader;
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(LOCAL_HEADER_BYTES), 0, LOCAL_HEADER_BYTES, at);
  if (bytesRead < LOCAL_HEADER_BYTES || buffer.readUInt32LE(0) !== LOCAL_HEADER) throw new ZipDamage('no local header');
  const start = at + LOCAL_HEADER_BYTES + buffer.readUInt16LE(26) + buffer.readUInt16LE(28);
  for (let done = 0; done < entry.compressedSize; ) {
    const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, entry.compressedSize - done));
    const read = await handle.read(chunk, 0, chunk.length, start + done);
    if (read.bytesRead === 0) throw new ZipDamage('archive ends too early');
    done += read.bytesRead;
    yield chunk.subarray(0, read.bytesRead);
  }
}

async function* inflated(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const inflate = createInflateRaw({ chunkSize: CHUNK_BYTES });
  const piped = pipeline(Readable.from(packed), inflate);
  piped.catch(() => {}); // Iterating the inflated side throws the same.
  for await (const chunk of inflate) yield chunk as Uint8Array;
  await piped;
}

class ZipDamage extends Error {
  readonly code = 'ZIP_DAMAGED';
}

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
