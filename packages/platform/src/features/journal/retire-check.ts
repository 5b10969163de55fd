import { canonicalJson } from '@acervo/kernel/canonical-json.ts';
import { JournalCheck } from '@acervo/kernel/journal/check.ts';
import type { JournalFinding } from '@acervo/kernel/journal/finding.ts';
import type { Envelope } from '../../journal/event.ts';
import { monthOf } from '../../journal/month.ts';
import { checkpointLinesTo, journalLines, type SealedLine, sha256, sha256Text } from '../../journal/segments.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { Sql } from '../../ports/sql.ts';
import { type MonthRow, numberedById } from './retire.repo.ts';
import type { Obstacle } from './retire.ts';

const BATCH = 1000;

/**
 * Do the files have what is to leave the database? All of the journal is read and judged as `acervo audit verify` does,
 * and every row of the months is held against its line.
 */
export class FilesCheck {
  readonly #sql: Sql;
  /** Rows by month that agree with their line, numbers, hashes and texts alike. */
  readonly #agreeing = new Map<string, number>();
  #lines: SealedLine[] = [];
  #finding: JournalFinding | undefined;
  #signedTo = 0;

  private constructor(sql: Sql, months: readonly MonthRow[]) {
    this.#sql = sql;
    for (const { month } of months) this.#agreeing.set(month, 0);
  }

  /** @param checkpoint  line of the last one that the database knows */
  static async of(
    { db, journalBlobs }: { db: Sql; journalBlobs: BlobStore },
    months: readonly MonthRow[],
    checkpoint: string | undefined,
  ): Promise<FilesCheck> {
    const mine = new FilesCheck(db, months);
    const check = await JournalCheck.begin({
      hash: sha256,
      sha256: sha256Text,
      checkpoints: checkpointLinesTo(journalBlobs, checkpoint),
      held: [],
      keys: [],
      tell: (finding) => {
        mine.#finding ??= finding;
      },
      line: (line) => mine.#take(line),
    });
    for await (const { text, file, number } of journalLines(journalBlobs)) {
      await check.take(text, `${file}:${number}`);
      if (mine.#lines.length >= BATCH) await mine.#flush();
    }
    await mine.#flush();
    mine.#signedTo = (await check.finish()).signedTo;
    return mine;
  }

  obstacleOf({ month, events, lastSeq }: MonthRow): Obstacle | undefined {
    if (this.#finding !== undefined) {
      const { code, what, detail } = this.#finding;
      return { month, code: 'damaged', detail: `${code} ${what}: ${detail}` };
    }
    const agreeing = this.#agreeing.get(month) ?? 0;
    if (agreeing < events) {
      return { month, code: 'damaged', detail: `the segments do not tell ${events - agreeing} of its events alike` };
    }
    if (lastSeq > this.#signedTo) {
      return { month, code: 'unsigned', detail: `signed up to ${this.#signedTo}, and its last event is ${lastSeq}` };
    }
    return undefined;
  }

  #take(line: SealedLine): void {
    if (this.#agreeing.has(monthOf((line.event as Envelope).id))) this.#lines.push(line);
  }

  async #flush(): Promise<void> {
    const lines = new Map(this.#lines.map((line) => [(line.event as Envelope).id, line]));
    this.#lines = [];
    if (lines.size === 0) return;
    for (const { id, seq, hash, event } of await numberedById(this.#sql, [...lines.keys()])) {
      const line = lines.get(id);
      if (line?.seq !== seq || line.hash !== hash || canonicalJson(line.event) !== event) continue;
      const month = monthOf(id);
      this.#agreeing.set(month, (this.#agreeing.get(month) ?? 0) + 1);
    }
  }
}
