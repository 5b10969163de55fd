import { hexOf } from '../bytes.ts';
import { type CheckpointLine, checkedCheckpoints } from './check-checkpoints.ts';
import { type Checkpoint, checkpointHash } from './checkpoint.ts';
import { type JournalFinding, rangeText, type SayJournal } from './finding.ts';
import { isSignedByPrevious, type KeyChange, keyChangeOf } from './key-change.ts';
import { readLine, type SealedLine, type TextHash } from './line.ts';
import { Frontier, type Hash, leafOf } from './merkle.ts';

/** A checkpoint that was kept elsewhere than beside the journal, its own signature checked. */
export type HeldCheckpoint = {
  checkpoint: Checkpoint;
  /** Where from, for people. */
  name: string;
  /** Another institution's key signed it, too, one that the checker was given. */
  isWitnessed: boolean;
};

export type JournalCheckOptions = {
  hash: Hash;
  sha256: TextHash;
  checkpoints: AsyncIterable<CheckpointLine>;
  held: readonly HeldCheckpoint[];
  /** Public keys that are known to be the archive's. Without any, the first checkpoint's own is taken for it. */
  keys: readonly string[];
  tell(finding: JournalFinding): void;
  /** Hears of each line that agrees with its own hash. */
  line?(line: SealedLine): void;
};

export type JournalTotals = {
  lines: number;
  checkpoints: number;
  /** The last number before anything is wrong. */
  consistentTo: number;
  /** Up to here a checkpoint of the archive's own says so, and up to here one that was witnessed. */
  signedTo: number;
  witnessedTo: number;
  findings: number;
};

/** A line whose hash the next one has not confirmed yet. Undefined: it cannot be read. */
type Pending = { seq: number; hash: string | undefined };

/**
 * Judges a sealed journal: lines in the order of their files, checkpoints beside them, what was kept elsewhere. Lines
 * are taken one by one and are held only until the next one, since it knows what the hash of the one before was.
 */
