import { sameContent } from '@acervo/dicom/data-set/compare.ts';
import type { RandomAccess } from '@acervo/dicom/data-set/read.ts';
import { findTransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { segmentPath } from '@acervo/kernel/pack/record.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { Op } from '../ports/op.ts';
import { FactsMemory } from './facts-memory.ts';
import { findLocation } from './find.repo.ts';
import { type Decision, Gatherer, groupOf, type Item, type Verdict, verdictOf } from './gather.ts';
import { findVersions, type HeldVersion } from './index.repo.ts';
import { type Incoming, Intake, type Uids } from './intake.ts';
import { instanceKeyOf } from './keys.ts';
import type { Marks } from './marks.ts';
import { sha256Hex } from './pack/member.ts';
import type { PackSet } from './pack/pack-set.ts';
import type { Segment } from './pack/segment.ts';
import { answerable, type Projector } from './projector.ts';
import { readDeflatedHeader } from './read-header.ts';
import { memorySource, rangeSource } from './source.ts';

export type StoreLimits = {
  /** Larger objects are streamed into a segment of their own, bytes. */
  smallBytesMax: number;
  objectBytesMax: number;
  groupBytesMax: number;
};

/** What became of an object: durable and visible in every case. */
/** `bytes` are those of the file as it lies in the packs. */
export type Receipt = Verdict & { uids: Uids; marks: Marks; bytes: number };

/** Says whether anything may be written now. */
export type Gate = { /** @throws {Failure} store/out-of-space */ check(): void };

export type StorePorts = {
  blobs: BlobStore;
  packs: PackSet;
  projector: Projector;
  gate: Gate;
  limits: StoreLimits;
};

/** The only door by which bytes enter the archive: C-STORE, STOW-RS, import and results all call `store`. */
export class Store {
  readonly #ports: StorePorts;
  readonly #gatherer: Gatherer;
  readonly #facts = new FactsMemory();
  readonly #busy = new Map<string, Promise<unknown>>();
  #receiving = 0;
  #lastMs = Date.now();

  constructor(ports: StorePorts) {
    this.#ports = ports;
    this.#gatherer = new Gatherer(ports.packs, ports.projector, ports.limits);
  }

  /**
   * Make one object durable, indexed and announced. When it resolves, the sender may delete its copy; when it
   * rejects, nothing of the object will ever be visible, except for `store/answer-lost`, where nobody knows.
   */
  async store(op: Op, incoming: Incoming): Promise<Receipt> {
    op.allow('store', op.institution);
    this.checkGate();
    const receiving = new Receiving(op, incoming, this.#ports, this.#facts);
    this.#receiving += 1;
    try {
      await receiving.receive();
      const object = await receiving.finish();
      return await this.#alone(op, object.uids, async () => {
        const verdict = await (receiving.segment === undefined
          ? this.#gatherer.submit(object.item)
          : this.#commitStreamed(receiving, object.item));
        return { ...verdict, uids: object.uids, marks: object.item.index.marks, bytes: object.item.facts.length };
      });
    } finally {
      this.#receiving -= 1;
      this.#lastMs = Date.now();
      await receiving.discard();
    }
  }

  /** @throws {Failure} store/out-of-space when nothing may be written now */
  checkGate(): void {
    this.#ports.gate.check();
    this.#ports.projector.check();
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#busy.values());
    await this.#gatherer.idle();
  }

  /** Do something only if nothing has been stored for so long and nothing is being stored now. */
  async whenIdleFor(idleMs: number, work: () => Promise<void>): Promise<void> {
    if (this.#receiving > 0 || Date.now() - this.#lastMs < idleMs) return;
    await work();
  }

  /** Objects with the same UIDs one after the other: the second must see the first. */
  async #alone<T>(op: Op, uids: Uids, work: () => Promise<T>): Promise<T> {
    const key = `${op.institution} ${uids.study} ${uids.series} ${uids.sop}`;
    const before = this.#busy.get(key);
    const mine = (before ?? Promise.resolve()).then(work, work);
    this.#busy.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#busy.get(key) === mine) this.#busy.delete(key);
    }
  }

  async #commitStreamed(receiving: Receiving, item: Item): Promise<Verdict> {
    const { projector, packs } = this.#ports;
    const { facts } = item;
    const key = instanceKeyOf(facts.context.institution, facts);
    const held = await projector.patiently(() => findVersions(projector.db, [key]));
    const verdict = verdictOf(item, held) ?? (await item.decide(held));
    if (verdict.kind === 'resent' || verdict.kind === 'reencoded') {
      // The streamed copy is cut by discard(); the fact goes into a gathered group, without bytes.
      const decision: Decision = { kind: 'reencoded', version: verdict.version };
      return this.#gatherer.submit(verdict.kind === 'reencoded' ? { ...item, decision } : item);
    }
    const { group, facts: index } = groupOf([{ item, verdict }]);
    const [member] = group.members;
    if (member === undefined) throw new Error('a stored object is a member');
    const committed = await packs.commitStream(receiving.takeSegment(), member, group);
    await answerable(projector.project(committed, index));
    return verdict;
  }
}

