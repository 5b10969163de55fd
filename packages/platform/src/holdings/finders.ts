import type { Op } from '../ports/op.ts';
import type { InstanceUids } from './find.repo.ts';
import { findSeries, findStudies, type Held, type HeldInstance, type HeldSeries, type HeldStudy } from './find.repo.ts';
import { InstanceFinder } from './instance-finder.ts';
import { type Ports, seen } from './seen.ts';

/**
 * What the caller may read of what is named by its UIDs, at one institution or at any.
 * @throws {Failure} access/denied where it can never read anything
 */
export type Find<T> = (op: Op, uids: InstanceUids, institution: string | undefined) => Promise<Held<T>[]>;

/** How an object that is named by its UIDs is found, at each level. */
export function findersOf(ports: Ports): {
  study: Find<HeldStudy>;
  series: Find<HeldSeries>;
  instance: Find<HeldInstance>;
} {
  const { db } = ports;
  const finder = new InstanceFinder(db);
  const decided =
    <T>(find: (uids: InstanceUids) => Promise<Held<T>[]>): Find<T> =>
    async (op, uids, institution) => {
      const held = (await find(uids)).filter((each) => institution === undefined || each.institution === institution);
      return seen(ports, op, 'read', uids.study, held);
    };
  return {
    study: decided(({ study }) => findStudies(db, study)),
    series: decided(({ study, series }) => findSeries(db, study, series)),
    instance: decided((uids) => finder.find(uids)),
  };
}
