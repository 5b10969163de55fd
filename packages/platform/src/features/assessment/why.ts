import { canonicalJson } from '@acervo/kernel/canonical-json.ts';
import { sha256Of } from '@acervo/model/results/identity.ts';
import type { ReadReport } from '@acervo/model/results/read.ts';
import type { HeldInstance } from '../../holdings/find.repo.ts';
import { heldObjects } from '../../holdings/held-objects.ts';
import type {
  ContentQualification,
  ResultObjectTold,
  ToldDecision,
  ToldFinding,
  Withdrawn,
} from '../../ports/assessment.ts';
import type { Op } from '../../ports/op.ts';
import { decisionsOf, manifestsOf, shownOf } from './assessment.repo.ts';
import { type HeldIncident, incidentsOfResult } from './incident.repo.ts';
import { isReport, qualificationOf, storedReport } from './reports.ts';
import { type SeenResult, seenResult } from './result.ts';
import { type AssessmentPorts, nameOf, noteShown, toldDecision, toldObject } from './told.ts';
import { linesOfResult, type SignedStep, signedSteps, type ToldLine } from './why.repo.ts';
import { isDemonstration, manifestIn, toldFinding } from './words.ts';

/** Lines of the journal in one answer. */
const LINES_MAX = 1_000;

/** An object, and the SHA-256 of its data set as the archive holds it. */
export type Digested = { sopInstanceUid: string; sopClassUid: string; dataSetSha256: string };

/** Who, what, when and why of one result: everything by which it can be computed again, and answered for. */
export type Why = {
  id: string;
  institution: string;
  study: string;
  model: string;
  version: string;
  /** Undefined members: the registry does not have the package any more. */
  name: string | null;
  stage: string;
  /** What its objects say of themselves (0018,9004). */
  contentQualification: ContentQualification | null;
  isDemonstration: boolean;
  digests: { package: string; manifest: string | null; model: string | null; input: string | null };
  /** Version of the operations that made the tensor. */
  operations: string | null;
  /** Rules that chose the model for the study; none: somebody asked. */
  rules: readonly string[];
  askedBy: string;
  made: string;
  deadline: string;
  ended: string;
  attempts: number;
  input: {
    series: readonly string[];
    revision: string;
    images: readonly Digested[];
    /** Whether the images that are held now are those that were computed on; null where no report says which. */
    isSame: boolean | null;
  };
  findings: readonly ToldFinding[];
  objects: readonly (ResultObjectTold & { dataSetSha256: string })[];
  reportsUnread: number;
  /** Life of the package for the nation and there, until the result was there, with who signed. */
  steps: readonly SignedStep[];
  /** When whom the archive showed it first. */
  shown: readonly { at: string; by: string; person: string }[];
  decisions: readonly ToldDecision[];
  incidents: readonly Pick<HeldIncident, 'id' | 'at' | 'severity' | 'state'>[];
  withdrawn: Withdrawn | null;
  journal: readonly ToldLine[];
};

/** Why a result is what it is, for who may read its study. @throws {Failure} retrieve/not-found */
export async function why(ports: AssessmentPorts, op: Op, named: string): Promise<Why> {
  const found = await seenResult(ports, op, named);
  await noteShown(ports, op, found.study, [found.result]);
  return whyOf(ports, op, found);
}

/** The same, for whom somebody else has let in. */
export async function whyOf(ports: AssessmentPorts, op: Op, { result, study }: SeenResult): Promise<Why> {
  const { db, whoIs } = ports;
  const { id, institution, studyUid, results } = result;
  const [objects, [row], shown, decisions, incidents, withdrawn] = await Promise.all([
    heldObjects(db, study, results),
    manifestsOf(db, [result.package]),
    shownOf(db, [id]),
    decisionsOf(db, [id]),
    incidentsOfResult(db, id),
    ports.withdrawn(db, [id]),
  ]);
  const manifest = row && manifestIn(row.manifest);
  const reports = await Promise.all(objects.filter(isReport).map((each) => storedReport(ports, op, each)));
  const read = reports.filter((each) => each !== undefined);
  const [report] = read;
  // A task may wait, or be asked for again after a suspension: it ran by what was signed until it had ended.
  const steps = await signedSteps(db, { package: result.package, institution, until: result.endedAt });
  return {
    id,
    institution,
    study: studyUid,
    model: result.model,
    version: result.version,
    name: manifest?.name ?? null,
    stage: result.stage,
    contentQualification: await qualificationOf(ports, op, objects),
    isDemonstration: isDemonstration(manifest),
    digests: {
      package: result.package,
      manifest: report?.manifestSha256 ?? row?.manifestDigest ?? null,
      model: report?.modelSha256 ?? manifest?.artifact.sha256 ?? null,
      input: report?.inputsSha256 ?? null,
    },
    operations: report?.operations ?? null,
    rules: result.rules,
    askedBy: result.askedBy,
    made: result.createdAt,
    deadline: result.deadline,
    ended: result.endedAt,
    attempts: result.attempts,
    input: { series: result.series, revision: result.revision, ...(await inputOf(ports, study, report)) },
    findings: read.flatMap((each) => each.findings.map((finding) => toldFinding(manifest, finding))),
    objects: objects.map((object) => ({ ...toldObject(object), dataSetSha256: object.digest })),
    reportsUnread: reports.length - read.length,
    steps,
    shown: shown.map(({ person, at }) => ({ at, person, by: nameOf(whoIs, person) })),
    decisions: decisions.map((each) => toldDecision(each, whoIs)),
    incidents: incidents.map(({ id: incident, at, severity, state }) => ({ id: incident, at, severity, state })),
    withdrawn: withdrawn.get(id) ?? null,
    journal: await linesOfResult(db, { institution, study: studyUid, task: id }, LINES_MAX),
  };
}

/** The images that the report names, as they are held now: their digest is computed again (decision record 0042). */
async function inputOf(
  { db }: Pick<AssessmentPorts, 'db'>,
  study: SeenResult['study'],
  report: ReadReport | undefined,
): Promise<Pick<Why['input'], 'images' | 'isSame'>> {
  if (report === undefined) return { images: [], isSame: null };
  const sops = report.images.map(({ sopInstanceUid }) => sopInstanceUid);
  const images = await heldObjects(db, study, sops);
  const inputs = images.map(({ sopUid, digest }) => ({ sopInstanceUid: sopUid, dataSetSha256: digest }));
  const isSame = (await sha256Of(canonicalJson(inputs))) === report.inputsSha256;
  return { images: images.map(digested), isSame };
}

const digested = ({ sopUid, sopClassUid, digest }: HeldInstance): Digested => ({
  sopInstanceUid: sopUid,
  sopClassUid,
  dataSetSha256: digest,
});
