import { createHash } from 'node:crypto';
import { canonicalJson, type Json } from '@acervo/kernel/canonical-json.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { CASE, type CaseObject, caseManifest, caseManifestText, objectPath } from '@acervo/kernel/journal/case-file.ts';
import { type CheckpointFile, checkpointFileText } from '@acervo/kernel/journal/checkpoint-file.ts';
import { inclusionRanges } from '@acervo/kernel/journal/merkle.ts';
import { findStudies, type Location } from '../../holdings/find.repo.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { patientRef } from '../../holdings/patient.ts';
import { seen } from '../../holdings/seen.ts';
import { envelopeOf } from '../../journal/event.ts';
import { newestCheckpointFile, signerOf, witnessedFiles } from '../../journal/newest-checkpoint.ts';
import { proofsOf } from '../../journal/proofs.ts';
import { waitMs } from '../../journal/sealer.ts';
import type { JournalKeys } from '../../ports/journal-keys.ts';
import type { Op } from '../../ports/op.ts';
import { type CaseStudy, findCaseStudy, isSigned, objectsOfStudy } from './case-file.repo.ts';
import { type Line, linesConcerning } from './concerning.ts';
import { gathered } from './shared.ts';
import { TarWriter } from './tar-writer.ts';
import { readmeText, sharedText } from './texts.ts';

/** Who saw one study, as the rights of patients tell it: for programs and for people. */
export type AccessesOf = (
  study: { institution: string; study: string; patient: string },
  period: { from: string; until: string },
) => Promise<{ report: object; html: string }>;

export type CasePorts = Pick<Holdings, 'db' | 'journalBlobs' | 'files' | 'journal'> & {
  journalKeys: JournalKeys;
  /** Number and sign what is committed now, so that the making stands in what is made. */
  signJournal(): Promise<void>;
  accessesOf: AccessesOf;
};

export type CaseWanted = {
  study: string;
  /** Whose, where several hold it. */
  institution?: string | undefined;
  /** Why it is made: the journal keeps it. */
  reason: string;
  withObjects: boolean;
  /** Earlier sizes of the journal that somebody wants a consistency proof from. */
  since?: readonly number[];
};

export type CaseFile = {
  lines: number;
  objects: number;
  checkpoint: { number: number; size: number };
  /** Once. Throws retrieve/damaged where bytes cannot be read: the archive then has no manifest, and is none. */
  bytes(): AsyncGenerator<Uint8Array>;
};

const OBJECTS_MAX = 1_000_000;
/** Some seconds. */
const SIGN_TRIES_MAX = 50;
const SIGN_AGAIN_MS = 100;

/**
 * All that is known of one study, in one file that whoever has the journal's public key can check (decision record
 * 0039): for who may audit at its institution, and with its objects for who may also export them. What may not be had
 * answers like what is not there. That it was made is a fact before its first byte leaves.
 * @throws {Failure} retrieve/not-found, retrieve/ambiguous, access/denied for the objects alone, query/too-broad;
 *   config/invalid without the key
 */
export async function makeCaseFile(ports: CasePorts, op: Op, wanted: CaseWanted): Promise<CaseFile> {
  const { db } = ports;
  const study = await permitted(ports, op, wanted);
  const objects = await objectsOfStudy(db, study.studyKey, OBJECTS_MAX + 1);
  if (objects.length > OBJECTS_MAX) throw new Failure('query/too-broad', `more than ${OBJECTS_MAX} objects`);
  await signedMaking(ports, op, await tellMade(ports, op, study, wanted));
  const checkpoint = await newestCheckpointFile(db, wanted.since ?? []);
  const { size, number, key } = checkpoint.checkpoint;
  const witnessed = await witnessedFiles(db);
  const { lines, withheld } = await linesConcerning(ports, study, size);
  const paths = await proofsOf(
    db,
    size,
    lines.map(({ seq }) => inclusionRanges(seq - 1, size)),
  );
  const now = new Date();
  const accesses = await ports.accessesOf(
    { ...study, patient: study.patient === null ? '' : patientRef(study.patient) },
    { from: study.firstStored, until: new Date(now.getTime() + 1).toISOString() },
  );
  const signer = signerOf(ports.journalKeys, key);
  const parts: Parts = { study, objects, checkpoint, witnessed, lines, paths, withheld, accesses, at: now };
  return {
    lines: lines.length,
    objects: objects.length,
    checkpoint: { number, size },
    bytes: () =>
      written(ports, op, { ...parts, withObjects: wanted.withObjects }, (manifest) =>
        signer.sign('case-file', manifest),
      ),
  };
}

async function permitted(ports: CasePorts, op: Op, wanted: CaseWanted): Promise<CaseStudy> {
  const { db, journal } = ports;
  const found = (await findStudies(db, wanted.study)).filter(
    ({ institution }) => wanted.institution === undefined || institution === wanted.institution,
  );
  const mine = found.filter(({ institution }) => op.may('audit', institution));
  for (const { institution } of found)
    if (!mine.some((each) => each.institution === institution)) {
      journal.denied(op, 'audit', institution, wanted.study);
    }
  if (mine.length > 1) throw new Failure('retrieve/ambiguous', `${mine.length} institutions hold this study`);
  const [only] = mine;
  const study = only?.held && (await findCaseStudy(db, only.held.studyKey));
  if (study === undefined) throw new Failure('retrieve/not-found', 'not held, or not for this caller');
  if (wanted.withObjects && (await seen(ports, op, 'export', wanted.study, mine)).length === 0) {
    throw new Failure('access/denied', `export of ${study.institution} by ${op.actor.id}`);
  }
  return study;
}