/** An object whose header does not end within so many bytes is not gathered in memory: it holds some large value. */
const HEADER_BYTES_MAX = 16 * 2 ** 20;

/** One object on its way in: gathered in memory while it is small, streamed into a segment when it is not. */
class Receiving {
  readonly #op: Op;
  readonly #incoming: Incoming;
  readonly #ports: StorePorts;
  readonly #facts: FactsMemory;
  readonly #intake: Intake;
  readonly #received = new Date().toISOString();
  #pieces: Uint8Array[] = [];
  #checked = false;
  #stream: { segment: Segment; at: number; head: Uint8Array; marks: Marks } | undefined;
  #taken = false;

  constructor(op: Op, incoming: Incoming, ports: StorePorts, facts: FactsMemory) {
    this.#facts = facts;
    this.#op = op;
    this.#incoming = incoming;
    this.#ports = ports;
    this.#intake = new Intake(incoming);
  }

  get segment(): Segment | undefined {
    return this.#stream?.segment;
  }

  /** The segment goes to the caller, who commits it; discard() leaves it alone from then on. */
  takeSegment(): Segment {
    if (this.#stream === undefined) throw new Error('nothing was streamed');
    this.#taken = true;
    return this.#stream.segment;
  }

  /** Take in the whole body. @throws {Failure} as soon as the object cannot be stored */
  async receive(): Promise<void> {
    for await (const chunk of this.#incoming.body) {
      const part = this.#intake.take(chunk);
      if (part === undefined) continue;
      if (this.#intake.dataSetBytes > this.#ports.limits.objectBytesMax) {
        throw new Failure('store/too-large', `more than ${this.#ports.limits.objectBytesMax} bytes`);
      }
      this.#checkEarly();
      await this.#keep(part);
    }
    const before = this.#intake.dataSetBytes;
    const rest = this.#intake.end();
    if (rest !== undefined && this.#intake.dataSetBytes > before) await this.#keep(rest);
    if (this.#intake.dataSetBytes === 0) throw new Failure('store/not-a-dataset', 'an empty data set');
  }

  /** What identifies the object and everything the index needs. */
  async finish(): Promise<{ uids: Uids; item: Item }> {
    const source = this.#source();
    const header = this.#intake.header() ?? (await readDeflatedHeader(source, this.#intake.syntax));
    const uids = this.#intake.uids(header);
    const { head, marks } = this.#stream ?? this.#intake.headFor(uids);
    const context = contextOf(this.#op);
    const index = this.#facts.of(header.dataSet, context, uids.series);
    const allMarks = index.marks | header.marks | marks;
    const facts: Item['facts'] = {
      length: head.length + this.#intake.dataSetBytes,
      head: head.length,
      sha256: this.#intake.dataSetSha256(),
      headSha256: sha256Hex(head),
      transferSyntax: this.#intake.syntax.uid,
      sopClass: uids.sopClass,
      study: uids.study,
      series: uids.series,
      sop: uids.sop,
      received: this.#received,
      rewritten: marks !== 0,
      context,
    };
    const item: Item = {
      op: this.#op,
      facts,
      pieces: [head, ...this.#pieces],
      index: { ...index, marks: allMarks, study: { ...index.study, marks: index.study.marks | allMarks } },
      decide: (held) => this.#decide(held, source, uids),
    };
    return { uids, item };
  }

  /** Give an uncommitted segment back, its tail cut. */
  async discard(): Promise<void> {
    if (this.#stream !== undefined && !this.#taken) await this.#ports.packs.cutStream(this.#stream.segment);
  }

  /** A header that cannot be stored is refused before gigabytes of pixels are taken in. */
  #checkEarly(): void {
    if (this.#checked || !this.#intake.headerDone) return;
    const header = this.#intake.header();
    if (header !== undefined) this.#intake.uids(header);
    this.#checked = true;
  }

  async #keep(part: Uint8Array): Promise<void> {
    if (this.#stream !== undefined) {
      await this.#stream.segment.appendStream([part]);
      return;
    }
    this.#pieces.push(part);
    if (this.#intake.dataSetBytes > this.#ports.limits.smallBytesMax && this.#canStream()) await this.#beginStream();
  }

  /**
   * The head comes first in the file, so it must be known: from the header, or, where that is deflated or does not
   * end, from the head that came.
   */
  #canStream(): boolean {
    return this.#checked || this.#intake.syntax.deflated || this.#intake.dataSetBytes > HEADER_BYTES_MAX;
  }

  async #beginStream(): Promise<void> {
    const header = this.#checked ? this.#intake.header() : undefined;
    const { head, marks } =
      header === undefined ? this.#intake.ownHead() : this.#intake.headFor(this.#intake.uids(header));
    const segment = await this.#ports.packs.openStream();
    this.#stream = { segment, at: segment.streamAt, head, marks };
    await segment.appendStream([head, ...this.#pieces]);
    this.#pieces = [];
  }

  /** The data set as it lies in memory or, uncommitted, in its segment. */
  #source(): RandomAccess {
    if (this.#stream === undefined) return memorySource(this.#pieces);
    const { segment, at, head } = this.#stream;
    const { blobs } = this.#ports;
    return lazySource(blobs, segment.number, at + head.length, this.#intake.dataSetBytes);
  }

  async #decide(held: readonly HeldVersion[], mine: RandomAccess, uids: Uids): Promise<Decision> {
    const { blobs, projector } = this.#ports;
    for (const version of held) {
      const syntax = findTransferSyntax(version.transferSyntax);
      const location = await findLocation(
        projector.db,
        { institution: this.#op.institution, ...uids },
        version.version,
      );
      if (syntax === undefined || location === undefined) continue;
      const theirs = lazySource(blobs, location.segment, location.dataSetAt, location.dataSetBytes);
      const [a, b] = [
        { source: mine, syntax: this.#intake.syntax },
        { source: theirs, syntax },
      ];
      if (await sameContent(a, b)) return { kind: 'reencoded', version: version.version };
    }
    return { kind: 'version', version: 1 + Math.max(...held.map(({ version }) => version)) };
  }
}

/** Opens the segment for each reading: comparing is rare, and nothing must be left open. */
function lazySource(blobs: BlobStore, segment: number, at: number, length: number): RandomAccess {
  return {
    length,
    async read(offset, wanted) {
      const reader = await blobs.open(segmentPath(segment));
      return rangeSource(reader, at, length)
        .read(offset, wanted)
        .finally(() => reader.close());
    },
  };
}

const contextOf = (op: Op): Item['facts']['context'] => ({
  institution: op.institution,
  system: op.system,
  door: op.door,
  issuer: op.issuer,
  charset: op.charsetDefault ?? '',
  actor: { kind: op.actor.kind, id: op.actor.id },
  op: op.id,
});
