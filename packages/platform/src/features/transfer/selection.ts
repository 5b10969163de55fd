import { Failure } from '@acervo/kernel/failure.ts';
import {
  findInstances,
  findPatientStudies,
  findSeries,
  findStudies,
  type Held,
  type HeldInstance,
  type HeldSeries,
  type HeldStudy,
  listSeries,
  pageInstances,
} from '../../holdings/find.repo.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { viewOf } from '../../holdings/scope.ts';
import { seen } from '../../holdings/seen.ts';
import type { Op } from '../../ports/op.ts';
import type { Level, RetrieveKeys } from './identifier.ts';

/** Instances of one study of one institution, in order. */
export type Batch = { institution: string; studyUid: string; instances: readonly HeldInstance[] };

/** What a retrieval is about. */
export type Selection = {
  /** Instances, as they were counted when it was asked. */
  total: number;
  /** By study, by number of the series, by number of the instance; some at a time. */
  batches(): AsyncGenerator<Batch>;
};

type Ports = Pick<Holdings, 'db' | 'journal'>;

/** Instances whose places are in memory at once, some 600 bytes each. */
const PAGE_MAX = 5_000;
/** Instances that are looked for by one question. */
const LOOKED_FOR_MAX = 500;
/** Studies of one patient; a Patient ID of more is no patient's. */
const PATIENT_STUDIES_MAX = 10_000;

/**
 * Find what is asked for, as far as the caller may see it: what it may not see is not there. Nothing found is a
 * selection of nothing.
 * @throws {Failure} access/denied; retrieve/ambiguous where several institutions hold a study, none of them the
 *   caller's own, or a Patient ID is of several issuers
 */
export async function select(ports: Ports, op: Op, keys: RetrieveKeys): Promise<Selection> {
  const { db } = ports;
  switch (keys.level) {
    case 'PATIENT':
      return ofSeries(db, await seriesOfStudies(db, await studiesOfPatient(db, op, keys)));
    case 'STUDY': {
      const studies: HeldStudy[] = [];
      for (const study of keys.studies) {
        studies.push(...held(op, await seen(ports, op, 'read', study, await findStudies(db, study))));
      }
      return ofSeries(db, await seriesOfStudies(db, studies));
    }
    case 'SERIES': {
      const found: HeldSeries[] = [];
      for (const series of keys.series) {
        const there = await findSeries(db, keys.study, series);
        found.push(...held(op, await seen(ports, op, 'read', keys.study, there)));
      }
      return ofSeries(db, found);
    }
    case 'IMAGE':
      return ofInstances(await instancesOf(ports, op, keys));
  }
}

/** What of it may be told is what one institution holds: of several, the caller's own. */
function held<T>(op: Op, found: readonly Held<T>[]): T[] {
  const there = found.flatMap((each) => (each.held === undefined ? [] : [{ ...each, held: each.held }]));
  const own = there.find(({ institution }) => institution === op.institution);
  const [first, ...others] = there;
  if (own === undefined && others.length > 0) {
    throw new Failure('retrieve/ambiguous', `${there.length} institutions hold this study`);
  }
  const answer = own ?? first;
  return answer === undefined ? [] : [answer.held];
}

/** A Patient ID means one patient only together with its issuer (decision record 0006). */
async function studiesOfPatient(
  db: Ports['db'],
  op: Op,
  keys: Extract<RetrieveKeys, { level: 'PATIENT' }>,
): Promise<readonly HeldStudy[]> {
  const found = await findPatientStudies(db, keys, viewOf(op, 'read'), PATIENT_STUDIES_MAX + 1);
  if (found.length > PATIENT_STUDIES_MAX) {
    throw new Failure('query/too-broad', `more than ${PATIENT_STUDIES_MAX} studies of a patient`);
  }
  const own = found.filter(({ institution }) => institution === op.institution);
  const studies = own.length > 0 ? own : found;
  const issuers = new Set(studies.map(({ institution, issuer }) => `${institution} ${issuer}`));
  if (issuers.size > 1) throw new Failure('retrieve/ambiguous', `a Patient ID of ${issuers.size} issuers`);
  return studies;
}

