import type { Db } from '../../../ports/sql.ts';
import type { PackageFiles } from './package-files.ts';
import { lockRegistry, referredTo } from './registry.repo.ts';

/**
 * Remove files that no package refers to: a crash left them between their being written and their row. Nobody submits
 * meanwhile.
 * @returns how many
 */
export async function sweepFiles({ db, files }: { db: Db; files: PackageFiles }): Promise<number> {
  return db.transaction(async (sql) => {
    await lockRegistry(sql);
    const there = await Array.fromAsync(files.list());
    const kept = await referredTo(sql, there);
    const orphans = there.filter((sha256) => !kept.has(sha256));
    for (const sha256 of orphans) await files.remove(sha256);
    return orphans.length;
  });
}
