import { canonicalJson } from '@acervo/kernel/canonical-json.ts';
import type { Finding } from '@acervo/kernel/pack/finding.ts';
import { type JournalLine, journalLines, sealHash } from '../../journal/segments.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { Db } from '../../ports/sql.ts';
import { type SealRow, sealsAfter } from './verify.repo.ts';

export type JournalFindingCode =
  | 'journal.altered'
  | 'journal.missing'
  | 'journal.foreign'
  | 'event.missing'
  | 'event.altered';
type JournalFinding = Finding<JournalFindingCode>;

const BATCH = 1000;

/**
 * Read the journal segments to their end and compare each line with its hash, the line before it, its number in the
 * index and its journal row.
 * @param lastSeq  the last number that the index had when this began; later lines are only chained
 * @returns lines read
 */
export async function verifyJournal(
  { db, journalBlobs }: { db: Db; journalBlobs: BlobStore },
  lastSeq: number,
  say: (finding: JournalFinding) => void,
): Promise<number> {
  const check = new JournalCheck(db, lastSeq, say);
  for await (const line of journalLines(journalBlobs)) await check.take(line);
  await check.finish();
  return check.lines;
}

class JournalCheck {
  lines = 0;
  readonly #db: Db;
  readonly #lastSeq: number;
  readonly #say: (finding: JournalFinding) => void;
  #seals: SealRow[] = [];
  /** Up to here seals were taken from the index. */
  #asked = 0;
  #expected = 1;
  #hash = '';

  constructor(db: Db, lastSeq: number, say: (finding: JournalFinding) => void) {
    this.#db = db;
    this.#lastSeq = lastSeq;
    this.#say = say;
  }

  async take({ line, file, number }: JournalLine): Promise<void> {
    this.lines += 1;
    const where = `${file}:${number}`;
    if (line === undefined)
      return this.#say({ code: 'journal.altered', what: where, detail: 'is no line of a journal' });
    const { seq, prev, hash, event } = line;
    if (hash !== sealHash(seq, prev, event)) {
      this.#say({ code: 'journal.altered', what: where, detail: `line ${seq} differs from its hash` });
    }
    if (seq < this.#expected) {
      return this.#say({ code: 'journal.foreign', what: where, detail: `line ${seq} was there before` });
    }
    if (seq > this.#expected) await this.#missUpTo(seq);
    else if (prev !== this.#hash)
      this.#say({ code: 'journal.altered', what: where, detail: `line ${seq} does not follow` });
    this.#expected = seq + 1;
    this.#hash = hash;
    const seal = await this.#sealOf(seq);
    if (seal !== undefined) this.#compare(seal, hash, canonicalJson(event), where);
  }

  async finish(): Promise<void> {
    await this.#missUpTo(this.#lastSeq + 1);
  }

  #compare(seal: SealRow, hash: string, event: string, where: string): void {
    if (seal.hash !== hash)
      this.#say({ code: 'journal.altered', what: where, detail: `number ${seal.seq} has another hash` });
    if (seal.event === null)
      this.#say({ code: 'event.missing', what: seal.id, detail: `number ${seal.seq} has no row` });
    else if (seal.event !== event)
      this.#say({ code: 'event.altered', what: seal.id, detail: `line ${seal.seq} tells another` });
  }

  async #missUpTo(seq: number): Promise<void> {
    if (seq <= this.#expected) return;
    const range = seq - 1 === this.#expected ? `${this.#expected}` : `${this.#expected} to ${seq - 1}`;
    this.#say({ code: 'journal.missing', what: range, detail: 'no line has this number' });
  }

  /** The index's word on a number, undefined beyond the snapshot. Numbers only ascend here. */
  async #sealOf(seq: number): Promise<SealRow | undefined> {
    if (seq > this.#lastSeq) return undefined;
    while (seq > this.#asked) {
      this.#seals = await sealsAfter(this.#db, this.#asked, this.#lastSeq, BATCH);
      this.#asked = this.#seals.length < BATCH ? this.#lastSeq : (this.#seals.at(-1)?.seq ?? this.#lastSeq);
    }
    const found = this.#seals.find((seal) => seal.seq === seq);
    if (found === undefined)
      this.#say({ code: 'journal.foreign', what: `${seq}`, detail: 'the index has no such number' });
    return found;
  }
}
