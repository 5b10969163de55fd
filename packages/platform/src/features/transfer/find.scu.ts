import { textsOf } from '@acervo/dicom/data-set/access.ts';
import { dataSetOf, textElement } from '@acervo/dicom/data-set/build.ts';
import type { DataSet } from '@acervo/dicom/data-set/model.ts';
import { writeDataSet } from '@acervo/dicom/data-set/write.ts';
import type { AcceptedContext } from '@acervo/dicom/dimse/negotiate.ts';
import { T } from '@acervo/dicom/tags.ts';
import { isValidUid } from '@acervo/dicom/uid.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { Association } from '../../bindings/dimse-scu.ts';
import {
  askMatches,
  contextOf,
  type FoundIdentifier,
  identifierSyntax,
  STUDY_ROOT_FIND,
} from '../../bindings/find-scu.ts';

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
  const context = contextOf(association, STUDY_ROOT_FIND);
  let matches = 0;
  const believed = ({ dataSet }: FoundIdentifier): DataSet => {
    matches += 1;
    if (matches > MATCHES_MAX) throw new Failure('query/too-broad', `more than ${MATCHES_MAX} matches`);
    return dataSet;
  };
  const asked = askMatches(association, context, identifierOf(level, keys, returned), believed);
  const { status, errorComment = '' } = yield* asked;
  if (status === 0) return;
  const text = `0x${status.toString(16).padStart(4, '0')} ${errorComment}`;
  throw new Failure('query/invalid', `the source answers C-FIND with ${text.trim()}`);
}

/** The Identifier of a question: keys, and the attributes that are wanted back, empty. */
function identifierOf(level: string, keys: Keys, returned: readonly number[] = []): DataSet {
  const given = Object.entries(keys) as [keyof Keys, string][];
  const elements = given.map(([name, text]) =>
    textElement(T[name], name in VR_OF ? VR_OF[name as keyof typeof VR_OF] : 'UI', text),
  );
  const known = new Set(elements.map(({ tag }) => tag));
  const empty = returned
    .filter((tag) => !known.has(tag))
    .map((tag) => textElement(tag, tag === T.NumberOfStudyRelatedInstances ? 'IS' : 'UI', ''));
  return dataSetOf([textElement(T.QueryRetrieveLevel, 'CS', level), ...elements, ...empty]);
}

/** The Identifier of a retrieval, as its context wants it. */
export const retrievalIdentifier = (context: AcceptedContext, level: string, keys: Keys): Uint8Array =>
  writeDataSet(identifierOf(level, keys), identifierSyntax(context));

function uidAt({ elements }: DataSet, tag: number): string | undefined {
  const uid = textsOf(elements.get(tag))[0];
  return uid !== undefined && isValidUid(uid) ? uid : undefined;
}
