import type { HeldInstance } from '../../holdings/find.repo.ts';
import { heldObjects } from '../../holdings/held-objects.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { envelopeOf } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import type {
  ResultObjectTold,
  TellResults,
  TellWithdrawn,
  ToldDecision,
  ToldFinding,
} from '../../ports/assessment.ts';
import type { Actor, Op } from '../../ports/op.ts';
import { type DecisionRow, decisionsOf, manifestsOf, putShown, shownOf } from './assessment.repo.ts';
import { shownRow } from './projection.ts';
import { isReport, modalityOf, qualificationOf, storedReport } from './reports.ts';
import { isDemonstration, type KnownManifest, manifestIn, toldFinding } from './words.ts';

/** Who an actor is, as far as the directory knows. */
export type WhoIs = (actor: Actor) => { name?: string; institution?: string } | undefined;

export type AssessmentPorts = Pick<Holdings, 'db' | 'files' | 'journal'> & { whoIs: WhoIs; withdrawn: TellWithdrawn };

/** Results of a study: what they say is read from the stored reports, what people made of them from rows. */
export const resultsTold =
  (ports: AssessmentPorts): TellResults =>
  async (op, study, results) => {
    if (results.length === 0) return new Map();
    const { db, whoIs } = ports;
    const tasks = results.map(({ id }) => id);
    const all = results.flatMap(({ results: sops }) => sops);
    const held = new Map((await heldObjects(db, study, all)).map((each) => [each.sopUid, each]));
    const manifests = await manifestsBy(ports, [...new Set(results.map((each) => each.package))]);
    const decisions = Map.groupBy(await decisionsOf(db, tasks), ({ task }) => task);
    const told = await Promise.all(
      results.map(async ({ id, package: digest, results: sops }) => {
        const manifest = manifests.get(digest);
        const objects = sops.flatMap((sop) => held.get(sop) ?? []);
        const { findings, reportsUnread } = await findingsIn(ports, op, manifest, objects);
        return [
          id,
          {
            contentQualification: await qualificationOf(ports, op, objects),
            isDemonstration: isDemonstration(manifest),
            objects: objects.map(toldObject),
            findings,
            reportsUnread,
            decisions: (decisions.get(id) ?? []).map((row) => toldDecision(row, whoIs)),
          },
        ] as const;
      }),
    );
    const shown = results.filter(({ results: sops }) => sops.length > 0);
    await noteShown(ports, op, study, shown);
    return new Map(told);
  };

/** Manifests by the digest of their packages. */
export async function manifestsBy(
  { db }: Pick<Holdings, 'db'>,
  digests: readonly string[],
): Promise<Map<string, KnownManifest>> {
  const rows = await manifestsOf(db, digests);
  return new Map(rows.map(({ digest, manifest }) => [digest, manifestIn(manifest)]));
}

export async function findingsIn(
  ports: Pick<Holdings, 'files'>,
  op: Op,
  manifest: KnownManifest,
  objects: readonly HeldInstance[],
): Promise<{ findings: ToldFinding[]; reportsUnread: number }> {
  const reports = await Promise.all(objects.filter(isReport).map((each) => storedReport(ports, op, each)));
  const read = reports.filter((each) => each !== undefined);
  const findings = read.flatMap((report) => report.findings.map((finding) => toldFinding(manifest, finding)));
  return { findings, reportsUnread: reports.length - read.length };
}

export const toldObject = (object: HeldInstance): ResultObjectTold => ({
  sopInstanceUid: object.sopUid,
  seriesInstanceUid: object.seriesUid,
  sopClassUid: object.sopClassUid,
  modality: modalityOf(object),
});

/** The name of a person where it is known, else the id. */
export const nameOf = (whoIs: WhoIs, person: string): string => whoIs({ kind: 'person', id: person })?.name ?? person;

export function toldDecision(row: DecisionRow, whoIs: WhoIs): ToldDecision {
  const { id, at, person, personInstitution: institution, decision, reason, secondsToDecide } = row;
  return { id, at, by: nameOf(whoIs, person), person, institution, decision, reason, secondsToDecide };
}

/**
 * Write down that results were read, as the patient is told it (0035), and once for each person that they were shown,
 * from which the time to a decision counts. Of programs nobody knows whether anybody looked.
 */
export async function noteShown(
  { db, journal }: Pick<AssessmentPorts, 'db' | 'journal'>,
  op: Op,
  { institution, studyUid: study }: { institution: string; studyUid: string },
  results: readonly { id: string; package: string }[],
): Promise<void> {
  if (results.length === 0) return;
  await journal.retrieved(op, institution, study, { level: 'study', aspect: 'ai-result' });
  if (op.actor.kind !== 'person') return;
  const tasks = results.map(({ id }) => id);
  const known = new Set((await shownOf(db, tasks, op.actor.id)).map(({ task }) => task));
  const first = results.filter(({ id }) => !known.has(id));
  if (first.length === 0) return;
  const events = first.map(({ id: task, package: digest }) =>
    envelopeOf(op, 'ai.result-shown', { institution, study }, { task, package: digest, by: op.institution }),
  );
  await db.transaction(async (sql) => {
    const put = await putShown(sql, events.map(shownRow));
    await insertEvents(
      sql,
      events.filter(({ id }) => put.has(id)),
    );
  });
}
