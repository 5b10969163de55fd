import { Failure } from '@acervo/kernel/failure.ts';
import type { BlobStore, BlobWriter } from '../../ports/blob-store.ts';
import type { TargetFolder } from '../../ports/target-folder.ts';
import { type BackupFile, isBackupFile, parseJson } from './manifest.ts';

/** What a backup has done so far: where it is interrupted, the next one goes on from here. */
export const UNFINISHED = 'backup.unfinished.jsonl';

/** The folder that a backup is written into: whole files through `folder`, longer ones through `blobs`. */
export type BackupTarget = { folder: TargetFolder; blobs: BlobStore };

type Head = { node: string };

/** Lines of an interrupted backup, a torn last one left out. */
export type Unfinished = { node: string; files: BackupFile[]; end: number };

export async function readUnfinished({ folder }: BackupTarget): Promise<Unfinished | undefined> {
  if ((await folder.sizeOf(UNFINISHED)) === undefined) return undefined;
  const bytes = Buffer.concat(await Array.fromAsync(folder.read(UNFINISHED)));
  const end = bytes.lastIndexOf(0x0a) + 1;
  const [head, ...lines] = bytes.subarray(0, end).toString('utf8').split('\n').slice(0, -1).map(parseJson);
  const { node } = (head ?? {}) as Partial<Head>;
  const files = lines.filter(isBackupFile);
  if (typeof node !== 'string' || files.length < lines.length) {
    throw new Failure('request/invalid', `${UNFINISHED} is damaged: remove it`);
  }
  return { node, files, end };
}

/** Writes down each file that is done, after it is durable. */
export class ProgressRecord {
  readonly #writer: BlobWriter;
  #end: number;

  private constructor(writer: BlobWriter, end: number) {
    this.#writer = writer;
    this.#end = end;
  }

  static async begin(target: BackupTarget, node: string, before: Unfinished | undefined): Promise<ProgressRecord> {
    const head: Head = { node };
    const end = before?.end ?? (await target.folder.put(UNFINISHED, [lineOf(head)]));
    return new ProgressRecord(await target.blobs.append(UNFINISHED), end);
  }

  async add(file: BackupFile): Promise<void> {
    const line = lineOf(file);
    await this.#writer.truncate(this.#end);
    await this.#writer.write([line], this.#end);
    await this.#writer.datasync();
    this.#end += line.length;
  }

  async close(): Promise<void> {
    await this.#writer.close();
  }
}

const lineOf = (value: Head | BackupFile): Uint8Array => new TextEncoder().encode(`${JSON.stringify(value)}\n`);
