import assert from 'node:assert/strict';
import pg from 'pg';

const INT8 = 20;
const INT8_ARRAY = 1016;
const TEXT_ARRAY: number = 1009;
/** date, timestamp, timestamptz: text, so that nothing is lost to a Date (microseconds, infinity, the zone). */
const TIMES: readonly number[] = [1082, 1114, 1184];
const TIME_ARRAYS: readonly number[] = [1182, 1115, 1185];

type Parse = (text: string) => unknown;

const asText: Parse = (text) => text;
const textArray = pg.types.getTypeParser(TEXT_ARRAY, 'text') as (text: string) => (string | null)[];

/** How values arrive: int8 as a number (asserted safe), times as text, all else as `pg` does it. */
export const ROW_TYPES: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (format === 'binary') return pg.types.getTypeParser(oid, 'binary');
    return parserOf(oid) ?? pg.types.getTypeParser(oid, 'text');
  },
};

function parserOf(oid: number): Parse | undefined {
  if (oid === INT8) return safeInteger;
  if (oid === INT8_ARRAY) return (text) => textArray(text).map((item) => (item === null ? null : safeInteger(item)));
  if (TIMES.includes(oid)) return asText;
  return TIME_ARRAYS.includes(oid) ? textArray : undefined;
}

function safeInteger(text: string): number {
  const value = Number(text);
  assert.ok(Number.isSafeInteger(value), 'an int8 beyond 2^53: select it as text');
  return value;
}
