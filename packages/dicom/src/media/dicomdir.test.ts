import assert from 'node:assert/strict';
import { test } from 'node:test';
import { itemsOf, numberOf, textOf, textsOf } from '../data-set/access.ts';
import type { DataSet } from '../data-set/model.ts';
import { readDataSet } from '../data-set/read.ts';
import { dataSetOf, numberElement, sequence, textElement } from '../data-set/write.ts';
import { readFileHead } from '../part10.ts';
import { T } from '../tags.ts';
import { EXPLICIT_LE, findTransferSyntax } from '../transfer-syntax.ts';
import { DicomdirWriter, type FileOfSet } from './dicomdir.ts';

const CT = '1.2.840.10008.5.1.4.1.1.2';
const SR = '1.2.840.10008.5.1.4.1.1.88.22';

function header(series: string, number: string, more: Parameters<typeof dataSetOf>[0] = []): DataSet {
  return dataSetOf([
    textElement(T.SpecificCharacterSet, 'CS', 'ISO_IR 100'),
    textElement(T.PatientName, 'PN', 'Peña^Íñigo'),
    textElement(T.PatientID, 'LO', 'A-1'),
    textElement(T.StudyInstanceUID, 'UI', '1.2.3'),
    textElement(T.StudyDate, 'DA', '20260101'),
    textElement(T.SeriesInstanceUID, 'UI', series),
    textElement(T.Modality, 'CS', 'CT'),
    textElement(T.InstanceNumber, 'IS', number),
    ...more,
  ]);
}

const image = (series: string, number: number): FileOfSet => ({
  fileId: ['DICOM', 'ST000001', `SE00000${series.at(-1)}`, `IM00000${number}`],
  sopClassUid: CT,
  sopInstanceUid: `1.2.3.${series}.${number}`,
  transferSyntaxUid: EXPLICIT_LE,
  header: header(series, `${number}`, [numberElement(T.Rows, 'US', [4])]),
});

/** The tree as its offsets say it: types, indented. Each offset has to be that of an item. */
function treeOf(bytes: Uint8Array): string[] {
  const head = readFileHead(bytes, true);
  assert.ok(!('need' in head));
  const syntax = findTransferSyntax(EXPLICIT_LE);
  assert.ok(syntax);
  const { dataSet } = readDataSet(bytes.subarray(head.dataSetOffset), { syntax });
  const records = itemsOf(dataSet, T.DirectoryRecordSequence);
  // The first element of a record is 8 bytes behind the beginning of its item, its value 8 further.
  const startOf = (record: DataSet): number =>
    (record.elements.get(T.OffsetOfTheNextDirectoryRecord)?.offset ?? 0) - 16 + head.dataSetOffset;
  const at = new Map(records.map((record) => [startOf(record), record]));
  const lines: string[] = [];
  const walk = (offset: number | undefined, depth: number): void => {
    for (let next = offset ?? 0; next !== 0; ) {
      const record = at.get(next);
      assert.ok(record, `no record at ${next}`);
      const file = textsOf(record.elements.get(T.ReferencedFileID)).join('/');
      lines.push(`${' '.repeat(depth)}${textOf(record.elements.get(T.DirectoryRecordType))} ${file}`.trimEnd());
      walk(numberOf(record, T.OffsetOfReferencedLowerLevelDirectoryEntity), depth + 1);
      next = numberOf(record, T.OffsetOfTheNextDirectoryRecord) ?? 0;
    }
  };
  walk(numberOf(dataSet, T.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity), 0);
  assert.equal(lines.length, records.length);
  return lines;
}

test('records are one tree by their offsets, with the names of the files', () => {
  const writer = new DicomdirWriter();
  for (const file of [image('9.1', 1), image('9.1', 2), image('9.2', 1)]) assert.ok(writer.add(file));
  const bytes = writer.bytes({ fileSetId: 'ACERVO', sopInstanceUid: '1.2.9' });
  assert.deepEqual(treeOf(bytes), [
    'PATIENT',
    ' STUDY',
    '  SERIES',
    '   IMAGE DICOM/ST000001/SE000001/IM000001',
    '   IMAGE DICOM/ST000001/SE000001/IM000002',
    '  SERIES',
    '   IMAGE DICOM/ST000001/SE000002/IM000001',
  ]);
  assert.deepEqual(writer.bytes({ fileSetId: 'ACERVO', sopInstanceUid: '1.2.9' }), bytes, 'asked twice, the same');
});

test('other objects have records of their types; what has none is left out', () => {
  const writer = new DicomdirWriter();
  const code = dataSetOf([textElement(T.CodeValue, 'SH', '18748-4')]);
  const report = { ...image('9.3', 1), sopClassUid: SR };
  assert.ok(writer.add({ ...report, header: header('9.3', '1', [sequence(T.ConceptNameCodeSequence, [code])]) }));
  assert.equal(writer.add({ ...report, header: header('9.3', '2') }), false, 'a report without a title');
  assert.equal(writer.add({ ...report, sopClassUid: '1.2.3.4', header: header('9.3', '3') }), false);
  const lines = treeOf(writer.bytes({ fileSetId: 'ACERVO', sopInstanceUid: '1.2.9' }));
  assert.deepEqual(lines.at(-1), '   SR DOCUMENT DICOM/ST000001/SE000003/IM000001');
});

test('an empty set is one, too', () => {
  assert.deepEqual(treeOf(new DicomdirWriter().bytes({ fileSetId: 'ACERVO', sopInstanceUid: '1.2.9' })), []);
});
