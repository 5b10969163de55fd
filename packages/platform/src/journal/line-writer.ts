import { journalFile } from '@acervo/kernel/journal/line.ts';
import type { BlobStore, BlobWriter } from '../ports/blob-store.ts';

const FILE_BYTES_MAX = 64 * 2 ** 20;

/**
 * Appends numbered lines to files that are named by their first number; one process at a time, as the sealer's lock
 * ensures. Journal segments are such files, and those of checkpoints in a folder below.
 */
export class LineWriter {
  readonly #blobs: BlobStore;
  readonly #folder: string;
  #open: { writer: BlobWriter; size: number } | undefined;

  constructor(blobs: BlobStore, folder = '') {
    this.#blobs = blobs;
    this.#folder = folder;
  }

  /** Go on behind the last whole line. A torn line after it was never numbered: it is overwritten. */
  async continueAfter(last: { file: string; end: number } | undefined): Promise<void> {
    await this.close();
    if (last === undefined) return;
    const writer = await this.#blobs.append(last.file);
    await writer.truncate(last.end);
    this.#open = { writer, size: last.end };
  }

  /**
   * Durable when it resolves. After a failure the writer must be continued anew.
   * @param first  number of the first line
   */
  async append(first: number, lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    if (this.#open !== undefined && this.#open.size >= FILE_BYTES_MAX) await this.close();
    const target = this.#open ?? (await this.#create(first));
    this.#open = target;
    const bytes = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(''));
    // Another process may have died between its lines and their numbers: they go, their events are numbered anew.
    await target.writer.truncate(target.size);
    try {
      await target.writer.write([bytes], target.size);
      await target.writer.datasync();
    } catch (thrown) {
      // Whole lines of a torn batch look as if they counted, and take the last space of a full disk.
      await target.writer.truncate(target.size);
      throw thrown;
    }
    target.size += bytes.length;
  }

  /** Make durable what `continueAfter` found: another process may have died before its datasync. */
  async datasync(): Promise<void> {
    await this.#open?.writer.datasync();
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.writer.close();
  }

  async #create(first: number): Promise<{ writer: BlobWriter; size: number }> {
    const file = `${this.#folder}${journalFile(first)}`;
    const created = await this.#blobs.create(file);
    if (created !== undefined) return { writer: created, size: 0 };
    // A crash left it before its first whole line: nothing in it was numbered.
    const writer = await this.#blobs.append(file);
    await writer.truncate(0);
    return { writer, size: 0 };
  }
}
