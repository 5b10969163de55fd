import type { DicomJson } from '@acervo/dicom/json/to-json.ts';
import { tagText } from '@acervo/dicom/tag.ts';
import { T } from '@acervo/dicom/tags.ts';
import type { Query } from '@acervo/interop/dicomweb/query.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { HeldInstance } from '../../holdings/find.repo.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { instanceUrl, mapAhead, readInstanceJsonText } from '../../holdings/instance-json.ts';
import { viewOf } from '../../holdings/scope.ts';
import type { Op } from '../../ports/op.ts';
import { findPage, type PageFound } from './find-page.ts';
import { namedTags, placeKeys } from './keys.ts';
import type { Many } from './many.ts';
import { matchesJson } from './match-json.ts';
import { cursorOf, positionOf } from './position.ts';
import { type FoundRow, fewStatement, foundPage, type Page, type Search } from './search.repo.ts';

/** Matches in one answer, where the caller wants more or does not say. */
export const LIMIT_MAX = 5_000;
/** Where the caller does not say, and no study bounds the search. */
export const LIMIT_DEFAULT = 1_000;
/** Instances of a study whose headers are read for one search. */
export const HEADERS_SEARCHED_MAX = 10_000;
/** Headers that are looked through between two looks at whether anybody still waits. */
export const HEADERS_AT_ONCE = 64;

/** Where a search looks: what its path names. */
export type Path = { institution?: string; study?: string; series?: string };

export type Found = {
  rows: readonly FoundRow[];
  /** Of each row, at instance level. */
  headers: readonly DicomJson[];
  /** Matches in all, or at least. */
  total: number;
  isExact: boolean;
  /** Is it known how many matches stand before these? Behind a cursor it is not. */
  isPlaced: boolean;
  /** The cursor of what follows, where anything does. */
  next: string | undefined;
  /** Whether it was the server that said how many matches an answer may hold. */
  isLimitOurs: boolean;
};

/** What a search asks of the archive. */
export type Ports = Pick<Holdings, 'db' | 'files' | 'log' | 'journal'> & { many: Many };

/**
 * What the caller may see of the studies, series or instances that a query asks for. When it resolves the search
 * is in the journal (the names of its keys, never their values).
 * @param base  scheme and authority, for the addresses of bulk data
 * @throws {Failure} query/invalid, query/not-indexed, query/too-broad, query/too-costly, retrieve/not-found,
 *   access/denied
 */
export async function search(ports: Ports, op: Op, query: Query, path: Path, base: string): Promise<Found> {
  const { wanted, page } = wantedOf(op, query, path);
  const { rows, total, isExact } =
    wanted.keys.header.length > 0
      ? await searchHeaders(ports, op, wanted, query, page)
      : await findPage(ports.db, ports.many, wanted, page);
  const limit = page.limit - 1;
  const answered = rows.slice(0, limit);
  const last = answered.at(-1);
  const headers = query.level === 'instance' ? await headersOf(ports, answered, base) : [];
  await ports.journal.queried(op, { level: query.level, keys: keyNames(query), returned: answered.length });
  return {
    rows: answered,
    headers,
    total,
    isExact,
    isPlaced: page.after === undefined,
    next: rows.length > limit && last !== undefined ? cursorOf(last) : undefined,
    isLimitOurs: limit !== query.limit,
  };
}

/**
 * What the caller may be answered, and which page of it.
 * @throws {Failure} query/invalid, query/not-indexed, retrieve/not-found, access/denied
 */
export function wantedOf(op: Op, query: Query, path: Path): { wanted: Search; page: Page } {
  const view = viewOf(op, 'query', path.institution);
  const isBelowStudy = path.study !== undefined;
  const limit = Math.min(query.limit ?? (isBelowStudy ? LIMIT_MAX : LIMIT_DEFAULT), LIMIT_MAX);
  const after = query.cursor === undefined ? undefined : positionOf(query.cursor, query.level);
  return {
    wanted: {
      level: query.level,
      view,
      study: path.study,
      series: path.series,
      keys: placeKeys(query, isBelowStudy),
      fuzzyMatching: query.fuzzyMatching,
      withSopClasses: namedTags(query).has(T.SOPClassesInStudy),
    },
    // One more than is answered says whether there are more.
    page: { limit: limit + 1, offset: query.offset, after },
  };
}

/** Keys that only the instances themselves have: their headers are read, those of one study at most. */
async function searchHeaders(ports: Ports, op: Op, wanted: Search, query: Query, page: Page): Promise<PageFound> {
  const all: Page = { limit: HEADERS_SEARCHED_MAX, offset: 0, after: undefined };
  const { rows: candidates, total } = await foundPage(ports.db, fewStatement(wanted, all, HEADERS_SEARCHED_MAX));
  if (total > HEADERS_SEARCHED_MAX) {
    throw new Failure('query/too-costly', `more than ${HEADERS_SEARCHED_MAX} headers to be searched`);
  }
  const rows: FoundRow[] = [];
  for (let at = 0; at < candidates.length; at += HEADERS_AT_ONCE) {
    if (op.signal.aborted) throw new Failure('request/cancelled', 'nobody waits for the search');
    const some = candidates.slice(at, at + HEADERS_AT_ONCE);
    const headers = await headersOf(ports, some, '');
    rows.push(...some.filter((_, index) => matchesJson(headers[index] ?? {}, wanted.keys.header, query)));
  }
  const from = page.offset + (query.cursor === undefined ? 0 : 1 + rows.map(cursorOf).indexOf(query.cursor));
  return { rows: rows.slice(from, from + page.limit), total: rows.length, isExact: true };
}

export async function headersOf(ports: Ports, rows: readonly FoundRow[], base: string): Promise<DicomJson[]> {
  return mapAhead(rows, async (row) => {
    const instance = row as HeldInstance;
    const { text } = await readInstanceJsonText(ports, instance, instanceUrl(base, row.institution, instance));
    return JSON.parse(text) as DicomJson;
  });
}

export const keyNames = ({ matches }: Query): string[] =>
  matches.filter(({ condition }) => condition.kind !== 'universal').map(({ path }) => path.map(tagText).join('.'));