export class JournalCheck {
  readonly #options: JournalCheckOptions;
  readonly #totals: JournalTotals = {
    lines: 0,
    checkpoints: 0,
    consistentTo: 0,
    signedTo: 0,
    witnessedTo: 0,
    findings: 0,
  };
  readonly #frontier: Frontier;
  readonly #held: HeldCheckpoint[];
  readonly #own: AsyncGenerator<Checkpoint>;
  #next: Checkpoint | undefined;
  /** Of the last checkpoint that was read. */
  #number = 0;
  #pending: Pending | undefined;
  /** The last line that is appended to the tree, or passed. */
  #at = { seq: 0, hash: '' };
  /** Hashes of lines are unknown: no root can be told any more, heads can. */
  #isTorn = false;
  #isRewritten = false;
  /** One that was kept elsewhere names `#next` as the one before it. */
  #isVouched = false;
  /** Up to here what was kept elsewhere agrees. */
  #heldTo = 0;
  #firstWrong: number | undefined;
  #cutAt = 0;
  #cutDetail = '';
  #key: string | undefined;
  readonly #strangers = new Set<string>();

  private constructor(options: JournalCheckOptions) {
    this.#options = options;
    this.#frontier = new Frontier(options.hash);
    this.#held = [...options.held].sort((a, b) => a.checkpoint.size - b.checkpoint.size);
    this.#own = checkedCheckpoints(options.checkpoints, options.sha256, this.#say);
  }

  static async begin(options: JournalCheckOptions): Promise<JournalCheck> {
    const check = new JournalCheck(options);
    await check.#advance();
    return check;
  }

  /**
   * @param where  file and line, for people
   * @returns what must be waited for before the next line, where there is something
   */
  take(text: string, where: string): Promise<void> | undefined {
    this.#totals.lines += 1;
    const read = readLine(text, this.#options.sha256);
    const expected = (this.#pending?.seq ?? this.#at.seq) + 1;
    const isLost = read === undefined || (read.wrong !== '' && read.line.seq !== expected);
    if (isLost) {
      this.#say('journal.altered', expected, `${where}: is no line of a journal`);
      return this.#follow({ seq: expected, hash: undefined }, undefined);
    }
    const { line, wrong } = read;
    const { seq, prev, hash } = line;
    if (wrong !== '') this.#say('journal.altered', seq, `${where}: ${wrong}`);
    if (seq < expected) {
      this.#say('journal.foreign', seq, `${where}: the number was there before`);
      return undefined;
    }
    if (wrong === '') this.#options.line?.(line);
    const change = wrong === '' ? keyChangeOf(line.event) : undefined;
    if (seq > expected) return this.#pass(expected, line).then(() => change && this.#change(seq, change));
    const isSound = wrong === '';
    const due = this.#follow({ seq, hash: isSound ? hash : undefined }, isSound ? prev : undefined);
    return change === undefined ? due : Promise.resolve(due).then(() => this.#change(seq, change));
  }

  /** Nothing follows: what is known elsewhere of later lines is missing here. */
  async finish(): Promise<JournalTotals> {
    if (this.#pending !== undefined) this.#append(this.#pending.seq, this.#pending.hash);
    this.#pending = undefined;
    await this.#compare();
    for (; this.#next !== undefined; await this.#advance())
      this.#endsBefore(this.#next, `checkpoint ${this.#next.number}`);
    for (const { checkpoint, name } of this.#held) this.#endsBefore(checkpoint, name);
    const highest = Math.max(0, ...this.#options.held.map(({ checkpoint }) => checkpoint.number));
    if (highest > this.#number) {
      this.#say('checkpoint.missing', rangeText(this.#number + 1, highest), 'kept elsewhere, and no more here');
    }
    if (this.#cutAt > 0) this.#say('journal.cut', this.#at.seq + 1, this.#cutDetail);
    const { seq } = this.#at;
    return { ...this.#totals, consistentTo: Math.min(seq, (this.#firstWrong ?? Infinity) - 1) };
  }

  readonly #say: SayJournal = (code, what, detail) => {
    this.#totals.findings += 1;
    if (code.startsWith('journal.')) {
      this.#firstWrong = Math.min(this.#firstWrong ?? Infinity, Number.parseInt(`${what}`, 10));
    }
    this.#options.tell({ code, what: `${what}`, detail });
  };

  /** The line behind the pending one. @param prev what it says of that one; undefined when it cannot be believed */
  #follow(line: Pending, prev: string | undefined): Promise<void> | undefined {
    const before = this.#pending;
    const told = before === undefined ? '' : before.hash;
    if (prev !== undefined && told !== undefined && prev !== told) {
      this.#say('journal.altered', Math.max(1, line.seq - 1), `line ${line.seq} knows another one before it`);
    }
    if (before !== undefined) this.#append(before.seq, prev ?? before.hash);
    this.#pending = line;
    return this.#isDue() ? this.#compare() : undefined;
  }

  /** Lines are missing: the hash of a single one is known from the line behind it. */
  async #pass(expected: number, { seq, prev, hash }: SealedLine): Promise<void> {
    this.#say('journal.missing', rangeText(expected, seq - 1), 'no line has this number');
    if (this.#pending !== undefined) this.#append(this.#pending.seq, this.#pending.hash);
    await this.#compare();
    this.#append(seq - 1, prev, seq - 1 > expected);
    await this.#compare();
    this.#pending = { seq, hash };
  }

  #append(seq: number, hash: string | undefined, isGap = false): void {
    if (hash === undefined || isGap) this.#isTorn = true;
    if (!this.#isTorn) this.#frontier.append(leafOf(this.#options.hash, hash as string));
    this.#at = { seq, hash: hash ?? '' };
  }

  #isDue(): boolean {
    const { seq } = this.#at;
    return seq >= Math.min(this.#next?.size ?? Infinity, this.#held[0]?.checkpoint.size ?? Infinity);
  }

  /** Hold what is read so far against the checkpoints that end here. */
  async #compare(): Promise<void> {
    const { seq } = this.#at;
    for (; this.#next !== undefined && this.#next.size <= seq; await this.#advance()) {
      const name = `checkpoint ${this.#next.number}`;
      if (this.#next.size !== seq || !this.#isOfKey(this.#next, name)) continue;
      if (!this.#agree(this.#next, name, this.#totals.signedTo)) continue;
      this.#totals.signedTo = seq;
      if (this.#isVouched) this.#heldTo = seq;
    }
    for (; (this.#held[0]?.checkpoint.size ?? Infinity) <= seq; this.#held.shift()) {
      const { checkpoint, name, isWitnessed } = this.#held[0] as HeldCheckpoint;
      if (checkpoint.size !== seq || !this.#isOfKey(checkpoint, name)) continue;
      if (!this.#agree(checkpoint, name, this.#heldTo)) continue;
      this.#heldTo = seq;
      if (isWitnessed) this.#totals.witnessedTo = seq;
    }
  }

  /** @param rightTo  up to here whoever says so has agreed before */
  #agree({ size, head, root }: Checkpoint, name: string, rightTo: number): boolean {
    if (this.#isRewritten || this.#at.hash === '') return false;
    const isSame = head === this.#at.hash && (this.#isTorn || root === hexOf(this.#frontier.root()));
    if (!isSame) {
      const detail = `one of ${rangeText(rightTo + 1, size)} is not what ${name} signed`;
      this.#say('journal.rewritten', rightTo + 1, detail);
    }
    this.#isRewritten = !isSame;
    return isSame;
  }

  #isOfKey({ key, number }: Checkpoint, name: string): boolean {
    if (this.#key === undefined) {
      this.#key = this.#options.keys.length === 0 || this.#options.keys.includes(key) ? key : this.#options.keys[0];
    }
    if (key === this.#key) return true;
    // Said once for each key, or every checkpoint of a stranger would be a finding.
    if (!this.#strangers.has(key)) this.#say('checkpoint.key', number, `${name} is signed by ${key}`);
    this.#strangers.add(key);
    return false;
  }

  async #change(seq: number, change: KeyChange): Promise<void> {
    this.#key ??= change.previous;
    if (this.#key === change.previous && (await isSignedByPrevious(change))) {
      this.#key = change.key;
      return;
    }
    const isKnown = this.#options.keys.includes(change.key);
    if (!isKnown) this.#say('key.replaced', seq, `by ${change.key}, without a signature of ${change.previous}`);
    this.#key = change.key;
  }

  async #advance(): Promise<void> {
    const { done, value } = await this.#own.next();
    this.#next = done === true ? undefined : value;
    if (this.#next === undefined) return;
    this.#totals.checkpoints += 1;
    const { number } = this.#next;
    this.#number = number;
    const { held: all, sha256 } = this.#options;
    const hash = checkpointHash(this.#next, sha256);
    this.#isVouched = all.some(({ checkpoint }) => checkpoint.previous === hash);
    const held = all.find(({ checkpoint }) => checkpoint.number === number);
    if (held === undefined || checkpointHash(held.checkpoint, sha256) === hash) return;
    this.#say('checkpoint.altered', number, `differs from the one of ${held.name}`);
  }

  #endsBefore({ size }: Checkpoint, name: string): void {
    if (size <= this.#cutAt || size <= this.#at.seq) return;
    this.#cutAt = size;
    this.#cutDetail = `${name} knows ${size} lines`;
  }
}
