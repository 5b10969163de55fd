import type { DicomJson } from '@acervo/dicom/json/to-json.ts';
import { tagText } from '@acervo/dicom/tag.ts';
import { T } from '@acervo/dicom/tags.ts';
import type { Query } from '@acervo/interop/dicomweb/query.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { HeldInstance } from '../../holdings/find.repo.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { instanceUrl, mapAhead, readInstanceJsonText } from '../../holdings/instance-json.ts';
import { scopeOf } from '../../holdings/scope.ts';
import type { Op } from '../../ports/op.ts';
import type { Counter } from './count.ts';
import { namedTags, placeKeys } from './keys.ts';
import { matchesJson } from './match-json.ts';
import { type FoundRow, findPage, type Search } from './search.repo.ts';

/** Matches in one answer, where the caller wants more or does not say. */
export const LIMIT_MAX = 5_000;
/** Where the caller does not say, and no study bounds the search. */
export const LIMIT_DEFAULT = 1_000;
/** Instances of a study whose headers are read for one search. */
export const HEADERS_SEARCHED_MAX = 10_000;
/** Headers that are looked through between two looks at whether anybody still waits. */
const HEADERS_AT_ONCE = 64;

/** Where a search looks: what its path names. */
export type Path = { institution?: string; study?: string; series?: string };

export type Found = {
  rows: readonly FoundRow[];
  /** Of each row, at instance level. */
  headers: readonly DicomJson[];
  /** Matches in all; no more than COUNT_MAX + 1 are counted. */
  total: number;
  offset: number;
  /** Matches that one answer may hold, and whether it was the server that said so. */
  limit: number;
  isLimitOurs: boolean;
};

/** What a search asks of the archive. */
export type Ports = Pick<Holdings, 'db' | 'files' | 'log' | 'journal'> & { counter: Counter };

/**
 * What the caller may see of the studies, series or instances that a query asks for. When it resolves the search
 * is in the journal (the names of its keys, never their values).
 * @param base  scheme and authority, for the addresses of bulk data
 * @throws {Failure} query/invalid, query/not-indexed, query/too-costly, retrieve/not-found, access/denied
 */
export async function search(ports: Ports, op: Op, query: Query, path: Path, base: string): Promise<Found> {
  const institutions = scopeOf(op, path.institution);
  op.allow('query', path.institution ?? op.institution);
  if (query.cursor !== undefined) throw new Failure('query/invalid', 'a cursor that no answer gave');
  const isBelowStudy = path.study !== undefined;
  const wanted: Search = {
    level: query.level,
    institutions,
    study: path.study,
    series: path.series,
    keys: placeKeys(query, isBelowStudy),
    fuzzyMatching: query.fuzzyMatching,
    withSopClasses: namedTags(query).has(T.SOPClassesInStudy),
    firstGroupOnly: false,
  };
  const limitOurs = isBelowStudy ? LIMIT_MAX : LIMIT_DEFAULT;
  const limit = Math.min(query.limit ?? limitOurs, LIMIT_MAX);
  const { rows, total } =
    wanted.keys.header.length > 0
      ? await searchHeaders(ports, op, wanted, query, limit)
      : await searchIndex(ports, wanted, limit, query.offset);
  const headers = query.level === 'instance' ? await headersOf(ports, rows, base) : [];
  await ports.journal.queried(op, { level: query.level, keys: keyNames(query), returned: rows.length });
  return { rows, headers, total, offset: query.offset, limit, isLimitOurs: limit !== query.limit };
}

async function searchIndex(
  { db, counter }: Ports,
  wanted: Search,
  limit: number,
  offset: number,
): Promise<{ rows: FoundRow[]; total: number }> {
  const rows = await findPage(db, wanted, limit, offset);
  // A page that is not full says how many there are; one behind the end does not.
  const isEnd = rows.length < limit && (rows.length > 0 || offset === 0);
  return { rows, total: isEnd ? offset + rows.length : await counter.count(wanted) };
}

/** Keys that only the instances themselves have: their headers are read, those of one study at most. */
async function searchHeaders(
  ports: Ports,
  op: Op,
  wanted: Search,
  query: Query,
  limit: number,
): Promise<{ rows: FoundRow[]; total: number }> {
  const candidates = await findPage(ports.db, wanted, HEADERS_SEARCHED_MAX + 1, 0);
  if (candidates.length > HEADERS_SEARCHED_MAX) {
    throw new Failure('query/too-costly', `more than ${HEADERS_SEARCHED_MAX} headers to be searched`);
  }
  const rows: FoundRow[] = [];
  for (let at = 0; at < candidates.length; at += HEADERS_AT_ONCE) {
    if (op.signal.aborted) throw new Failure('request/cancelled', 'nobody waits for the search');
    const some = candidates.slice(at, at + HEADERS_AT_ONCE);
    const headers = await headersOf(ports, some, '');
    rows.push(...some.filter((_, index) => matchesJson(headers[index] ?? {}, wanted.keys.header, query)));
  }
  return { rows: rows.slice(query.offset, query.offset + limit), total: rows.length };
}

async function headersOf(ports: Ports, rows: readonly FoundRow[], base: string): Promise<DicomJson[]> {
  return mapAhead(rows, async (row) => {
    const instance = row as HeldInstance;
    const { text } = await readInstanceJsonText(ports, instance, instanceUrl(base, row.institution, instance));
    return JSON.parse(text) as DicomJson;
  });
}

const keyNames = ({ matches }: Query): string[] =>
  matches.filter(({ condition }) => condition.kind !== 'universal').map(({ path }) => path.map(tagText).join('.'));
