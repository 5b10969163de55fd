import type { RecordContext } from '@acervo/kernel/pack/record.ts';
import { type Envelope, type EventKind, envelopeOf } from '../journal/event.ts';
import type { Op } from '../ports/op.ts';
import { findVersions, type HeldVersion } from './index.repo.ts';
import type { IndexFacts } from './index-facts.ts';
import { type InstanceKey, instanceKeyOf, instanceKeyText } from './keys.ts';
import type { Group, GroupEvent, GroupMember, MemberFacts } from './pack/member.ts';
import type { PackSet } from './pack/pack-set.ts';
import { answerable, type Projector } from './projector.ts';
import { SharedQuestion } from './shared-question.ts';

/** A whole object, ready to be stored: its bytes in memory. */
export type Item = {
  op: Op;
  facts: Omit<MemberFacts, 'version'>;
  pieces: readonly Uint8Array[];
  index: IndexFacts;
  /** What to do if the index holds other bytes under these UIDs; asked at most once. */
  decide(held: readonly HeldVersion[]): Promise<Decision>;
  /** The answer of `decide`, once it was asked. */
  decision?: Decision;
};

/** Other bytes under the same UIDs: the same content in another encoding, or a further version. */
export type Decision = { kind: 'reencoded'; version: number } | { kind: 'version'; version: number };

export type Verdict = { kind: 'stored' | 'resent' | 'reencoded' | 'version'; version: number };

type Waiting = {
  item: Item;
  held: readonly HeldVersion[];
  resolve(verdict: Verdict): void;
  reject(thrown: unknown): void;
};

export type GatherLimits = { groupBytesMax: number };
const GROUP_MEMBERS_MAX = 1000;
/** Groups that are durable but not projected yet: more would only hide a slow database. */
const PROJECTIONS_MAX = 4;
const BREATH_MS = 100;

/**
 * Gathers small objects of all associations into groups: while one group is being written, the next ones
 * wait, and then share one fdatasync. Groups are projected in order while the next is written.
 */
export class Gatherer {
  readonly #packs: PackSet;
  readonly #projector: Projector;
  readonly #limits: GatherLimits;
  readonly #held: SharedQuestion<InstanceKey, HeldVersion[]>;
  #queue: Waiting[] = [];
  #running: Promise<void> | undefined;
  #projections: Promise<unknown>[] = [];

  constructor(packs: PackSet, projector: Projector, limits: GatherLimits) {
    this.#packs = packs;
    this.#projector = projector;
    this.#limits = limits;
    this.#held = new SharedQuestion((keys) => heldUnder(projector, keys), GROUP_MEMBERS_MAX);
  }

  /** Resolves when the object is durable and visible, or known to be held already. */
  async submit(item: Item): Promise<Verdict> {
    const held = await this.#held.of(instanceKeyOf(item.facts.context.institution, item.facts));
    return new Promise((resolve, reject) => {
      this.#queue.push({ item, held, resolve, reject });
      this.#running ??= this.#run().finally(() => {
        this.#running = undefined;
      });
    });
  }

  /** Resolves when nothing is being written or projected. */
  async idle(): Promise<void> {
    while (this.#running !== undefined || this.#projections.length > 0) {
      await this.#running;
      await Promise.allSettled(this.#projections);
    }
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#takeBatch();
      try {
        await this.#process(batch);
      } catch (thrown) {
        for (const waiting of batch) waiting.reject(thrown);
      }
      while (this.#projections.length >= PROJECTIONS_MAX && !this.#projector.isSpaceless) await this.#breathe();
    }
  }

  /** Wait for one of the projections, but not for long: meanwhile it may turn out that there is no space for them. */
  async #breathe(): Promise<void> {
    const timer = Promise.withResolvers<void>();
    const timeout = setTimeout(timer.resolve, BREATH_MS);
    await Promise.race([timer.promise, ...this.#projections]).catch(() => undefined); // Its senders are told.
    clearTimeout(timeout);
  }

  #takeBatch(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { item } of this.#queue) {
      bytes += item.facts.length;
      if (count > 0 && (bytes > this.#limits.groupBytesMax || count >= GROUP_MEMBERS_MAX)) break;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  async #process(batch: readonly Waiting[]): Promise<void> {
    this.#projector.check();
    const plans: { waiting: Waiting; verdict: Verdict }[] = [];
    for (const waiting of batch) {
      const verdict = verdictOf(waiting.item, waiting.held);
      if (verdict === undefined) this.#decideLater(waiting);
      else plans.push({ waiting, verdict });
    }
    if (plans.length === 0) return;
    const { group, facts } = groupOf(plans.map(({ waiting, verdict }) => ({ item: waiting.item, verdict })));
    const committed = await this.#packs.commit(group).catch((thrown: unknown) => {
      for (const { waiting } of plans) waiting.reject(thrown);
      return undefined;
    });
    if (committed === undefined) return;
    const projection = this.#projector.project(committed, facts);
    answerable(projection).then(
      () => {
        for (const { waiting, verdict } of plans) waiting.resolve(verdict);
      },
      (thrown: unknown) => {
        for (const { waiting } of plans) waiting.reject(thrown);
      },
    );
    this.#projections.push(projection);
    const forget = (): unknown => this.#projections.splice(this.#projections.indexOf(projection), 1);
    projection.then(forget, forget);
  }

  /** Comparing contents reads the held ones: it must not hold up the others. */
  #decideLater(waiting: Waiting): void {
    waiting.item
      .decide(waiting.held)
      .then(
        (decision) => this.submit({ ...waiting.item, decision }).then(waiting.resolve, waiting.reject),
        waiting.reject,
      );
  }
}

