import type { DicomJson } from '@acervo/dicom/json/to-json.ts';
import type { Query } from '@acervo/interop/dicomweb/query.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { Op } from '../../ports/op.ts';
import { findPage } from './find-page.ts';
import { matchesJson } from './match-json.ts';
import type { FoundRow } from './search.repo.ts';
import {
  HEADERS_AT_ONCE,
  HEADERS_SEARCHED_MAX,
  headersOf,
  keyNames,
  type Path,
  type Ports,
  wantedOf,
} from './search.ts';

/**
 * Matches of the first page, so that the first ones come soon; of each that follows twice as many, so that little was
 * looked for in vain when a peer that has its screen full cancels; and the most.
 */
export const FIRST_PAGE = 100;
export const PAGE = 1_000;

/** @property header of the instance, where it was asked for */
export type EachMatch = { row: FoundRow; header: DicomJson | undefined };

export type Each = {
  query: Query;
  path: Path;
  /** What the journal calls the level. */
  level: string;
  /** Read the header of each instance; those that a key is looked for in are read in any case. */
  withHeaders: boolean;
  /** Rows to pass over, such as further studies of a patient. */
  isWanted?(row: FoundRow): boolean;
};

/**
 * Everything that `search` would find page after page, some at a time, in the same order, in bounded memory. Each
 * page is in the journal before anything of it is handed on. What is stored meanwhile neither repeats nor hides a
 * match.
 * @throws {Failure} as `search`; request/cancelled when the caller has gone
 */
export async function* everyMatch(ports: Ports, op: Op, each: Each): AsyncGenerator<readonly EachMatch[], undefined> {
  const { query, level } = each;
  const { wanted, page } = wantedOf(op, query, each.path);
  let { after } = page;
  let searched = 0;
  for (let size = FIRST_PAGE; ; size = Math.min(PAGE, 2 * size)) {
    if (op.signal.aborted) throw new Failure('request/cancelled', 'nobody waits for the search');
    const { rows } = await findPage(ports.db, ports.many, wanted, { limit: size + 1, offset: 0, after });
    const some = rows.slice(0, size);
    if (wanted.keys.header.length > 0) searched += some.length;
    if (searched > HEADERS_SEARCHED_MAX) {
      throw new Failure('query/too-costly', `more than ${HEADERS_SEARCHED_MAX} headers to be searched`);
    }
    const kept = each.isWanted === undefined ? some : some.filter((row) => each.isWanted?.(row) === true);
    await ports.journal.queried(op, { level, keys: keyNames(query), returned: kept.length });
    const isRead = query.level === 'instance' && (each.withHeaders || wanted.keys.header.length > 0);
    if (isRead) yield* withHeaders(ports, op, kept, (header) => matchesJson(header, wanted.keys.header, query));
    else if (kept.length > 0) yield kept.map((row) => ({ row, header: undefined }));
    if (rows.length <= size) return;
    after = some.at(-1);
  }
}

async function* withHeaders(
  ports: Ports,
  op: Op,
  rows: readonly FoundRow[],
  isMatch: (header: DicomJson) => boolean,
): AsyncGenerator<readonly EachMatch[], undefined> {
  for (let at = 0; at < rows.length; at += HEADERS_AT_ONCE) {
    if (op.signal.aborted) throw new Failure('request/cancelled', 'nobody waits for the search');
    const some = rows.slice(at, at + HEADERS_AT_ONCE);
    const headers = await headersOf(ports, some, '');
    yield some.map((row, index) => ({ row, header: headers[index] ?? {} })).filter(({ header }) => isMatch(header));
  }
}
