import type { Sql } from '../ports/sql.ts';
import {
  findSeries,
  findStudies,
  type Held,
  type HeldInstance,
  type HeldSeries,
  type HeldStudy,
  type InstanceUids,
  type Institutions,
} from './find.repo.ts';
import { InstanceFinder } from './instance-finder.ts';

export type Find<T> = (uids: InstanceUids, institutions: Institutions) => Promise<Held<T>[]>;

/** How an object that is named by its UIDs is found, at each level. */
export function findersOf(db: Sql): {
  study: Find<HeldStudy>;
  series: Find<HeldSeries>;
  instance: Find<HeldInstance>;
} {
  const finder = new InstanceFinder(db);
  return {
    study: (uids, institutions) => findStudies(db, uids.study, institutions),
    series: (uids, institutions) => findSeries(db, uids.study, uids.series, institutions),
    instance: (uids, institutions) => finder.find(uids, institutions),
  };
}
