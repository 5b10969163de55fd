import { bytesOfHex, hexOf } from '@acervo/kernel/bytes.ts';
import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import {
  type Checkpoint,
  checkpointHash,
  checkpointText,
  isSignedByItsKey,
  readCheckpoint,
  type SignedCheckpoint,
} from '@acervo/kernel/journal/checkpoint.ts';
import { CHECKPOINTS_FOLDER } from '@acervo/kernel/journal/line.ts';
import { Frontier, leafOf } from '@acervo/kernel/journal/merkle.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { JournalKeys } from '../ports/journal-keys.ts';
import type { Log } from '../ports/log.ts';
import type { Db, Sql } from '../ports/sql.ts';
import {
  type CheckpointRow,
  hashesAfter,
  insertCheckpoints,
  keyChanges,
  lastCheckpoint,
  signedOf,
} from './checkpoint.repo.ts';
import { lastSeal, trySealerLock } from './journal.repo.ts';
import { LineWriter } from './line-writer.ts';
import { waitMs } from './sealer.ts';
import { checkpointLines, type PlacedText, sha256, sha256Text } from './segments.ts';

/** Lines that one checkpoint adds at most: the sealer waits meanwhile. A larger rest takes several. */
const LINES_MAX = 100_000;
const PAGE = 10_000;
/** Another process numbers events in this moment: asked again so often, then at the next interval. */
const TRIES_MAX = 20;
const TRY_AGAIN_MS = 50;

export type CheckpointPorts = { db: Db; blobs: BlobStore; keys: JournalKeys; log: Log };

/** Where a checkpoint ends: what is needed to make the next one. */
type Position = { signed: SignedCheckpoint | undefined; frontier: Frontier };

/**
 * Signs what the journal is: a Merkle root over all numbered lines and the head of their chain (decision record
 * 0032). Any number of processes may run one; they take turns with each other and with the sealers.
 */
export class Checkpointer {
  readonly #ports: CheckpointPorts;
  readonly #archive: string;
  readonly #writer: LineWriter;
  /** Number of the checkpoint behind which the open file is known to end; undefined: look again. */
  #knownNumber: number | undefined;

  /** @param archive  name of the journal, where it has no checkpoint yet */
  constructor(ports: CheckpointPorts, archive: string) {
    this.#ports = ports;
    this.#archive = archive;
    this.#writer = new LineWriter(ports.blobs, CHECKPOINTS_FOLDER);
  }

  /**
   * Cover everything that has a number now, if the last checkpoint does not yet.
   * @returns how many checkpoints were made
   * @throws {Failure} config/invalid without the key that signs; retrieve/damaged for a journal with holes
   */
  async checkpoint(): Promise<number> {
    let made = 0;
    for (let tries = 0; tries < TRIES_MAX; ) {
      const outcome = await this.#make();
      if (outcome === 'nothing') return made;
      if (outcome === 'made') made += 1;
      else {
        tries += 1;
        await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
      }
    }
    return made;
  }

  /** Run until the signal aborts, every `intervalMs`; failures are logged and tried again. */
  async run(intervalMs: number, signal: AbortSignal, before: () => Promise<unknown>): Promise<void> {
    while (!signal.aborted) {
      await waitMs(intervalMs, signal);
      if (!signal.aborted) await this.attempt(before);
    }
  }

  /** The same once, at the end of a process too. */
  async attempt(before: () => Promise<unknown>): Promise<void> {
    try {
      await before();
      await this.checkpoint();
    } catch (thrown) {
      const { code, detail } = toFailure(thrown);
      this.#ports.log.warn('journal.uncheckpointed', { code, detail });
    }
  }

  async close(): Promise<void> {
    await this.#writer.close();
  }

