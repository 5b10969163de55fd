/** A data set as DICOM JSON (PS3.18 F). */
export type Json = { readonly [tag: string]: { Value?: unknown[] } | undefined };

/** What a report says of one thing, in its own words. */
export type Finding = {
  meaning: string;
  /** "Presente", "Ausente", "Resultado indeterminado"; undefined where nothing was decided. */
  evaluation: string | undefined;
  measured: { what: string; value: number; unit: string }[];
};

const CONCEPT_NAME = '0040A043';
const CONCEPT = '0040A168';
const CONTENT = '0040A730';
const VALUE_TYPE = '0040A040';
const MEASURED_VALUE = '0040A300';
const UNITS = '004008EA';
const NUMERIC_VALUE = '0040A30A';
const [CODE_VALUE, CODE_MEANING] = ['00080100', '00080104'];

/** Measurement Group and Finding, both DCM (TID 1501, TID 1411). */
const GROUP = '125007';
const FINDING = '121071';

/** What the measurement groups of a report say (TID 1500). */
export function findingsOf(report: Json): Finding[] {
  const children = itemsOf(report, CONTENT);
  if (codeOf(report, CONCEPT_NAME) !== GROUP) return children.flatMap(findingsOf);
  const codes = children.filter((child) => textOf(child, VALUE_TYPE) === 'CODE');
  const finding = codes.find((child) => codeOf(child, CONCEPT_NAME) === FINDING);
  if (finding === undefined) return [];
  const said = codes.find((child) => codeOf(child, CONCEPT_NAME) === codeOf(finding, CONCEPT));
  const evaluation = said && meaningOf(said, CONCEPT);
  const measured = children.filter((child) => textOf(child, VALUE_TYPE) === 'NUM').map(measuredIn);
  return [{ meaning: meaningOf(finding, CONCEPT), evaluation, measured }];
}

function measuredIn(item: Json): Finding['measured'][number] {
  const [value = {}] = itemsOf(item, MEASURED_VALUE);
  return {
    what: meaningOf(item, CONCEPT_NAME),
    value: Number(textOf(value, NUMERIC_VALUE)),
    unit: codeOf(value, UNITS),
  };
}

const itemsOf = (of: Json, tag: string): Json[] => (of[tag]?.Value ?? []) as Json[];
export const textOf = (of: Json, tag: string): string => String(of[tag]?.Value?.[0] ?? '');
const codeOf = (of: Json, sequence: string): string => textOf(itemsOf(of, sequence)[0] ?? {}, CODE_VALUE);
const meaningOf = (of: Json, sequence: string): string => textOf(itemsOf(of, sequence)[0] ?? {}, CODE_MEANING);
