import { chooseCharset } from '@acervo/dicom/charset/choose.ts';
import { readTerms } from '@acervo/dicom/charset/decode.ts';
import { textOf } from '@acervo/dicom/data-set/access.ts';
import { readContent } from '@acervo/dicom/sr/read.ts';
import { T } from '@acervo/dicom/tags.ts';
import { toFailure } from '@acervo/kernel/failure.ts';
import { type ReadReport, readReport } from '@acervo/model/results/read.ts';
import { COMPREHENSIVE_3D_SR, SEGMENTATION_STORAGE } from '@acervo/model/results/result.ts';
import type { HeldInstance } from '../../holdings/find.repo.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { storedDataSet } from '../../holdings/stored-data-set.ts';
import type { ContentQualification } from '../../ports/assessment.ts';
import type { Op } from '../../ports/op.ts';

/** Our reports have some kilobytes, and one more image reference for each image of the input. */
const REPORT_BYTES_MAX = 8 * 2 ** 20;

const MODALITIES: Readonly<Record<string, string>> = { [COMPREHENSIVE_3D_SR]: 'SR', [SEGMENTATION_STORAGE]: 'SEG' };

export const modalityOf = ({ sopClassUid }: HeldInstance): string => MODALITIES[sopClassUid] ?? 'OT';

export const isReport = ({ sopClassUid }: HeldInstance): boolean => sopClassUid === COMPREHENSIVE_3D_SR;

/** What a report of ours says; undefined where it cannot be read, which the log tells. */
export async function storedReport(
  { files }: Pick<Holdings, 'files'>,
  op: Op,
  report: HeldInstance,
): Promise<ReadReport | undefined> {
  const unread = (why: string): undefined => {
    op.log.warn('ai.report-unread', { op: op.id, sop: report.sopUid, code: why });
  };
  if (report.dataSetBytes > REPORT_BYTES_MAX) return unread('parse/limit');
  try {
    const { dataSet } = await storedDataSet(files, report).read({ stopAtPixelData: true });
    const terms = readTerms(dataSet.elements.get(T.SpecificCharacterSet)?.value);
    return readReport(readContent(dataSet, chooseCharset(terms, [], undefined).charset)) ?? unread('parse/malformed');
  } catch (thrown) {
    // A report that was damaged on disk, or that another program replaced: the rest of the study is told all the same.
    return unread(toFailure(thrown).code);
  }
}

/**
 * What results say of themselves by Content Qualification (0018,9004), PS3.3 C.8.13.2.1.1. One that says RESEARCH makes
 * all of them that; null where none is held, or where one says neither or cannot be read: then nobody knows.
 */
export async function qualificationOf(
  ports: Pick<Holdings, 'files'>,
  op: Op,
  objects: readonly HeldInstance[],
): Promise<ContentQualification | null> {
  const said = new Set(await Promise.all(objects.map((each) => storedQualification(ports, op, each))));
  if (said.has('RESEARCH')) return 'RESEARCH';
  return said.size === 1 && said.has('PRODUCT') ? 'PRODUCT' : null;
}

async function storedQualification(
  { files }: Pick<Holdings, 'files'>,
  op: Op,
  object: HeldInstance,
): Promise<string | undefined> {
  try {
    const keep = (tag: number): boolean => tag === T.ContentQualification;
    const { dataSet } = await storedDataSet(files, object).read({ keep, stopAtPixelData: true });
    return textOf(dataSet.elements.get(T.ContentQualification));
  } catch (thrown) {
    op.log.warn('ai.result-unread', { op: op.id, sop: object.sopUid, code: toFailure(thrown).code });
    return undefined;
  }
}
