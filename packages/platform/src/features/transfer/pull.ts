import { setTimeout as pause } from 'node:timers/promises';
import { FAILURES, type FailureCode, toFailure } from '@acervo/kernel/failure.ts';
import { findStudies, type HeldSeries, listSeries, pageInstances } from '../../holdings/find.repo.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import type { Op } from '../../ports/op.ts';
import type { ImportLedger } from '../../ports/source-file.ts';
import type { Address } from '../../ports/systems.ts';
import {
  FIND_CONTEXT,
  findInstancesAt,
  findStudiesAt,
  type Keys,
  type RemoteInstance,
  type RemoteStudy,
} from './find.scu.ts';
import { type Hours, whenOpen } from './hours.ts';
import { type RetrievePorts, retrieveFrom, type Wanted } from './retrieve.scu.ts';

/** What a study is after it was pulled, held against the source: the UIDs of its instances, one by one. */
export type StudyPulled = {
  study: string;
  /** `before`: a former run has found it complete, and the source tells the same number of instances still. */
  outcome: 'complete' | 'incomplete' | 'before' | 'failed';
  /** Instances at the source. */
  expected: number;
  /** Of these, how many were here already. */
  here: number;
  missing: readonly string[];
  /** Held here and not at the source. */
  extra: readonly string[];
  /** What the source answered at last, where that was no success; why it failed. */
  reason?: string;
  code?: FailureCode;
};

export type PullSummary = Record<StudyPulled['outcome'], number> & {
  instances: number;
  missing: number;
  extra: number;
  seconds: number;
};

export type PullOptions = {
  /** Each is a question for studies of its own. */
  wanted: readonly Keys[];
  /** Studies at a time, each on associations of its own. */
  associations: number;
  /** Most instances in a second, as a mean over a study; undefined: as fast as it goes. */
  rate: number | undefined;
  hours: Hours | undefined;
};

type Ports = RetrievePorts & {
  holdings: Pick<Holdings, 'db'>;
  ledger: ImportLedger;
  tell(pulled: StudyPulled): void;
};

/** What is missing after one retrieval is asked for again as long as it brings something. */
const RETRIEVALS_MAX = 8;
const PAGE_MAX = 10_000;

/**
 * Bring studies of another archive here, and hold each against the source. Run again, it takes what is missing.
 * @throws {Failure} ul/*, dimse/no-context, query/invalid when the source cannot be asked for its studies
 */
export async function pullStudies(ports: Ports, op: Op, source: Address, options: PullOptions): Promise<PullSummary> {
  op.allow('store', op.institution);
  const began = performance.now();
  const summary: PullSummary = {
    complete: 0,
    incomplete: 0,
    before: 0,
    failed: 0,
    instances: 0,
    missing: 0,
    extra: 0,
    seconds: 0,
  };
  const queue = (await studiesAt(ports, op, source, options)).values();
  const work = async (): Promise<void> => {
    for (const study of queue) {
      await whenOpen(options.hours, op.signal);
      const pulled = await pullStudy(ports, op, source, study, options.rate);
      op.signal.throwIfAborted();
      summary[pulled.outcome] += 1;
      summary.instances += pulled.expected - pulled.missing.length - pulled.here;
      summary.missing += pulled.missing.length;
      summary.extra += pulled.extra.length;
      ports.tell(pulled);
    }
  };
  await Promise.all(Array.from({ length: options.associations }, work));
  return { ...summary, seconds: Math.round(performance.now() - began) / 1000 };
}

async function studiesAt(
  { associate }: Ports,
  { signal }: Op,
  source: Address,
  { wanted, hours }: PullOptions,
): Promise<RemoteStudy[]> {
  await whenOpen(hours, signal);
  const association = await associate(source, { contexts: [FIND_CONTEXT], signal });
  const studies = new Map<string, RemoteStudy>();
  try {
    for (const keys of wanted) {
      for await (const study of findStudiesAt(association, keys)) studies.set(study.study, study);
    }
    await association.release();
  } catch (thrown) {
    await association.abort();
    throw thrown;
  }
  return [...studies.values()];
}

