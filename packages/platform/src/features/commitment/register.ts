import { Failure } from '@acervo/kernel/failure.ts';
import { newId } from '@acervo/kernel/id.ts';
import { viewOf } from '../../holdings/scope.ts';
import { envelopeOf } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';
import { wholeInstitutions } from '../../ports/view.ts';
import { insertRequested, referencesOwed } from './commitment.repo.ts';
import type { CommitmentRequest } from './data-set.ts';
import { countOf, digestOf } from './references.ts';

/** Instances of one system that may be waiting for their reports; a request beyond is refused (0213). */
export const REFERENCES_OWED_MAX = 1_000_000;
/** The report may come over the association that asked, before anybody calls back. */
const GRACE_MS = 3000;

/**
 * Make a request for storage commitment durable: when it resolves, a report is owed, whatever fails after that. The
 * same request once more is no other one; after its report it is owed a report again.
 * @returns the id of the transaction; undefined when it was open already
 * @throws {Failure} commitment/too-many, access/denied, database/unavailable
 */
export async function registerRequest(
  db: Db,
  op: Op,
  aeTitle: string,
  { transactionUid, references }: CommitmentRequest,
): Promise<string | undefined> {
  const { institution } = op;
  // Who sent an object is told that it is kept, however few may see it; so only whose it is counts.
  const sees = wholeInstitutions(viewOf(op, 'commit'));
  const referenceCount = countOf(references);
  const digest = digestOf(references);
  return db.transaction(async (sql) => {
    const owed = await referencesOwed(sql, aeTitle);
    if (owed + referenceCount > REFERENCES_OWED_MAX) {
      throw new Failure('commitment/too-many', `reports of ${owed} instances are owed to ${aeTitle}`);
    }
    const asked = { aeTitle, transactionUid, institution, sees, references, referenceCount, digest };
    const id = await insertRequested(sql, { ...asked, id: newId(), graceMs: GRACE_MS });
    if (id !== undefined) {
      const facts = { commitment: id, aeTitle, transaction: transactionUid, references, sees: sees ?? null };
      await insertEvents(sql, [envelopeOf(op, 'commitment.requested', {}, facts)]);
    }
    return id;
  });
}
