import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chooseCharset } from '@acervo/dicom/charset/choose.ts';
import { readTerms } from '@acervo/dicom/charset/decode.ts';
import type { DataSet } from '@acervo/dicom/data-set/model.ts';
import { readDataSet } from '@acervo/dicom/data-set/read.ts';
import { writeDataSet } from '@acervo/dicom/data-set/write.ts';
import { type DicomJson, toDicomJson } from '@acervo/dicom/json/to-json.ts';
import { readFileHead, writeFileHead } from '@acervo/dicom/part10.ts';
import { T } from '@acervo/dicom/tags.ts';
import { EXPLICIT_LE, findTransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import type { ArchiveProcess } from './archive-process.ts';
import { runPeer } from './run-peer.ts';

/** @property declared  what the answer's (0008,0005) says, by which alone it is read */
export type Matched = { json: DicomJson; declared: readonly string[] };
export type Findscu = { matches: Matched[]; output: string };

const LITTLE = { explicitVr: true, littleEndian: true };
const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';

/** DCMTK's findscu. An identifier of our own making goes as a file, so that its text may be in any character set. */
export async function findscu(
  folder: string,
  { aeTitle, dimsePort }: Pick<ArchiveProcess, 'aeTitle' | 'dimsePort'>,
  options: readonly string[],
  identifier?: DataSet,
): Promise<Findscu> {
  const own = mkdtempSync(join(folder, 'findscu-'));
  const file = join(own, 'query.dcm');
  if (identifier !== undefined) {
    const head = writeFileHead({
      sopClassUid: SECONDARY_CAPTURE,
      sopInstanceUid: '1.2.3',
      transferSyntaxUid: EXPLICIT_LE,
    });
    writeFileSync(file, concat([head, writeDataSet(identifier, LITTLE)]));
  }
  const where = ['-aec', aeTitle, '127.0.0.1', String(dimsePort)];
  const { output } = await runPeer('findscu', [
    '-v',
    '-X',
    '-od',
    own,
    ...options,
    ...where,
    ...(identifier ? [file] : []),
  ]);
  const names = readdirSync(own).filter((name) => name.startsWith('rsp'));
  return { output, matches: names.sort().map((name) => matchOf(readFileSync(join(own, name)))) };
}

function matchOf(bytes: Uint8Array): Matched {
  const head = readFileHead(bytes, true);
  assert.ok(!('need' in head));
  const syntax = findTransferSyntax(head.transferSyntaxUid);
  assert.ok(syntax);
  const { dataSet } = readDataSet(bytes.subarray(head.dataSetOffset), { syntax });
  const declared = readTerms(dataSet.elements.get(T.SpecificCharacterSet)?.value);
  const { charset } = chooseCharset(declared, [], undefined);
  return { json: toDicomJson(dataSet, { charset, inlineBytesMax: 0 }), declared };
}
