import { createHash } from 'node:crypto';
import { Failure } from '@acervo/kernel/failure.ts';
import { z } from 'zod';
import type { Facility } from '../../ports/directory.ts';
import type { Op } from '../../ports/op.ts';
import type { Db, Sql } from '../../ports/sql.ts';
import { catalogueText, readCatalogue, type Skipped } from './clues-catalogue.ts';
import { understood } from './description.ts';
import { facilitiesAfter, latestEdition } from './directory.repo.ts';
import { EVERYWHERE } from './period.ts';
import { FACILITY_COLUMNS } from './projection.ts';
import { type Registering, record, registering, rehearsing } from './registering.ts';

/** Establishments that one event carries: some 100 KB of the journal. */
const BATCH = 1000;
const ROWS_A_TIME = 10_000;

export type FacilityCounts = { added: number; changed: number; unchanged: number };
export type FacilityImport = FacilityCounts & { edition: string; digest: string; skipped: readonly Skipped[] };

type Edition = { edition: string; digest: string; facilities: readonly Omit<Facility, 'edition'>[] };

/**
 * Take an edition of the catalogue CLUES. Its rows travel in events, so that they can be made again from the journal.
 * @throws {Failure} request/invalid, also where a later edition was taken before; access/denied
 */
export async function importFacilities(
  db: Db,
  op: Op,
  bytes: Uint8Array,
  { edition: date, isDryRun = false }: { edition: string; isDryRun?: boolean },
): Promise<FacilityImport> {
  const edition = understood(z.iso.date(), date);
  const digest = createHash('sha256').update(bytes).digest('hex');
  const { facilities, skipped } = readCatalogue(catalogueText(bytes));
  const counts = await (isDryRun ? rehearsing : registering)(db, op, async (at) => {
    at.op.allow('administer', EVERYWHERE);
    const latest = await latestEdition(at.sql);
    if (latest !== undefined && latest > edition)
      throw new Failure('request/invalid', `the edition of ${latest} is here: ${edition} is older`);
    return putEdition(at, await allFacilities(at.sql), { edition, digest, facilities });
  });
  return { edition, digest, ...counts, skipped };
}

/** @param known  everything that the directory has, by CLUES */
export async function putEdition(
  at: Registering,
  known: ReadonlyMap<string, Facility>,
  { edition, digest, facilities }: Edition,
): Promise<FacilityCounts> {
  const different = facilities.filter((facility) => !isSame(known.get(facility.clues), { ...facility, edition }));
  const batches = Math.ceil(different.length / BATCH);
  for (let batch = 0; batch < batches; batch++) {
    const some = different.slice(batch * BATCH, (batch + 1) * BATCH);
    const rows = some.map((facility) => FACILITY_COLUMNS.map((column) => facility[column]));
    const place = { digest, count: facilities.length, batch: batch + 1, batches };
    await record(at, 'facility.catalogued', { institution: '' }, { edition, ...place, facilities: rows });
  }
  const added = different.filter(({ clues }) => !known.has(clues)).length;
  return { added, changed: different.length - added, unchanged: facilities.length - different.length };
}

export async function allFacilities(sql: Sql): Promise<Map<string, Facility>> {
  const all = new Map<string, Facility>();
  for (let last = ''; ; ) {
    const rows = await facilitiesAfter(sql, last, ROWS_A_TIME);
    for (const { revision: _, ...facility } of rows) all.set(facility.clues, facility);
    last = rows.at(-1)?.clues ?? last;
    if (rows.length < ROWS_A_TIME) return all;
  }
}

const isSame = (a: Facility | undefined, b: Facility): boolean =>
  a !== undefined && a.edition === b.edition && FACILITY_COLUMNS.every((column) => a[column] === b[column]);
