import type { QueryLevel } from '@acervo/interop/dicomweb/query.ts';
import { Failure } from '@acervo/kernel/failure.ts';

/**
 * The place of one match in the order of answers: the order's columns, those of the series from its level on, those
 * of the instance at its own. Numbers are text where they are beyond 2^53.
 */
export type Position = {
  newest: string;
  studyKey: string;
  seriesNumber?: number | null;
  seriesKey?: number;
  instanceNumber?: number | null;
  sopUid?: string;
};

const FORM: Readonly<Record<QueryLevel, (parts: readonly unknown[]) => Position | undefined>> = {
  study: ([newest, studyKey, ...rest]) =>
    isDigits(newest) && isUuid(studyKey) && rest.length === 0 ? { newest, studyKey } : undefined,
  series: ([newest, studyKey, seriesNumber, seriesKey, ...rest]) => {
    const study = FORM.study([newest, studyKey, ...rest]);
    if (study === undefined || !isNumberOrNull(seriesNumber) || !isWhole(seriesKey)) return undefined;
    return { ...study, seriesNumber, seriesKey };
  },
  instance: ([newest, studyKey, seriesNumber, seriesKey, instanceNumber, sopUid, ...rest]) => {
    const series = FORM.series([newest, studyKey, seriesNumber, seriesKey, ...rest]);
    if (series === undefined || !isNumberOrNull(instanceNumber) || typeof sopUid !== 'string') return undefined;
    return { ...series, instanceNumber, sopUid };
  },
};

const isDigits = (part: unknown): part is string => typeof part === 'string' && /^(-1|\d{1,18})$/.test(part);
const isUuid = (part: unknown): part is string =>
  typeof part === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(part);
const isWhole = (part: unknown): part is number => Number.isSafeInteger(part);
const isNumberOrNull = (part: unknown): part is number | null => part === null || isWhole(part);

/** Where the answer ended, as text for the next request. It says nothing that the answer did not. */
export function cursorOf(position: Position): string {
  const { newest, studyKey, seriesNumber, seriesKey, instanceNumber, sopUid } = position;
  const parts = [newest, studyKey, seriesNumber, seriesKey, instanceNumber, sopUid];
  return Buffer.from(JSON.stringify(parts.filter((part) => part !== undefined))).toString('base64url');
}

/** @throws {Failure} query/invalid for what `cursorOf` did not make at this level */
export function positionOf(cursor: string, level: QueryLevel): Position {
  const position = FORM[level](partsOf(cursor));
  if (position === undefined) throw new Failure('query/invalid', 'a cursor that no answer gave');
  return position;
}

function partsOf(cursor: string): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(parts) ? parts : [];
  } catch {
    return []; // No JSON: no position either.
  }
}
