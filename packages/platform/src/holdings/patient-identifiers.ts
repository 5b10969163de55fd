import type { DicomJson } from '@acervo/dicom/json/to-json.ts';
import { tagText } from '@acervo/dicom/tag.ts';
import { T } from '@acervo/dicom/tags.ts';
import { looksLikeCurp, parseCurp } from '@acervo/interop/mexico/curp.ts';

/** One identifier of a study's patient: what it is, who gave it. */
export type PatientIdentifier = {
  /** 0: Patient ID (0010,0020) itself; others follow, valid CURPs first. */
  place: number;
  /** '' where nobody says. */
  issuer: string;
  id: string;
  /** CURP; else Identifier Type Code (0040,0035) as sent, or ''. */
  type: string;
};

/** A CURP is always of this issuer and type, whoever passed it on and as whose (decision record 0025). */
export const CURP = { issuer: 'RENAPO', type: 'CURP' } as const;

/** A LO has 64 characters. Longer ones are not searched for, and would not fit an index. */
const ID_CHARS_MAX = 256;
/** A patient has a handful. */
const FURTHER_MAX = 64;

type Sent = Omit<PatientIdentifier, 'place'>;

/**
 * Every identifier that an object tells of its patient (PS3.3 C.7.1.1): Patient ID, Other Patient IDs Sequence, and
 * Other Patient IDs, which is retired and names no issuer. A CURP is one wherever it stands.
 * @param study          DICOM JSON of patient and study level, as the index keeps it
 * @param senderIssuer   applies to Patient ID where the object names no issuer
 */
export function identifiersOf(
  study: DicomJson,
  senderIssuer: string,
): { issuer: string; identifiers: PatientIdentifier[]; isCurpInvalid: boolean } {
  const sent = sentIn(study, senderIssuer);
  const others = [
    ...itemsAt(study, T.OtherPatientIDsSequence).map((item) => sentIn(item, '')),
    ...valuesAt(study, T.OtherPatientIDs).map((id) => ({ issuer: '', id, type: '' })),
  ].filter(isKept);
  const all = isKept(sent) ? [sent, ...others] : others;
  const curps = all.map(curpOf).filter((curp) => curp !== undefined);
  const local = isKept(sent) ? [curps.find((curp) => isSame(curp, sent)) ?? sent] : [];
  const further = [...curps, ...others].filter(
    (one, index, list) => list.findIndex((each) => isSame(each, one)) === index,
  );
  const placed = further
    .filter((one) => !local.some((each) => isSame(one, each)))
    .map((one, index) => ({ place: index + 1, ...one }));
  return {
    issuer: sent.issuer,
    identifiers: [...local.map((one) => ({ place: 0, ...one })), ...placed.slice(0, FURTHER_MAX)],
    isCurpInvalid: all.some(({ id }) => looksLikeCurp(id) && typeof parseCurp(id) === 'string'),
  };
}

/**
 * Patient ID and who issued it, at the top or in an item. Where the issuer has no name (0010,0021), its universal
 * identifier is one (0010,0024) > (0040,0032).
 */
function sentIn(json: DicomJson, issuerElse: string): Sent {
  const qualifiers = itemsAt(json, T.IssuerOfPatientIDQualifiersSequence)[0] ?? {};
  return {
    issuer: textAt(json, T.IssuerOfPatientID) ?? textAt(qualifiers, T.UniversalEntityID) ?? issuerElse,
    id: textAt(json, T.PatientID) ?? '',
    type: textAt(qualifiers, T.IdentifierTypeCode) ?? '',
  };
}

function curpOf({ id }: Sent): Sent | undefined {
  const curp = parseCurp(id);
  return typeof curp === 'string' ? undefined : { ...CURP, id: curp.text };
}

const isSame = (a: Sent, b: Sent): boolean => a.issuer === b.issuer && a.id === b.id;
const isKept = ({ issuer, id, type }: Sent): boolean =>
  id !== '' && [issuer, id, type].every((text) => [...text].length <= ID_CHARS_MAX);

/** The first value, if it is a text. */
function textAt(json: DicomJson, tag: number): string | undefined {
  const value: unknown = json[tagText(tag)]?.Value?.[0];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function valuesAt(json: DicomJson, tag: number): string[] {
  const values: readonly unknown[] = json[tagText(tag)]?.Value ?? [];
  return values.filter((value) => typeof value === 'string');
}

function itemsAt(json: DicomJson, tag: number): DicomJson[] {
  const values: readonly unknown[] = json[tagText(tag)]?.Value ?? [];
  return values.filter((value): value is DicomJson => typeof value === 'object' && value !== null);
}
