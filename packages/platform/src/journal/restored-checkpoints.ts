import { hexOf } from '@acervo/kernel/bytes.ts';
import { readCheckpoint, type SignedCheckpoint } from '@acervo/kernel/journal/checkpoint.ts';
import { Frontier, leafOf } from '@acervo/kernel/journal/merkle.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { Sql } from '../ports/sql.ts';
import { insertCheckpoints } from './checkpoint.repo.ts';
import { rowOf } from './checkpointer.ts';
import { checkpointLines, type PlacedText, type SealedLine, sha256 } from './segments.ts';

/**
 * The rows of checkpoints, made again from their files beside the lines that they cover. One that does not agree with
 * those is left out, and so is everything behind it: `acervo verify` names it, and none is made until it is put right.
 */
export class RestoredCheckpoints {
  readonly #lines: AsyncGenerator<PlacedText>;
  readonly #frontier = new Frontier(sha256);
  #next: SignedCheckpoint | undefined;

  private constructor(blobs: BlobStore) {
    this.#lines = checkpointLines(blobs);
  }

  static async begin(blobs: BlobStore): Promise<RestoredCheckpoints> {
    const restored = new RestoredCheckpoints(blobs);
    await restored.#advance();
    return restored;
  }

  /** Lines come in the order of their numbers. */
  async take(sql: Sql, { seq, hash }: SealedLine): Promise<void> {
    if (this.#next === undefined) return;
    if (seq !== this.#frontier.size + 1) this.#next = undefined;
    else this.#frontier.append(leafOf(sha256, hash));
    if (this.#next?.checkpoint.size !== seq) return;
    const isSame = this.#next.checkpoint.root === hexOf(this.#frontier.root());
    if (isSame) await insertCheckpoints(sql, [rowOf(this.#next, this.#frontier)]);
    const { number } = this.#next.checkpoint;
    await this.#advance();
    if (!isSame || this.#next?.checkpoint.number !== number + 1) this.#next = undefined;
  }

  async close(): Promise<void> {
    await this.#lines.return(undefined);
  }

  async #advance(): Promise<void> {
    const { done, value } = await this.#lines.next();
    this.#next = done === true ? undefined : readCheckpoint(value.text);
  }
}