async function tellMade(
  { journal }: CasePorts,
  op: Op,
  of: CaseStudy,
  { reason, withObjects }: CaseWanted,
): Promise<string> {
  const { institution, study } = of;
  const by = op.institution === institution ? {} : { by: op.institution };
  const facts = { aspect: withObjects ? 'objects' : 'record', reason, ...by };
  const made = envelopeOf(op, 'case-file.made', { institution, study }, facts);
  await journal.record(made);
  return made.id;
}

/**
 * Until the making has a number under a checkpoint. Whoever numbers waits for transactions that began before (0013):
 * one that runs for long does not keep a patient waiting, whose case file then has all up to that transaction.
 */
async function signedMaking({ db, signJournal }: CasePorts, op: Op, id: string): Promise<void> {
  for (let tries = 0; tries < SIGN_TRIES_MAX; tries++) {
    await signJournal();
    if (await isSigned(db, id)) return;
    await waitMs(SIGN_AGAIN_MS, op.signal);
    op.signal.throwIfAborted();
  }
  op.log.warn('case-file.unsigned-making', { op: op.id });
}

type HeldObject = Omit<CaseObject, 'isDamaged'> & Pick<Location, 'segment' | 'fileAt'>;
type Parts = {
  study: CaseStudy;
  objects: readonly HeldObject[];
  checkpoint: CheckpointFile;
  /** What witnesses signed last. */
  witnessed: readonly CheckpointFile[];
  lines: readonly Line[];
  /** Of each line: what proves its place. */
  paths: readonly (readonly string[])[];
  withheld: readonly number[];
  accesses: { report: object; html: string };
  at: Date;
};

/** The archive, its first page first and the signed list of everything last. */
async function* written(
  ports: CasePorts,
  op: Op,
  { withObjects, ...parts }: Parts & { withObjects: boolean },
  sign: (manifest: Json) => string,
): AsyncGenerator<Uint8Array> {
  const { study, objects, checkpoint, witnessed, lines, withheld, accesses } = parts;
  const { institution, study: uid, patient } = study;
  const at = parts.at.toISOString();
  const bytes = objects.reduce((sum, object) => sum + object.bytes, 0);
  const told = { count: objects.length, bytes, isIncluded: withObjects };
  const shared = gathered(lines);
  const tar = new TarWriter(parts.at);
  const described = { at, institution, study: uid, patient, checkpoint, witnessed, objects: told };
  yield* tar.text(CASE.readme, readmeText({ ...described, lines: lines.length, withheld: withheld.length }));
  yield* tar.text(CASE.accesses, accesses.html);
  yield* tar.text(CASE.accessesJson, jsonText(accesses.report));
  yield* tar.text(CASE.shared, sharedText(shared));
  yield* tar.text(CASE.sharedJson, jsonText(shared));
  yield* tar.text(CASE.checkpoint, checkpointFileText(checkpoint));
  yield* tar.text(CASE.witnessed, witnessed.map((file) => `${JSON.stringify(file)}\n`).join(''));
  yield* tar.text(CASE.journal, lines.map((line, index) => lineText(line, parts.paths[index] ?? [])).join(''));
  const damaged = new Set<HeldObject>();
  for (const object of withObjects ? objects : []) {
    op.signal.throwIfAborted();
    const body = checked(ports, object, () => damaged.add(object));
    yield* tar.body(objectPath(object), object.bytes, body);
  }
  yield* tar.text(CASE.objects, objects.map((object) => objectText(object, damaged.has(object))).join(''));
  yield* tar.text(CASE.sums, tar.entries.map(({ path, sha256 }) => `${sha256}  ${path}\n`).join(''));
  const { archive, key, number, size, root } = checkpoint.checkpoint;
  const manifest = caseManifest({
    at,
    archive,
    key,
    institution,
    study: uid,
    patient,
    checkpoint: { number, size, root },
    lines: lines.map(({ seq }) => seq),
    withheld,
    objects: told,
    files: [...tar.entries],
  });
  yield* tar.text(CASE.manifest, caseManifestText({ manifest, signature: sign(manifest) }));
  yield tar.close();
}

/** An object's file as it lies there; what differs from what was received leaves too, and is said to. */
async function* checked(
  { files }: CasePorts,
  { segment, fileAt, bytes, head, dataSetSha256 }: HeldObject,
  differs: () => void,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let at = 0;
  for await (const chunk of files.stream(segment, fileAt, bytes)) {
    hash.update(chunk.subarray(Math.max(0, Math.min(chunk.length, head - at))));
    at += chunk.length;
    yield chunk;
  }
  if (hash.digest('hex') !== dataSetSha256) differs();
}

const jsonText = (value: object): string => `${JSON.stringify(value, undefined, 1)}\n`;

const lineText = ({ seq, prev, hash, text }: Line, path: readonly string[]): string =>
  `${canonicalJson({ line: { seq, prev, hash, event: JSON.parse(text) as Json }, path })}\n`;

function objectText({ segment: _segment, fileAt: _fileAt, ...object }: HeldObject, isDamaged: boolean): string {
  return `${canonicalJson({ ...object, isDamaged })}\n`;
}
