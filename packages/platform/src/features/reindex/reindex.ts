import { toFailure } from '@acervo/kernel/failure.ts';
import type { IndexFacts } from '../../holdings/index-facts.ts';
import { factsOfMember } from '../../holdings/member-facts.ts';
import { project, UidCodes } from '../../holdings/project.ts';
import type { Projector } from '../../holdings/projector.ts';
import { abandonSegment, insertSegment } from '../../holdings/segment.repo.ts';
import type { Envelope } from '../../journal/event.ts';
import type { JournalProjection } from '../../journal/projection.ts';
import { RestoredCheckpoints } from '../../journal/restored-checkpoints.ts';
import { journalLines, type SealedLine, sealHash } from '../../journal/segments.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { Log } from '../../ports/log.ts';
import type { Db } from '../../ports/sql.ts';
import { groupsInOrder, type OrderedGroup } from './in-order.ts';
import { insertNumbered } from './reindex.repo.ts';
import { type ReindexFinding, type Surveyed, surveySegments } from './survey.ts';

export type ReindexPorts = {
  db: Db;
  blobs: BlobStore;
  journalBlobs: BlobStore;
  projector: Projector;
  /** What stands in no pack, and is made again from the journal. */
  projections: readonly JournalProjection[];
  /** This data directory and this process. */
  node: string;
  writer: string;
  log: Log;
  signal: AbortSignal;
};

export type ReindexSummary = {
  segments: number;
  groups: number;
  instances: number;
  journalLines: number;
  findings: number;
  seconds: number;
  /** -1 when there is none. */
  highestSegment: number;
};

export type ReindexHears = {
  finding(finding: ReindexFinding): void;
  progress(groups: number, instances: number): void;
};

const LINES_A_TIME = 1000;
const GROUPS_A_TIME = 200;
const MEMBERS_A_TIME = 2000;
/** Headers that are read at once. */
const READS_MAX = 8;

/**
 * Fill an empty index from packs and journal segments alone. The caller has emptied it and marked it as unfinished,
 * and keeps others out. What is damaged is named and passed over; everything else is brought back.
 */
export async function reindex(ports: ReindexPorts, hears: ReindexHears): Promise<ReindexSummary> {
  const began = performance.now();
  const summary: ReindexSummary = {
    segments: 0,
    groups: 0,
    instances: 0,
    journalLines: 0,
    findings: 0,
    seconds: 0,
    highestSegment: -1,
  };
  const say = (finding: ReindexFinding): void => {
    summary.findings += 1;
    hears.finding(finding);
  };
  const surveyed = await surveySegments(ports.blobs, ports.writer, say, ports.signal);
  for (const { segment, writer } of surveyed) {
    await insertSegment(ports.db, segment, writer, ports.node);
    summary.highestSegment = Math.max(summary.highestSegment, segment);
  }
  summary.segments = surveyed.length;
  summary.journalLines = await restoreJournal(ports, say);
  await projectAll(ports, surveyed, (group) => {
    summary.groups += 1;
    summary.instances += group.group.record.members.length;
    hears.progress(summary.groups, summary.instances);
  });
  for (const { segment, voidFrom } of surveyed) {
    if (voidFrom !== undefined) await abandonSegment(ports.db, segment, voidFrom);
  }
  summary.seconds = Math.round(performance.now() - began) / 1000;
  return summary;
}

/** Numbered events first, with the numbers they had; what only the packs tell gets the next ones from the sealer. */
async function restoreJournal(
  { db, journalBlobs, projections }: ReindexPorts,
  say: (finding: ReindexFinding) => void,
): Promise<number> {
  let count = 0;
  let last = { seq: 0, hash: '' };
  let held: SealedLine[] = [];
  const checkpoints = await RestoredCheckpoints.begin(journalBlobs);
  const flush = async (): Promise<void> => {
    const lines = held;
    held = [];
    if (lines.length > 0) {
      await db.transaction(async (sql) => {
        await insertNumbered(sql, lines);
        for (const { kinds, apply } of projections) await apply(sql, eventsOf(lines, kinds));
        for (const line of lines) await checkpoints.take(sql, line);
      });
    }
    count += lines.length;
  };
  for await (const { file, number, line } of journalLines(journalBlobs)) {
    const isSound =
      line !== undefined && line.hash === sealHash(line.seq, line.prev, line.event) && line.seq > last.seq;
    if (!isSound) {
      say({ code: 'journal.altered', what: `${file}:${number}`, detail: 'left out: it differs from its hash' });
      continue;
    }
    if (line.seq !== last.seq + 1) {
      say({ code: 'journal.missing', what: `${last.seq + 1} to ${line.seq - 1}`, detail: 'no line has this number' });
    } else if (line.prev !== last.hash) {
      say({ code: 'journal.altered', what: `${file}:${number}`, detail: `line ${line.seq} does not follow` });
    }
    last = line;
    held.push(line);
    if (held.length >= LINES_A_TIME) await flush();
  }
  await flush();
  await checkpoints.close();
  return count;
}

const eventsOf = (lines: readonly SealedLine[], kinds: JournalProjection['kinds']): Envelope[] =>
  lines.map(({ event }) => event as Envelope).filter(({ kind }) => kinds.includes(kind));

async function projectAll(
  ports: ReindexPorts,
  surveyed: readonly Surveyed[],
  done: (group: OrderedGroup) => void,
): Promise<void> {
  const codes = new UidCodes(ports.db);
  let batch: { ordered: OrderedGroup; facts: IndexFacts[] }[] = [];
  let members = 0;
  const flush = async (): Promise<void> => {
    if (batch.length > 0) await projectBatch(ports, codes, batch);
    for (const { ordered } of batch) done(ordered);
    batch = [];
    members = 0;
  };
  for await (const ordered of groupsInOrder(ports.blobs, surveyed)) {
    ports.signal.throwIfAborted();
    batch.push({ ordered, facts: await factsOf(ordered) });
    members += ordered.group.record.members.length;
    if (batch.length >= GROUPS_A_TIME || members >= MEMBERS_A_TIME) await flush();
  }
  await flush();
}

async function factsOf({ group, reader }: OrderedGroup): Promise<IndexFacts[]> {
  const { record } = group;
  const facts: IndexFacts[] = [];
  for (let from = 0; from < record.members.length; from += READS_MAX) {
    const some = record.members.slice(from, from + READS_MAX);
    facts.push(...(await Promise.all(some.map((member) => factsOfMember(reader, record, member)))));
  }
  return facts;
}

class Raced extends Error {}

/** Many groups in one transaction; where that fails, one by one, with the projector's patience and care. */
async function projectBatch(
  { db, projector, log }: ReindexPorts,
  codes: UidCodes,
  batch: readonly { ordered: OrderedGroup; facts: IndexFacts[] }[],
): Promise<void> {
  try {
    await db.transaction(
      async (sql) => {
        const within: Db = { query: sql.query, transaction: (work) => work(sql) };
        for (const {
          ordered: { group },
          facts,
        } of batch) {
          const inserted = await project(within, group, facts, codes);
          if (inserted.length !== group.record.members.length) throw new Raced('two members have the same key');
        }
      },
      { synchronousCommit: 'off' },
    );
  } catch (thrown) {
    if (!(thrown instanceof Raced))
      log.warn('reindex.one-by-one', { code: toFailure(thrown).code, detail: toFailure(thrown).detail });
    for (const {
      ordered: { group },
      facts,
    } of batch)
      await projector.project(group, facts);
  }
}
