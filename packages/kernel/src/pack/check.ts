import { checkGroup, type Group } from './check-group.ts';
import { type Checked, type CheckOptions, type Finding, finding } from './finding.ts';
import { type CommitRecord, segmentName } from './record.ts';
import { BLOCK_BYTES } from './tar.ts';
import { HOLE, type SegmentBytes, type Walked, walkSegment } from './walk.ts';

/** Members that may wait for their record; a group has at most a thousand. */
const PENDING_MAX = 20_000;
/** Missing numbers that are named one by one. */
const MISSING_MAX = 1000;

/**
 * Judge a segment by its own records (decision record 0004). Streaming: one group is held at a time. A segment
 * without a sealing record is open: what follows its last record is nobody's, and is only counted.
 */
export async function* checkSegment(bytes: SegmentBytes, options: CheckOptions): AsyncGenerator<Checked> {
  const reading = new Reading(options);
  for await (const walked of walkSegment(bytes, options.newSha256)) {
    if (walked.kind !== 'record') {
      reading.keep(walked);
      continue;
    }
    yield* reading.take(walked, bytes);
    if (reading.sealed) break;
  }
  yield* reading.finish(bytes);
}

type WalkedRecord = Extract<Walked, { kind: 'record' }>;

class Reading {
  sealed = false;
  readonly #options: CheckOptions;
  #group: Group = { entries: [], gaps: [], shift: 0 };
  #overflow = 0;
  #expected = 0;
  #chain = '';
  /** The chain before the next record is not known: its number was skipped. */
  #isTorn = false;
  #writer: string | undefined;
  /** Behind a hole: what is read may be the inside of an object that a crash cut, made to look like a segment. */
  #isAdrift = false;
  #end = 0;

  constructor(options: CheckOptions) {
    this.#options = options;
  }

  keep(walked: Exclude<Walked, WalkedRecord>): void {
    const { entries, gaps } = this.#group;
    if (entries.length + gaps.length >= PENDING_MAX) this.#overflow += 1;
    else if (walked.kind === 'member') entries.push(walked);
    else gaps.push(walked);
    if (walked.kind === 'gap' && walked.reason === HOLE) this.#isAdrift = true;
  }

  async *take(walked: WalkedRecord, bytes: SegmentBytes): AsyncGenerator<Checked> {
    if (this.#overflow > 0) yield finding('member.foreign', this.#name(), `${this.#overflow} more in one group`);
    const { record } = walked;
    if (record === undefined) {
      yield* this.#passOver(walked);
    } else {
      const wrong = this.#wrongWith(record);
      if (wrong !== undefined) yield wrong;
      if (wrong?.code === 'record.foreign') {
        yield* this.#disown();
        return;
      }
      for (let number = this.#expected; number < Math.min(record.record, this.#expected + MISSING_MAX); number++) {
        yield finding('record.missing', this.#name(number), `the next one is ${record.record}`);
      }
      yield* checkGroup(bytes, walked, record, this.#group, this.#options);
      this.#accept(record.record, walked);
      this.#isTorn = false;
      this.#writer = record.writer;
      this.sealed = record.sealed;
      yield { kind: 'group', record, end: walked.next, chain: walked.digest };
    }
    this.#group = { entries: [], gaps: [], shift: this.#group.shift };
    this.#overflow = 0;
  }

  async *finish(bytes: SegmentBytes): AsyncGenerator<Checked> {
    const { segment } = this.#options;
    const tailBytes = bytes.size - this.#end;
    if (this.sealed) {
      const trailer = await bytes.read(this.#end, 2 * BLOCK_BYTES);
      if (tailBytes < 2 * BLOCK_BYTES)
        yield finding('segment.cut', segmentName(segment), 'the end of the archive is cut');
      if (tailBytes > 2 * BLOCK_BYTES || trailer.some((byte) => byte !== 0)) {
        yield finding('segment.trailing', segmentName(segment), `${tailBytes} bytes behind the sealing record`);
      }
    }
    yield { kind: 'end', end: this.#end, records: this.#expected, chain: this.#chain, sealed: this.sealed, tailBytes };
  }

  /** A record whose content is lost still says its number and its hash: the chain goes on behind it. */
  *#passOver(walked: WalkedRecord): Generator<Checked> {
    const [, segment = '', number = ''] = /^\.acervo\/(\d{8})\/(\d{6,})-/.exec(walked.path) ?? [];
    const isOurs = Number(segment) === this.#options.segment && number !== '' && Number(number) >= this.#expected;
    if (!isOurs || this.#isAdrift) {
      yield finding('record.foreign', walked.path, `at ${walked.start}: ${walked.reason}`);
      return;
    }
    yield finding('record.altered', this.#name(Number(number)), `${walked.reason}; its group cannot be checked`);
    this.#accept(Number(number), walked);
  }

  #accept(number: number, walked: WalkedRecord): void {
    this.#isTorn = number !== this.#expected;
    this.#isAdrift = false;
    this.#expected = number + 1;
    this.#chain = walked.digest;
    this.#end = walked.next;
  }

  /**
   * Behind damage, a record is believed when it is chained or of the writer before it: bytes inside of an object may
   * look like a record, but nobody outside knows either.
   */
  #wrongWith(record: CommitRecord): ({ kind: 'finding' } & Finding) | undefined {
    const name = `${segmentName(record.segment)}/${record.record}`;
    const foreign = (why: string): { kind: 'finding' } & Finding => finding('record.foreign', name, why);
    if (record.segment !== this.#options.segment) return foreign(`stands in ${this.#name()}`);
    if (record.record < this.#expected) return foreign('its number was there before');
    const isChained = record.record === this.#expected && record.previous === this.#chain;
    if (isChained && (this.#chain !== '' || !this.#isAdrift)) return undefined;
    const isKnown = this.#writer === undefined ? !this.#isAdrift : this.#writer === record.writer;
    if (!isKnown) return foreign('does not follow the record before, and another wrote it');
    if (record.record > this.#expected || this.#isTorn || isChained) return undefined;
    return finding('record.altered', this.#name(Math.max(0, record.record - 1)), 'the next record knows another one');
  }

  /** What stood before a foreign record is as foreign. */
  *#disown(): Generator<Checked> {
    for (const entry of this.#group.entries) yield finding('member.foreign', entry.path, `at ${entry.start}`);
    this.#group = { entries: [], gaps: [], shift: this.#group.shift };
    this.#overflow = 0;
  }

  #name(record?: number): string {
    const name = segmentName(this.#options.segment);
    return record === undefined ? name : `${name}/${record}`;
  }
}
