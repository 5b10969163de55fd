import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import { ENVELOPE_FILE } from '@acervo/model/envelope.ts';
import { findStudies } from '../../holdings/find.repo.ts';
import type { Op } from '../../ports/op.ts';
import { manifestsOf, resultBy } from './assessment.repo.ts';
import { bundleReadme } from './bundle-readme.ts';
import { seenIncident, type ToldIncident } from './incident.ts';
import type { SeenResult } from './result.ts';
import type { AssessmentPorts } from './told.ts';
import { packageFiles } from './why.repo.ts';
import { type Why, whyOf } from './why.ts';
import { ZipWriter } from './zip-writer.ts';

export type BundlePorts = AssessmentPorts & {
  /**
   * The case file of a study, a tar archive: decision record 0039.
   * @throws {Failure} retrieve/not-found where the caller may not audit, access/denied for objects it may not export
   */
  caseFileOf(
    op: Op,
    of: { study: string; institution: string; reason: string; withObjects: boolean },
  ): Promise<{ bytes(): AsyncGenerator<Uint8Array> }>;
  /** A file of the packages' store by its digest. @throws {Failure} model/digest */
  packageFile(sha256: string): Promise<Uint8Array>;
};

const FILES = {
  readme: 'LEEME.txt',
  incident: 'incident.json',
  task: 'task.json',
  results: 'results.jsonl',
  manifest: 'package/manifest.json',
  statement: `package/${ENVELOPE_FILE}`,
  caseFile: 'case-file.tar',
  sums: 'SHA256SUMS',
} as const;

/**
 * All that whoever looks into an incident needs, in one ZIP archive: for who may read incidents there and audit there.
 * Pixel data only where it is asked for, and may be exported. That it was made is in the journal before its first byte.
 * @throws {Failure} request/not-found, retrieve/not-found, access/denied, query/too-broad
 */
export async function incidentBundle(
  ports: BundlePorts,
  op: Op,
  id: string,
  { withObjects }: { withObjects: boolean },
): Promise<AsyncGenerator<Uint8Array>> {
  const incident = await seenIncident(ports, op, id);
  const found = await resultOf(ports, incident);
  const { institution, studyUid: study } = incident;
  // Who may not audit there learns here that there is nothing for him.
  const caseFile = await ports.caseFileOf(op, { study, institution, reason: `ai incident ${id}`, withObjects });
  return written(ports, { incident, why: await whyOf(ports, op, found), caseFile });
}

async function resultOf({ db }: BundlePorts, { task, studyUid, institution }: ToldIncident): Promise<SeenResult> {
  const result = await resultBy(db, task);
  const held = (await findStudies(db, studyUid)).find((each) => each.institution === institution)?.held;
  if (result === undefined || held === undefined) throw new Failure('retrieve/not-found', 'its study is not held');
  return { result, study: held };
}

type Parts = {
  incident: ToldIncident;
  why: Why;
  caseFile: Awaited<ReturnType<BundlePorts['caseFileOf']>>;
};

async function* written(ports: BundlePorts, { incident, why, caseFile }: Parts): AsyncGenerator<Uint8Array> {
  const zip = new ZipWriter();
  const papers = await packageOf(ports, incident.package);
  yield* zip.text(FILES.readme, bundleReadme(incident, why, papers.statement !== undefined));
  yield* zip.text(FILES.incident, jsonText(incident));
  yield* zip.text(FILES.task, jsonText(why));
  yield* zip.text(FILES.results, why.objects.map((object) => `${JSON.stringify(object)}\n`).join(''));
  if (papers.manifest !== undefined) yield* zip.text(FILES.manifest, papers.manifest);
  if (papers.statement !== undefined) yield* zip.bytes(FILES.statement, papers.statement);
  yield* zip.stream(FILES.caseFile, caseFile.bytes());
  yield* zip.text(FILES.sums, zip.sums.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join(''));
  yield zip.end();
}

/** What was signed, to the byte; what the registry does not have any more is missing, and the first page says so. */
async function packageOf(
  { db, packageFile }: BundlePorts,
  digest: string,
): Promise<{ manifest?: string; statement?: Uint8Array }> {
  const [row] = await manifestsOf(db, [digest]);
  const file = (await packageFiles(db, digest)).find(({ path }) => path === ENVELOPE_FILE);
  const manifest = row && { manifest: row.manifest };
  if (file === undefined) return { ...manifest };
  try {
    return { ...manifest, statement: await packageFile(file.sha256) };
  } catch (thrown) {
    // A file that was damaged or lost must not keep an incident from being looked into.
    if (toFailure(thrown).code !== 'model/digest') throw thrown;
    return { ...manifest };
  }
}

const jsonText = (value: object): string => `${JSON.stringify(value, undefined, 1)}\n`;