async function seriesOfStudies(db: Ports['db'], studies: readonly HeldStudy[]): Promise<HeldSeries[]> {
  const series: HeldSeries[] = [];
  for (const study of studies) series.push(...(await listSeries(db, study)));
  return series;
}

function ofSeries(db: Ports['db'], series: readonly HeldSeries[]): Selection {
  return {
    total: series.reduce((sum, { instanceCount }) => sum + instanceCount, 0),
    async *batches() {
      for (const each of series) yield* pagesOf(db, each);
    },
  };
}

async function* pagesOf(db: Ports['db'], series: HeldSeries): AsyncGenerator<Batch> {
  const { institution, studyUid } = series;
  let after: HeldInstance | undefined;
  do {
    const instances = await pageInstances(db, series, after, PAGE_MAX);
    if (instances.length > 0) yield { institution, studyUid, instances };
    after = instances.length < PAGE_MAX ? undefined : instances.at(-1);
  } while (after !== undefined);
}

async function instancesOf(
  ports: Ports,
  op: Op,
  { study, series, instances }: Extract<RetrieveKeys, { level: 'IMAGE' }>,
): Promise<Map<string, HeldInstance[]>> {
  const byInstitution = new Map<string, HeldInstance[]>();
  for (let at = 0; at < instances.length; at += LOOKED_FOR_MAX) {
    const wanted = instances.slice(at, at + LOOKED_FOR_MAX).map((sop) => ({ study, series, sop }));
    const found = await findInstances(ports.db, wanted);
    const holders = await holdersOf(ports, op, study, found);
    for (const each of found) {
      const there = each.filter(({ institution }) => holders.has(institution));
      const [instance] = held(op, there);
      const holder = there.find(({ held: its }) => its === instance);
      if (instance === undefined || holder === undefined) continue;
      const mine = byInstitution.get(holder.institution) ?? [];
      byInstitution.set(holder.institution, mine);
      mine.push(instance);
    }
  }
  return byInstitution;
}

/** The institutions whose study it is that the caller may read; the same for all instances that are looked for. */
async function holdersOf(ports: Ports, op: Op, study: string, found: readonly Held<unknown>[][]): Promise<Set<string>> {
  const institutions = [...new Set(found.flat().map(({ institution }) => institution))];
  const all = institutions.map((institution) => ({ institution }));
  return new Set((await seen(ports, op, 'read', study, all)).map(({ institution }) => institution));
}

function ofInstances(byInstitution: ReadonlyMap<string, HeldInstance[]>): Selection {
  const batches: Batch[] = [];
  for (const [institution, instances] of byInstitution) {
    const studyUid = instances[0]?.studyUid ?? '';
    batches.push({ institution, studyUid, instances: instances.toSorted(byNumber) });
  }
  return {
    total: batches.reduce((sum, { instances }) => sum + instances.length, 0),
    async *batches() {
      yield* batches;
    },
  };
}

function byNumber(a: HeldInstance, b: HeldInstance): number {
  const order = (a.instanceNumber ?? Number.MAX_VALUE) - (b.instanceNumber ?? Number.MAX_VALUE);
  return order !== 0 ? order : a.sopUid < b.sopUid ? -1 : 1;
}

/** A selection whose readings are in the journal, durably, before the first instance of a study is handed out. */
export function recorded(
  { journal }: Pick<Holdings, 'journal'>,
  op: Op,
  selection: Selection,
  about: { level: Level; service: 'C-GET' | 'C-MOVE' | 'send'; destination?: string },
): Selection {
  const { level, service, destination } = about;
  const facts = {
    level: level === 'IMAGE' ? 'instance' : level.toLowerCase(),
    aspect: 'objects',
    service,
    ...(destination !== undefined && { destination }),
  };
  return {
    ...selection,
    async *batches() {
      let known = '';
      for await (const batch of selection.batches()) {
        const { institution, studyUid } = batch;
        const study = `${institution} ${studyUid}`;
        if (study !== known) await journal.retrieved(op, institution, studyUid, facts, destination);
        known = study;
        yield batch;
      }
    },
  };
}
