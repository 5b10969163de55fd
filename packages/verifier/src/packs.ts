import { join } from 'node:path';
import { checkSegment } from '@acervo/kernel/pack/check.ts';
import type { Finding, FindingCode } from '@acervo/kernel/pack/finding.ts';
import { type CommitRecord, segmentName, segmentPath } from '@acervo/kernel/pack/record.ts';
import { walkSegment } from '@acervo/kernel/pack/walk.ts';
import type { PackInJournalFinding, PacksInJournal } from './packs-in-journal.ts';
import { filesBelow, newSha256, withSegment } from './tree.ts';

/** `segment.unknown`: a file that is no segment. */
export type PackFinding = Finding<FindingCode | 'segment.unknown'> | PackInJournalFinding;

export type PackTotals = {
  segments: number;
  /** Without a sealing record, and cut short by a void. */
  open: number;
  voided: number;
  records: number;
  members: number;
  bytes: number;
  /** Behind the last record of open segments: never stored. */
  uncommittedBytes: number;
  findings: number;
};

const SEGMENT = /^(\d{4})\/(\d{8})\.tar$/;

/**
 * Read packs as decision record 0004 defines them, with nothing but the folder: tar structure, the digest of each
 * record and of each member, the chain of records, voids. Whole segments that are missing leave no trace here;
 * the sealed journal, the index or a manifest knows them.
 * @param journal  what a journal says of them
 */
export async function verifyPacks(
  folder: string,
  tell: (finding: PackFinding) => void,
  journal?: PacksInJournal,
): Promise<PackTotals> {
  const totals: PackTotals = {
    segments: 0,
    open: 0,
    voided: 0,
    records: 0,
    members: 0,
    bytes: 0,
    uncommittedBytes: 0,
    findings: 0,
  };
  const say = (finding: PackFinding): void => {
    totals.findings += 1;
    tell(finding);
  };
  const voids = await voidsOf(folder);
  for await (const path of filesBelow(folder)) {
    const segment = segmentOf(path);
    if (segment === undefined) say({ code: 'segment.unknown', what: path, detail: 'no segment has this name' });
    else await verifyOne({ folder, segment, voidFrom: voids.get(segment), journal }, totals, say);
  }
  journal?.finish(say);
  return totals;
}

function segmentOf(path: string): number | undefined {
  const segment = Number(SEGMENT.exec(path)?.[2] ?? Number.NaN);
  return segmentPath(segment) === path ? segment : undefined;
}

/** Where each segment ends for all time, whatever its file holds behind: told by records of other segments. */
async function voidsOf(folder: string): Promise<Map<number, number>> {
  const voids = new Map<number, number>();
  for await (const path of filesBelow(folder)) {
    if (segmentOf(path) === undefined) continue;
    await withSegment(join(folder, path), async (bytes) => {
      for await (const walked of walkSegment(bytes, newSha256)) {
        if (walked.kind !== 'record') continue;
        for (const { segment, from } of walked.record?.voids ?? []) {
          voids.set(segment, Math.min(from, voids.get(segment) ?? from));
        }
      }
    });
  }
  return voids;
}

type One = { folder: string; segment: number; voidFrom: number | undefined; journal: PacksInJournal | undefined };

async function verifyOne(
  { folder, segment, voidFrom, journal }: One,
  totals: PackTotals,
  say: (finding: PackFinding) => void,
): Promise<void> {
  await withSegment(join(folder, segmentPath(segment)), async (whole) => {
    const bytes = { ...whole, size: Math.min(whole.size, voidFrom ?? whole.size) };
    totals.segments += 1;
    if (voidFrom !== undefined) totals.voided += 1;
    for await (const checked of checkSegment(bytes, { segment, newSha256, deep: true })) {
      if (checked.kind === 'finding') {
        say({ code: checked.code, what: checked.what, detail: checked.detail });
      } else if (checked.kind === 'group') {
        countGroup(checked.record, totals);
        journal?.record(checked.record, say);
      } else {
        journal?.segment(segment, checked, say);
        if (!checked.sealed) countOpen({ segment, voidFrom, ...checked }, totals, say);
      }
    }
  });
}

function countGroup({ members }: CommitRecord, totals: PackTotals): void {
  totals.records += 1;
  totals.members += members.length;
  totals.bytes += members.reduce((sum, member) => sum + member.length, 0);
}

type OpenEnd = { segment: number; voidFrom: number | undefined; end: number; tailBytes: number };

function countOpen(
  { segment, voidFrom, end, tailBytes }: OpenEnd,
  totals: PackTotals,
  say: (finding: PackFinding) => void,
): void {
  totals.open += 1;
  totals.uncommittedBytes += tailBytes;
  if (voidFrom === undefined || end >= voidFrom) return;
  say({ code: 'segment.cut', what: segmentName(segment), detail: `ends at ${end}, void from ${voidFrom}` });
}
