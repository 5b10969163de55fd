import { Failure } from '@acervo/kernel/failure.ts';
import type { CommitRecord, RecordMember } from '@acervo/kernel/pack/record.ts';
import type { Envelope } from '../journal/event.ts';
import { insertEvents } from '../journal/journal.repo.ts';
import type { Db, Sql } from '../ports/sql.ts';
import {
  advanceSegment,
  codesOf,
  type GroupRows,
  type InsertedInstance,
  type InstanceRow,
  insertInstances,
  projectNext,
  type SeriesRow,
  type StudyRow,
} from './index.repo.ts';
import { BARE_FACTS, type IndexFacts } from './index-facts.ts';
import { type InstanceKey, instanceKeyOf } from './keys.ts';
import type { CommittedGroup } from './pack/segment.ts';
import { projectKnown } from './project-known.repo.ts';
import { ToldSeries } from './told-series.ts';

/**
 * Make the index say what a durable group says: rows, journal, watermark, at once. A crash can lose
 * the whole of it and start-up does it again; doing it twice changes nothing.
 * @param facts  of each member of the record, in its order
 * @param told   what this process has projected before; left out, everything is sent
 * @returns the instances that were new to the index
 */
export async function project(
  db: Db,
  group: CommittedGroup,
  facts: readonly IndexFacts[],
  codes: UidCodes,
  told = new ToldSeries(),
): Promise<InsertedInstance[]> {
  const code = await codes.of(group.record.members.flatMap((member) => [member.transferSyntax, member.sopClass]));
  const rows = groupRows(group.record, facts, code);
  const events = eventsOf(group.record);
  const projected = await (told.covers(rows) ? projectKnown : projectNext)(db, group, rows, events);
  if (projected !== undefined) {
    told.note(rows);
    return projected;
  }
  return db.transaction(
    async (sql) => {
      const inserted = await insertRows(sql, rows);
      await insertEvents(sql, events);
      await advanceSegment(sql, group);
      return inserted;
    },
    { synchronousCommit: 'off' },
  );
}

/**
 * The same for a group that the database refuses as a whole: members one by one, and one that it refuses even
 * alone with nothing but its UIDs. Durable bytes are always reachable, whatever stands in a header.
 */
export async function projectOneByOne(
  db: Db,
  group: CommittedGroup,
  facts: readonly IndexFacts[],
  codes: UidCodes,
): Promise<InsertedInstance[]> {
  const code = await codes.of(group.record.members.flatMap((member) => [member.transferSyntax, member.sopClass]));
  const inserted: InsertedInstance[] = [];
  for (const [index, member] of group.record.members.entries()) {
    const alone = (told: IndexFacts): Promise<InsertedInstance[]> =>
      insertRows(db, groupRows({ ...group.record, members: [member] }, [told], code));
    inserted.push(
      ...(await alone(facts[index] as IndexFacts).catch((thrown: unknown) => {
        if (isPassing(thrown)) throw thrown;
        return alone(BARE_FACTS);
      })),
    );
  }
  await db.transaction(
    async (sql) => {
      await insertEvents(sql, eventsOf(group.record));
      await advanceSegment(sql, group);
    },
    { synchronousCommit: 'off' },
  );
  return inserted;
}

/** A failure that has to do with the database's state, not with what was given to it. */
export function isPassing(thrown: unknown): boolean {
  return thrown instanceof Failure && thrown.code !== 'internal';
}

async function insertRows(sql: Sql, { instances, series, studies }: GroupRows): Promise<InsertedInstance[]> {
  return instances.length === 0 ? [] : insertInstances(sql, instances, series, studies);
}

function groupRows(record: CommitRecord, facts: readonly IndexFacts[], code: ReadonlyMap<string, number>): GroupRows {
  const instances: InstanceRow[] = [];
  const series = new Map<string, SeriesRow>();
  const studies = new Map<string, StudyRow>();
  record.members.forEach((member, index) => {
    const rows = rowsOf(record, member, facts[index] as IndexFacts, code);
    instances.push(rows.instance);
    keepEarlier(series, `${rows.series.study_key}${rows.series.series_key}`, rows.series);
    const marks = (studies.get(rows.study.study_key)?.marks ?? 0) | rows.study.marks;
    keepEarlier(studies, rows.study.study_key, rows.study).marks = marks;
  });
  return { instances, series: [...series.values()], studies: [...studies.values()] };
}

/** UID codes known so far; only new UIDs cost a question. */
export class UidCodes {
  readonly #db: Db;
  readonly #known = new Map<string, number>();

  constructor(db: Db) {
    this.#db = db;
  }

  async of(uids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const missing = [...new Set(uids)].filter((uid) => !this.#known.has(uid));
    if (missing.length > 0) {
      for (const [uid, code] of await codesOf(this.#db, missing)) this.#known.set(uid, code);
    }
    return this.#known;
  }
}

/** Primary key of a member's row, its version aside. */
export function keyOf(record: CommitRecord, member: RecordMember): InstanceKey {
  const { institution } = record.contexts[member.context] as CommitRecord['contexts'][number];
  return instanceKeyOf(institution, member);
}

function rowsOf(record: CommitRecord, member: RecordMember, facts: IndexFacts, code: ReadonlyMap<string, number>) {
  const context = record.contexts[member.context] as CommitRecord['contexts'][number];
  const { study_key, series_key } = keyOf(record, member);
  const source = `${record.at} ${String(record.segment).padStart(10, '0')} ${String(member.at).padStart(16, '0')}`;
  const instance: InstanceRow = {
    study_key,
    series_key,
    sop_uid: member.sop,
    version: member.version,
    segment: record.segment,
    file_at: member.at,
    file_bytes: member.length,
    head_bytes: member.head,
    digest: member.sha256,
    transfer_syntax: code.get(member.transferSyntax) as number,
    sop_class: code.get(member.sopClass) as number,
    instance_number: facts.instanceNumber,
    marks: facts.marks,
  };
  const seriesRow: SeriesRow = {
    ...facts.series,
    study_key,
    series_key,
    series_uid: member.series,
    source,
    charset_default: context.charset,
    stored: record.at,
  };
  const study: StudyRow = {
    ...facts.study,
    study_key,
    institution: context.institution,
    study_uid: member.study,
    source,
    stored: record.at,
  };
  return { instance, series: seriesRow, study };
}

/** Of several tellers in one group the earliest counts, as in the index. */
function keepEarlier<Row extends { source: string }>(rows: Map<string, Row>, key: string, row: Row): Row {
  const held = rows.get(key);
  if (held !== undefined && held.source <= row.source) return held;
  rows.set(key, row);
  return row;
}

/** The journal rows of a record. */
export const eventsOf = (record: CommitRecord): Envelope[] =>
  record.events.map((event, index) => completeEvent(event as Envelope, record, index));

/** What the record's members say already is not repeated in its events: count, bytes and instances are added. */
function completeEvent(event: Envelope, record: CommitRecord, index: number): Envelope {
  const members = record.members.filter((member) => member.event === index);
  if (members.length === 0) return event;
  const instances: Record<string, string[]> = {};
  let bytes = 0;
  for (const member of members) {
    const name = member.version === 0 ? member.sop : `${member.sop}~${member.version}`;
    const named = instances[member.series] ?? [];
    instances[member.series] = named;
    named.push(name);
    bytes += member.length;
  }
  return { ...event, facts: { ...event.facts, count: members.length, bytes, instances } };
}
