import { createHash } from 'node:crypto';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { NewSha256, SegmentBytes } from '@acervo/kernel/pack/walk.ts';

export const newSha256: NewSha256 = () => createHash('sha256');

/** Every file below a folder, by its path with forward slashes, in order. A link is named, not followed. */
export async function* filesBelow(root: string, folder = ''): AsyncGenerator<string> {
  const entries = await readdir(join(root, folder), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) yield* filesBelow(root, path);
    else yield path;
  }
}

/** Use a file as a segment. */
export async function withSegment<T>(path: string, work: (bytes: SegmentBytes) => Promise<T>): Promise<T> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const read = async (offset: number, length: number): Promise<Uint8Array> => {
      const bytes = Buffer.allocUnsafe(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    };
    return await work({ size, read });
  } finally {
    await handle.close();
  }
}

const CHUNK_BYTES = 1 << 20;

/** SHA-256 of a file, and of what follows its first `head` bytes. */
export async function digestsOf(path: string, head: number): Promise<{ bytes: number; file: string; dataSet: string }> {
  const handle = await open(path, 'r');
  const file = createHash('sha256');
  const dataSet = createHash('sha256');
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let bytes = 0;
  try {
    for (;;) {
      const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, bytes);
      if (bytesRead === 0) return { bytes, file: file.digest('hex'), dataSet: dataSet.digest('hex') };
      file.update(chunk.subarray(0, bytesRead));
      if (bytes + bytesRead > head) dataSet.update(chunk.subarray(Math.max(0, head - bytes), bytesRead));
      bytes += bytesRead;
    }
  } finally {
    await handle.close();
  }
}
