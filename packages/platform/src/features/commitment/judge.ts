import { isStorageSopClass } from '@acervo/dicom/sop-class.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { findBySopUid, type HeldSop } from '../../holdings/find-sop.repo.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { isDuplicate, type Owed } from './commitment.repo.ts';
import { eachReference, type Failures, failuresOf, REASON, type Reference } from './references.ts';

/** Instances that are looked up by one question. */
const BATCH_MAX = 500;
/** Files that are looked at side by side. */
const READS_MAX = 8;
/** Where a Part 10 file says that it is one (PS3.10 7.1). */
const PREFIX_AT = 128;
const PREFIX = 'DICM';

/**
 * What is not committed to, and why (PS3.4 table J.3-2). An instance is committed to when the asking system's
 * institution holds it, or else another one that the system sees, with the class it was asked for, and when its bytes
 * can be reached: every version's, as nobody can tell which of them the system sent.
 * @throws {Failure} database/unavailable and whatever else keeps it from being known
 */
export async function judge(holdings: Holdings, owed: Owed): Promise<Failures> {
  const references = [...eachReference(owed.references)];
  if (await isDuplicate(holdings.db, owed)) {
    return failuresOf(references.map((reference) => [reference, REASON.duplicateTransactionUid]));
  }
  const failed: [Reference, string][] = [];
  for (let from = 0; from < references.length; from += BATCH_MAX) {
    const some = references.slice(from, from + BATCH_MAX);
    const uids = [...new Set(some.map(({ sopInstanceUid }) => sopInstanceUid))];
    const held = Map.groupBy(await findBySopUid(holdings.db, uids, owed.sees ?? undefined), ({ sopUid }) => sopUid);
    for (let at = 0; at < some.length; at += READS_MAX) {
      const few = some.slice(at, at + READS_MAX);
      const reasons = await Promise.all(
        few.map((reference) => reasonOf(holdings, reference, owed.institution, held.get(reference.sopInstanceUid))),
      );
      few.forEach((reference, index) => {
        const reason = reasons[index];
        if (reason !== undefined) failed.push([reference, reason]);
      });
    }
  }
  return failuresOf(failed);
}

async function reasonOf(
  holdings: Holdings,
  { sopClassUid }: Reference,
  own: string,
  seen: readonly HeldSop[] = [],
): Promise<string | undefined> {
  if (!isStorageSopClass(sopClassUid)) return REASON.classNotSupported;
  const ours = seen.filter(({ institution }) => institution === own);
  const held = ours.length > 0 ? ours : seen;
  if (held.length === 0) return REASON.noSuchObjectInstance;
  const alike = held.filter((each) => each.sopClassUid === sopClassUid);
  if (alike.length === 0) return REASON.classInstanceConflict;
  const areThere = await Promise.all(alike.map((each) => isThere(holdings, each)));
  return areThere.every(Boolean) ? undefined : REASON.processingFailure;
}

/** Are its first and last bytes where the index says? One that lies on another node is that node's to keep. */
async function isThere({ files, log }: Holdings, { segment, fileAt, fileBytes }: HeldSop): Promise<boolean> {
  try {
    return await files.using(segment, async (reader) => {
      const prefix = await reader.read(fileAt + PREFIX_AT, PREFIX.length);
      const last = await reader.read(fileAt + fileBytes - 1, 1);
      const isWhole = Buffer.from(prefix).toString('latin1') === PREFIX && last.length === 1;
      if (!isWhole) log.error('commitment.damaged', { segment, fileAt });
      return isWhole;
    });
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    if (thrown.code === 'retrieve/elsewhere') return true;
    if (thrown.code !== 'retrieve/damaged') throw thrown;
    log.error('commitment.damaged', { segment, fileAt, detail: thrown.detail });
    return false;
  }
}