async function pullStudy(
  ports: Ports,
  op: Op,
  source: Address,
  { study, instances }: RemoteStudy,
  rate: number | undefined,
): Promise<StudyPulled> {
  const entry = { name: study, sizeBytes: instances ?? 0, stamp: source.aeTitle };
  if (instances !== undefined && ports.ledger.has(entry)) {
    return { study, outcome: 'before', expected: instances, here: instances, missing: [], extra: [] };
  }
  try {
    const expected = await instancesAt(ports, op, source, study);
    const pulled = await completed(ports, op, source, { study, expected, rate });
    if (pulled.outcome === 'complete') ports.ledger.add(entry);
    return pulled;
  } catch (thrown) {
    const { code, detail } = toFailure(thrown);
    op.log.warn('pull.failed', { op: op.id, source: source.aeTitle, code, detail });
    const reason = FAILURES[code].title;
    return { study, outcome: 'failed', expected: 0, here: 0, missing: [], extra: [], reason, code };
  }
}

async function instancesAt(
  { associate }: Ports,
  { signal }: Op,
  source: Address,
  study: string,
): Promise<RemoteInstance[]> {
  const association = await associate(source, { contexts: [FIND_CONTEXT], signal });
  try {
    const found = await Array.fromAsync(findInstancesAt(association, study));
    await association.release();
    return found;
  } catch (thrown) {
    await association.abort();
    throw thrown;
  }
}

type Expected = { study: string; expected: readonly RemoteInstance[]; rate: number | undefined };

/** Retrieve until nothing is missing or nothing more comes; then say what is here. */
async function completed(
  ports: Ports,
  op: Op,
  source: Address,
  { study, expected, rate }: Expected,
): Promise<StudyPulled> {
  let held = await heldHere(ports, study);
  const missingOf = (): RemoteInstance[] => expected.filter(({ sop }) => !held.has(sop));
  let missing = missingOf();
  const here = expected.length - missing.length;
  let reason: string | undefined;
  let inVain = 0;
  for (let turn = 0; missing.length > 0 && turn < RETRIEVALS_MAX; turn++) {
    const began = performance.now();
    const isAll = missing.length === expected.length;
    const answer = await retrieved(ports, source, { study, missing, isAll, turn }, op);
    reason = answer.reason;
    held = await heldHere(ports, study);
    const still = missingOf();
    const came = missing.length - still.length;
    missing = still;
    await keepRate(came, performance.now() - began, rate, op.signal);
    inVain = came === 0 ? inVain + 1 : 0;
    if (inVain >= answer.turns) break;
  }
  const known = new Set(expected.map(({ sop }) => sop));
  const isComplete = missing.length === 0;
  return {
    study,
    outcome: isComplete ? 'complete' : 'incomplete',
    expected: known.size,
    here,
    missing: missing.map(({ sop }) => sop),
    extra: [...held].filter((sop) => !known.has(sop)),
    ...(!isComplete && reason !== undefined && { reason }),
  };
}

type Answer = {
  /** What the source said against it: what came of it is looked up here. */
  reason: string | undefined;
  turns: number;
};

async function retrieved(ports: Ports, source: Address, wanted: Wanted, op: Op): Promise<Answer> {
  try {
    const { status, failed, turns } = await retrieveFrom(ports, source, wanted, op.signal);
    if (status === 0) return { reason: undefined, turns };
    const text = `0x${status.toString(16).toUpperCase().padStart(4, '0')}`;
    return { reason: `the source answers ${text}, ${failed} failed`, turns };
  } catch (thrown) {
    if (op.signal.aborted) throw thrown;
    const { code, detail } = toFailure(thrown);
    op.log.warn('pull.interrupted', { op: op.id, source: source.aeTitle, code, detail });
    return { reason: FAILURES[code].title, turns: 1 };
  }
}

/** SOP Instance UIDs that are held of a study, whichever institution's. */
async function heldHere({ holdings: { db } }: Ports, studyUid: string): Promise<Set<string>> {
  const uids = new Set<string>();
  for (const { held } of await findStudies(db, studyUid)) {
    const series = held === undefined ? [] : await listSeries(db, held);
    for (const each of series) await addInstances(db, each, uids);
  }
  return uids;
}

async function addInstances(db: Holdings['db'], series: HeldSeries, uids: Set<string>): Promise<void> {
  let page = await pageInstances(db, series, undefined, PAGE_MAX);
  while (page.length > 0) {
    for (const { sopUid } of page) uids.add(sopUid);
    page = page.length < PAGE_MAX ? [] : await pageInstances(db, series, page.at(-1), PAGE_MAX);
  }
}

/** Wait as long as so many instances may take. */
async function keepRate(
  instances: number,
  tookMs: number,
  rate: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  const leftMs = rate === undefined ? 0 : (1000 * instances) / rate - tookMs;
  if (leftMs > 0) await pause(leftMs, undefined, { signal });
}