  async #make(): Promise<'made' | 'nothing' | 'busy'> {
    try {
      return await this.#ports.db.transaction(async (sql) => {
        if (!(await trySealerLock(sql))) return 'busy';
        const { seq } = await lastSeal(sql);
        const position = await this.#catchUp(sql, await lastCheckpoint(sql));
        if (seq <= position.frontier.size) return 'nothing';
        const size = Math.min(seq, position.frontier.size + LINES_MAX);
        const row = await this.#sign(sql, position, size);
        this.#knownNumber = undefined;
        await this.#writer.append(row.number, [row.line]);
        await insertCheckpoints(sql, [row]);
        this.#knownNumber = row.number;
        return 'made';
      });
    } catch (thrown) {
      this.#knownNumber = undefined;
      throw thrown;
    }
  }

  async #sign(sql: Sql, { signed, frontier }: Position, size: number): Promise<CheckpointRow> {
    const before = signed?.checkpoint;
    const signers = this.#ports.keys.signers();
    const key = await keyAt(sql, size, before);
    const signer = key === undefined ? signers[0] : signers.find((each) => each.key === key);
    if (signer === undefined)
      throw new Failure('config/invalid', `checkpoints are signed by ${key}: not a key of here`);
    const first = frontier.size + 1;
    const head = await advance(sql, frontier, size);
    const checkpoint: Checkpoint = {
      v: 1,
      archive: before?.archive ?? this.#archive,
      key: signer.key,
      number: (before?.number ?? 0) + 1,
      first,
      size,
      head,
      root: hexOf(frontier.root()),
      at: new Date().toISOString(),
      previous: before === undefined ? '' : checkpointHash(before, sha256Text),
    };
    return rowOf({ checkpoint, signature: signer.sign('checkpoint', checkpoint) }, frontier);
  }

  /**
   * When this process did not write the last one: find the end of the files, and adopt a checkpoint that was written
   * but that a crash kept out of the database. It is durable before its row, and may have been shown: it counts.
   */
  async #catchUp(sql: Sql, last: CheckpointRow | undefined): Promise<Position> {
    let position = positionOf(last);
    if (this.#knownNumber === (last?.number ?? 0)) return position;
    let end: PlacedText | undefined;
    for await (const line of checkpointLines(this.#ports.blobs, Math.max(1, last?.number ?? 0))) {
      end = line;
      const signed = readCheckpoint(line.text);
      if (signed !== undefined && signed.checkpoint.number <= (last?.number ?? 0)) continue;
      position = await adopt(sql, position, signed, line.where);
    }
    await this.#writer.continueAfter(end);
    if (position.signed?.checkpoint.number !== last?.number) await this.#writer.datasync();
    return position;
  }
}

const positionOf = (row: CheckpointRow | undefined): Position =>
  row === undefined
    ? { signed: undefined, frontier: new Frontier(sha256) }
    : { signed: signedOf(row), frontier: new Frontier(sha256, row.size, row.frontier.map(bytesOfHex)) };

export const rowOf = (signed: SignedCheckpoint, { nodes }: Frontier): CheckpointRow => ({
  number: signed.checkpoint.number,
  size: signed.checkpoint.size,
  at: signed.checkpoint.at,
  line: checkpointText(signed),
  frontier: nodes.map(hexOf),
});

/** @throws {Failure} retrieve/damaged for what does not follow: an operator must look before more is signed */
async function adopt(
  sql: Sql,
  { signed: before, frontier }: Position,
  signed: SignedCheckpoint | undefined,
  where: string,
): Promise<Position> {
  const refuse = (why: string): never => {
    throw new Failure('retrieve/damaged', `${where}: ${why}`);
  };
  if (signed === undefined || !(await isSignedByItsKey(signed))) return refuse('is no checkpoint');
  const { number, size, root, head } = signed.checkpoint;
  if (number !== (before?.checkpoint.number ?? 0) + 1) return refuse('does not follow the one before');
  const found = await advance(sql, frontier, size);
  if (found !== head || hexOf(frontier.root()) !== root) return refuse('signed another journal');
  await insertCheckpoints(sql, [rowOf(signed, frontier)]);
  return { signed, frontier };
}

/** Append what has come. @returns the hash of the last line */
async function advance(sql: Sql, frontier: Frontier, size: number): Promise<string> {
  let head = '';
  while (frontier.size < size) {
    const page = await hashesAfter(sql, frontier.size, Math.min(PAGE, size - frontier.size));
    for (const { seq, hash } of page) {
      if (seq !== frontier.size + 1) throw missing(frontier.size + 1);
      frontier.append(leafOf(sha256, hash));
      head = hash;
    }
    if (page.length === 0) throw missing(frontier.size + 1);
  }
  return head;
}

const missing = (seq: number): Failure => new Failure('retrieve/damaged', `the journal has no number ${seq}`);

/** The key that signs what ends at a number: the last change says it, else the checkpoint before. */
export async function keyAt(sql: Sql, seq: number, before: Checkpoint | undefined): Promise<string | undefined> {
  return (await keyChanges(sql, seq)).at(-1)?.key ?? before?.key;
}
