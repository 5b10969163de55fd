import type { DataSet } from '@acervo/dicom/data-set/model.ts';
import { type Rejection, rejectionNote } from '@acervo/model/results/rejection.ts';
import { SEGMENTATION_STORAGE } from '@acervo/model/results/result.ts';
import { SOURCE_TAGS } from '@acervo/model/results/source.ts';
import type { HeldInstance } from '../../holdings/find.repo.ts';
import { storedDataSet } from '../../holdings/stored-data-set.ts';
import type { Op } from '../../ports/op.ts';
import type { ResultsPorts } from './ports.ts';
import type { Found } from './withdrawal.repo.ts';

/** What of a header a note copies is shorter. */
const VALUE_BYTES_MAX = 65_536;

/**
 * Store the note that withdraws results beside them, as an object of the study's institution and patient. Stored again
 * it is known as resent.
 * @returns its SOP Instance UID
 */
export async function storeNote(
  { holdings }: Pick<ResultsPorts, 'holdings'>,
  op: Op,
  held: readonly [HeldInstance, ...HeldInstance[]],
  { issuer }: Found,
  of: Pick<Rejection, 'withdrawal' | 'at' | 'text'>,
): Promise<string> {
  // A report has a smaller head than a segmentation; both have the patient and the study of the images.
  const from = held.find(({ sopClassUid }) => sopClassUid !== SEGMENTATION_STORAGE) ?? held[0];
  const rejected = held.map(({ sopClassUid, sopUid: sopInstanceUid, seriesUid }) => ({
    sopClassUid,
    sopInstanceUid,
    seriesUid,
  }));
  const { sopInstanceUid, file } = await rejectionNote({ ...of, dataSet: await headOf(holdings, from), rejected });
  const body = (async function* () {
    yield file;
  })();
  await holdings.store.store({ ...op, issuer: issuer || op.issuer }, { form: 'file', body });
  return sopInstanceUid;
}

async function headOf({ files }: ResultsPorts['holdings'], instance: HeldInstance): Promise<DataSet> {
  const { dataSet } = await storedDataSet(files, instance).read({
    keep: (tag, _vr, length = 0, depth) => (depth > 0 || SOURCE_TAGS.has(tag)) && length <= VALUE_BYTES_MAX,
    valueBytesMax: VALUE_BYTES_MAX,
  });
  return dataSet;
}
