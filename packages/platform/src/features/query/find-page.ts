import { Failure } from '@acervo/kernel/failure.ts';
import type { Sql } from '../../ports/sql.ts';
import { beginningsStatement, countBeginnings } from './beginnings.repo.ts';
import type { Many } from './many.ts';
import {
  type FoundRow,
  fewStatement,
  foundPage,
  type Page,
  type Search,
  type Statement,
  walkStatement,
  windowStatement,
} from './search.repo.ts';

/** Matches are counted so far. */
export const COUNT_MAX = 10_000;
/** Matches that may be passed over where more match than are counted. */
export const OFFSET_MAX = 100_000;
/**
 * So many of the newest studies are looked through before an index is asked that is slow where many match; and, where
 * enough of them match for the page to become full, so many.
 */
const WINDOW_STUDIES = 10_000;
const WINDOW_ENOUGH = 40;
const WINDOW_STUDIES_MAX = 30_000;
/** Studies that are compared one by one for a search that no index narrows. */
export const COMPARED_MAX = 50_000;

export type PageFound = {
  rows: FoundRow[];
  /** Matches in all, or at least: never more than COUNT_MAX. */
  total: number;
  isExact: boolean;
};

/**
 * How a search is answered (decision record 0021):
 * `order`: it asks for a stretch of the order of answers, or for all of it;
 * `index`: the matches are found by their keys and put in order; where they are more than are counted, the order is
 * walked until the page is full, which then does not take long. What many identifiers begin with is counted first, and
 * looked for as letters are;
 * `letters`: the newest studies are looked through first, since an index of letters or codes is slow where many match;
 * `compare`: no key has an index; that is bounded, and refused beyond.
 */
export type Way = 'order' | 'index' | 'letters' | 'compare';

export function wayOf({ study, keys }: Search): Way {
  if (study !== undefined || keys.isNever) return 'index';
  const by = new Set(keys.columns.map(({ served }) => served?.by));
  if (by.has('exact')) return 'index';
  if (by.has('letters')) return 'letters';
  const isCompared = by.has(undefined) || keys.attributes.study.length + keys.attributes.series.length > 0;
  if (isCompared) return 'compare';
  return by.has('codes') ? 'letters' : 'order';
}

/** @throws {Failure} query/too-broad, query/too-costly */
export async function findPage(sql: Sql, many: Many, search: Search, page: Page): Promise<PageFound> {
  const found = many.has(search) ? undefined : await FIND[wayOf(search)](sql, search, page);
  if (found !== undefined && found.total > COUNT_MAX) many.note(search);
  if (found?.isWhole === true) return { ...found, total: Math.min(found.total, COUNT_MAX) };
  if (page.offset > OFFSET_MAX) throw new Failure('query/too-broad', `an offset over ${OFFSET_MAX}`);
  const { rows } = await foundPage(sql, walkStatement(search, page));
  return { rows, total: COUNT_MAX, isExact: false };
}

/** What is found in a way; not whole where many match, so that walking the order soon fills the page. */
type Looked = PageFound & { isWhole: boolean };

const FIND: Readonly<Record<Way, (sql: Sql, search: Search, page: Page) => Promise<Looked>>> = {
  order: (sql, search, page) => lookThrough(sql, search, page, COUNT_MAX + 1),
  index: async (sql, search, page) => {
    const counting = beginningsStatement(search, COUNT_MAX);
    if (counting === undefined) return lookUp(sql, search, page);
    const { least, identifiers } = await countBeginnings(sql, counting);
    if (least > COUNT_MAX) return FIND.letters(sql, search, page);
    return lookUp(sql, { ...search, areIdentifiersFew: identifiers <= COUNT_MAX }, page);
  },
  letters: async (sql, search, page) => {
    const near = await lookThrough(sql, search, page, WINDOW_STUDIES);
    const isWorthMore = !near.isWhole && near.total >= WINDOW_ENOUGH;
    const seen = isWorthMore ? await lookThrough(sql, search, page, WINDOW_STUDIES_MAX) : near;
    return seen.isWhole ? seen : lookUp(sql, search, page);
  },
  compare: async (sql, search, page) => {
    const seen = await lookThrough(sql, search, page, COMPARED_MAX);
    if (seen.isWhole) return seen;
    throw new Failure('query/too-broad', `no index, and no full page among ${COMPARED_MAX} studies`);
  },
};

/** By the indexes of the keys. */
async function lookUp(sql: Sql, search: Search, page: Page): Promise<Looked> {
  const { rows, total } = await foundPage(sql, fewStatement(search, page, COUNT_MAX));
  return { rows, total, isExact: true, isWhole: total <= COUNT_MAX };
}

/** Among the newest studies, or those of the stretch of the order that is asked for. */
async function lookThrough(sql: Sql, search: Search, page: Page, max: number): Promise<Looked> {
  const { rows, total, candidates } = await foundPage(sql, windowStatement(search, page, max));
  const areAll = candidates < max;
  return {
    rows,
    total,
    isExact: areAll && page.after === undefined && total <= COUNT_MAX,
    isWhole: areAll || rows.length === page.limit,
  };
}

/** What is asked of the database first. */
export function firstStatement(search: Search, page: Page): Statement {
  const way = wayOf(search);
  if (way === 'index') return beginningsStatement(search, COUNT_MAX) ?? fewStatement(search, page, COUNT_MAX);
  return windowStatement(search, page, { order: COUNT_MAX + 1, letters: WINDOW_STUDIES, compare: COMPARED_MAX }[way]);
}
