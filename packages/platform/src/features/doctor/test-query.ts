import { readTerms } from '@acervo/dicom/charset/decode.ts';
import { dataSetOf, textElement } from '@acervo/dicom/data-set/build.ts';
import { readDataSet } from '@acervo/dicom/data-set/read.ts';
import { writeDataSet } from '@acervo/dicom/data-set/write.ts';
import { T } from '@acervo/dicom/tags.ts';
import { findTransferSyntax, type TransferSyntax } from '@acervo/dicom/transfer-syntax.ts';

/** Studies of so many days are asked for: every archive at work has one, and none has to list all it holds. */
const DAYS = 14;
const DAY_MS = 86_400_000;
const ASCII_MAX = 0x7f;
const ESCAPE = 0x1b;

export type CharsetSeen = {
  /** As it stands in (0008,0005), or `-`. */
  declared: string;
  /** Nothing in it needs a character set. */
  isAscii: boolean;
  isDeclared: boolean;
};

/** A question for one study, whose answer is looked at for its character set alone: what it says stays unread. */
export function testQuery(now: Date) {
  const since = new Date(now.getTime() - DAYS * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '');
  return {
    since,
    identifier: (transferSyntax: string): Uint8Array =>
      writeDataSet(
        dataSetOf([
          textElement(T.SpecificCharacterSet, 'CS', ''),
          textElement(T.StudyDate, 'DA', `${since}-`),
          textElement(T.QueryRetrieveLevel, 'CS', 'STUDY'),
          textElement(T.PatientName, 'PN', ''),
          textElement(T.StudyInstanceUID, 'UI', ''),
        ]),
        syntaxOf(transferSyntax),
      ),
    charsetOf: ({ dataSet, transferSyntax }: { dataSet: Uint8Array; transferSyntax: string }): CharsetSeen => {
      const { elements } = readDataSet(dataSet, { syntax: syntaxOf(transferSyntax) }).dataSet;
      const terms = readTerms(elements.get(T.SpecificCharacterSet)?.value).filter((term) => term !== '');
      const name = elements.get(T.PatientName)?.value ?? new Uint8Array(0);
      const isAscii = name.every((byte) => byte <= ASCII_MAX && byte !== ESCAPE);
      return { declared: terms.join('\\') || '-', isAscii, isDeclared: terms.length > 0 };
    },
  };
}

function syntaxOf(uid: string): TransferSyntax {
  const syntax = findTransferSyntax(uid);
  if (syntax === undefined) throw new TypeError(`a context of ${uid} was never proposed`);
  return syntax;
}
