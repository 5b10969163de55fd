import type { RandomAccess } from '@acervo/dicom/data-set/read.ts';
import { inflate } from '@acervo/dicom/deflate.ts';
import type { TransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { ingestReader, type ReadHeader } from './intake.ts';
import { parseMarks } from './marks.ts';
import { streamOf } from './source.ts';

/** The header of a deflated data set: inflated only as far as the header goes. */
export async function readDeflatedHeader(source: RandomAccess, syntax: TransferSyntax): Promise<ReadHeader> {
  const reader = ingestReader(syntax);
  for await (const chunk of inflate(streamOf(source))) {
    reader.push(chunk);
    if (reader.headerDone) break;
  }
  reader.end();
  return { dataSet: reader.dataSet, marks: parseMarks(reader.marks) };
}

/** The header of a data set that lies somewhere: what ingest would have read of it as it passed. */
export async function readHeader(source: RandomAccess, syntax: TransferSyntax): Promise<ReadHeader> {
  if (syntax.deflated) return readDeflatedHeader(source, syntax);
  const reader = ingestReader(syntax);
  for await (const chunk of streamOf(source)) {
    reader.push(chunk);
    if (reader.headerDone) break;
  }
  reader.end();
  return { dataSet: reader.dataSet, marks: parseMarks(reader.marks) };
}