async function heldUnder(projector: Projector, keys: readonly InstanceKey[]): Promise<HeldVersion[][]> {
  const rows = await projector.patiently(() => findVersions(projector.db, keys));
  const byKey = Map.groupBy(rows, instanceKeyText);
  return keys.map((key) => byKey.get(instanceKeyText(key)) ?? []);
}

/** What is to be done with an object, or undefined when contents must be compared first. */
export function verdictOf(item: Pick<Item, 'facts' | 'decision'>, held: readonly HeldVersion[]): Verdict | undefined {
  if (held.length === 0) return { kind: 'stored', version: 0 };
  const { sha256, transferSyntax } = item.facts;
  const same = held.find((version) => version.digest === sha256 && version.transferSyntax === transferSyntax);
  if (same !== undefined) return { kind: 'resent', version: same.version };
  return item.decision;
}

type Plan = { item: Pick<Item, 'op' | 'facts' | 'pieces' | 'index'>; verdict: Verdict };

/** The group that carries out the plans: members for what is stored, events for everything. */
export function groupOf(plans: readonly Plan[]): { group: Group; facts: IndexFacts[] } {
  const members: GroupMember[] = [];
  const facts: IndexFacts[] = [];
  const events = new Map<string, GroupEvent & { members: number[] }>();
  for (const { item, verdict } of plans) {
    const key = `${verdict.kind} ${senderOf(item.facts.context)} ${item.facts.study}`;
    const isMember = verdict.kind === 'stored' || verdict.kind === 'version';
    const event = (isMember ? events.get(key) : undefined) ?? { envelope: announce(item, verdict), members: [] };
    if (isMember) {
      event.members.push(members.length);
      members.push({ facts: { ...item.facts, version: verdict.version }, pieces: item.pieces });
      facts.push(item.index);
    }
    events.set(isMember ? key : `${key} ${item.facts.series} ${item.facts.sop}`, event);
  }
  return { group: { members, events: [...events.values()] }, facts };
}

const KINDS: Record<Verdict['kind'], EventKind> = {
  stored: 'instance.stored',
  resent: 'instance.resent',
  reencoded: 'instance.resent',
  version: 'instance.conflicted',
};

function announce({ op, facts }: Plan['item'], verdict: Verdict): Envelope {
  const subject = {
    institution: facts.context.institution,
    study: facts.study,
    outcome: verdict.kind === 'version' ? ('warning' as const) : ('success' as const),
  };
  const base = { system: facts.context.system };
  if (verdict.kind === 'stored' || verdict.kind === 'version')
    return envelopeOf(op, KINDS[verdict.kind], subject, base);
  const held = { count: 1, instances: { [facts.series]: [facts.sop] }, version: verdict.version };
  return envelopeOf(op, KINDS[verdict.kind], subject, { ...base, ...held, reencoded: verdict.kind === 'reencoded' });
}

const senderOf = ({ institution, system, door, actor }: RecordContext): string =>
  `${institution} ${system} ${door} ${actor.kind} ${actor.id}`;
