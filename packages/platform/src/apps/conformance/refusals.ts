import { FAILURES, type FailureCode } from '@acervo/kernel/failure.ts';
import { code, hex } from './markdown.ts';

/** Any door can end with these. */
const ANYWHERE: readonly FailureCode[] = ['database/unavailable', 'internal'];

/**
 * What an object can be refused with: a row for each status, with what it can mean.
 * @param except  codes of storing and parsing that this door does not answer
 * @param besides  codes of other kinds that it does
 */
export function refusalRows(except: readonly FailureCode[], besides: readonly FailureCode[]): string[][] {
  const all = Object.keys(FAILURES) as FailureCode[];
  const own = all.filter((name) => /^(store|parse)\//.test(name) && !except.includes(name));
  const byStatus = Map.groupBy([...own, ...besides, ...ANYWHERE], (name) => FAILURES[name].dimse);
  const rows = [...byStatus].sort(([a], [b]) => a - b);
  return rows.map(([status, names]) => [
    hex(status),
    names.map((name) => `${FAILURES[name].title} (${code(name)})`).join('; '),
  ]);
}
