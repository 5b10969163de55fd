import { textsOf } from '@acervo/dicom/data-set/access.ts';
import { dataSetOf, textElement } from '@acervo/dicom/data-set/build.ts';
import type { DataSet } from '@acervo/dicom/data-set/model.ts';
import { readDataSet } from '@acervo/dicom/data-set/read.ts';
import { writeDataSet } from '@acervo/dicom/data-set/write.ts';
import { C_FIND_RQ } from '@acervo/dicom/dimse/command.ts';
import type { AcceptedContext } from '@acervo/dicom/dimse/negotiate.ts';
import { T } from '@acervo/dicom/tags.ts';
import { EXPLICIT_LE, findTransferSyntax, IMPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { isValidUid } from '@acervo/dicom/uid.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { isPending } from '../../bindings/dimse.ts';
import type { Association, ProposedContext } from '../../bindings/dimse-scu.ts';

/** Study Root Query/Retrieve Information Model (PS3.4 C.6.2.1). */
const FIND = '1.2.840.10008.5.1.4.1.2.2.1';
/** For identifiers: every peer has one of them, and none compresses. */
const IDENTIFIER_SYNTAXES: readonly string[] = [EXPLICIT_LE, IMPLICIT_LE];
export const FIND_CONTEXT: ProposedContext = { abstractSyntax: FIND, transferSyntaxes: IDENTIFIER_SYNTAXES };

/** Answers of one question; a source that gives more is not believed. */
const MATCHES_MAX = 1_000_000;

export type Keys = Partial<Record<'PatientID' | 'StudyDate' | 'ModalitiesInStudy' | UidKey, string>>;
type UidKey = 'StudyInstanceUID' | 'SeriesInstanceUID' | 'SOPInstanceUID';

const VR_OF = { PatientID: 'LO', StudyDate: 'DA', ModalitiesInStudy: 'CS' } as const;

export type RemoteStudy = { study: string /** As the source says, where it does. */; instances: number | undefined };
export type RemoteInstance = { series: string; sop: string; sopClass: string | undefined };

/** Studies at the source. @throws {Failure} query/invalid with the source's status; ul/* */
export async function* findStudiesAt(association: Association, keys: Keys): AsyncGenerator<RemoteStudy> {
  const returned = [T.StudyInstanceUID, T.NumberOfStudyRelatedInstances];
  for await (const match of findAt(association, 'STUDY', keys, returned)) {
    const study = uidAt(match, T.StudyInstanceUID);
    const count = textsOf(match.elements.get(T.NumberOfStudyRelatedInstances))[0];
    if (study !== undefined) yield { study, instances: count === undefined ? undefined : Number(count) };
  }
}

/** All instances of a study at the source, asked series by series (PS3.4 C.4.1.2.2.1: hierarchical search). */
export async function* findInstancesAt(association: Association, study: string): AsyncGenerator<RemoteInstance> {
  const series: string[] = [];
  for await (const match of findAt(association, 'SERIES', { StudyInstanceUID: study }, [T.SeriesInstanceUID])) {
    const uid = uidAt(match, T.SeriesInstanceUID);
    if (uid !== undefined) series.push(uid);
  }
  for (const each of series) {
    const keys = { StudyInstanceUID: study, SeriesInstanceUID: each };
    for await (const match of findAt(association, 'IMAGE', keys, [T.SOPInstanceUID, T.SOPClassUID])) {
      const sop = uidAt(match, T.SOPInstanceUID);
      if (sop !== undefined) yield { series: each, sop, sopClass: uidAt(match, T.SOPClassUID) };
    }
  }
}

async function* findAt(
  association: Association,
  level: string,
  keys: Keys,
  returned: readonly number[],
): AsyncGenerator<DataSet> {
  const context = contextOf(association, FIND);
  const dataSet = identifierOf(context, level, keys, returned);
  const command = { affectedSopClassUid: FIND, commandField: C_FIND_RQ, priority: 0 };
  let matches = 0;
  for await (const { status, command: reply, dataSet: match } of association.ask({ context, command, dataSet })) {
    if (isPending(status)) {
      matches += 1;
      if (matches > MATCHES_MAX) throw new Failure('query/too-broad', `more than ${MATCHES_MAX} matches`);
      if (match !== undefined) yield readDataSet(match, { syntax: syntaxOf(context) }).dataSet;
    } else if (status !== 0) {
      const text = `0x${status.toString(16).padStart(4, '0')} ${reply.errorComment ?? ''}`;
      throw new Failure('query/invalid', `the source answers C-FIND with ${text.trim()}`);
    }
  }
}

/** The context that was accepted for a SOP class. @throws {Failure} dimse/no-context */
export function contextOf({ contexts }: Pick<Association, 'contexts'>, abstractSyntax: string): AcceptedContext {
  const context = contexts.find((each) => each.abstractSyntax === abstractSyntax);
  if (context === undefined) throw new Failure('dimse/no-context', abstractSyntax);
  return context;
}

/** The Identifier of a query or retrieval: keys, and the attributes that are wanted back, empty. */
export function identifierOf(
  context: AcceptedContext,
  level: string,
  keys: Keys,
  returned: readonly number[] = [],
): Uint8Array {
  const given = Object.entries(keys) as [keyof Keys, string][];
  const elements = given.map(([name, text]) =>
    textElement(T[name], name in VR_OF ? VR_OF[name as keyof typeof VR_OF] : 'UI', text),
  );
  const known = new Set(elements.map(({ tag }) => tag));
  const empty = returned
    .filter((tag) => !known.has(tag))
    .map((tag) => textElement(tag, tag === T.NumberOfStudyRelatedInstances ? 'IS' : 'UI', ''));
  const all = [textElement(T.QueryRetrieveLevel, 'CS', level), ...elements, ...empty];
  return writeDataSet(dataSetOf(all), syntaxOf(context));
}

function syntaxOf({ transferSyntax }: AcceptedContext) {
  const syntax = findTransferSyntax(transferSyntax);
  if (syntax === undefined) throw new Failure('dimse/no-context', transferSyntax);
  return syntax;
}

function uidAt({ elements }: DataSet, tag: number): string | undefined {
  const uid = textsOf(elements.get(tag))[0];
  return uid !== undefined && isValidUid(uid) ? uid : undefined;
}
