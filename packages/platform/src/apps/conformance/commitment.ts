import { FAILURES, type FailureCode } from '@acervo/kernel/failure.ts';
import { EVENT, PUSH_MODEL, PUSH_MODEL_INSTANCE, REQUEST_COMMITMENT } from '../../features/commitment/data-set.ts';
import { REASON, REFERENCES_MAX } from '../../features/commitment/references.ts';
import { REFERENCES_OWED_MAX } from '../../features/commitment/register.ts';
import { QUIET_MS } from '../../features/commitment/request.scp.ts';
import { SETTINGS } from '../settings.ts';
import { code, digits, hex, table } from './markdown.ts';

/** By status. */
const REFUSALS: readonly FailureCode[] = [
  'dimse/no-such-instance',
  'request/invalid',
  'dimse/no-such-class',
  'dimse/no-such-action',
  'access/denied',
  'commitment/too-many',
  'database/unavailable',
];

const REASONS: Record<keyof typeof REASON, string> = {
  processingFailure: 'its bytes cannot be reached where the index has them',
  noSuchObjectInstance: 'not held, or not by an institution that the asking system sees',
  classInstanceConflict: 'held with another SOP class',
  classNotSupported: 'the SOP class is not one of storage',
  duplicateTransactionUid: 'the same Transaction UID was used before, with other references: every instance fails',
};

/** Storage Commitment Push Model, both roles (PS3.2 N.5.2.6). */
export function describeCommitment(): string {
  const names = Object.keys(REASON) as (keyof typeof REASON)[];
  const reasons = names.map((name) => [hex(Number.parseInt(REASON[name], 16)), REASONS[name]]);
  const statuses = REFUSALS.map((name) => [hex(FAILURES[name].dimse), FAILURES[name].title]);
  const { env, byDefault = '' } = SETTINGS.commitmentRetryHours;
  return `Push Model, ${code(PUSH_MODEL)}, instance ${code(PUSH_MODEL_INSTANCE)}; \
Action Type ID ${REQUEST_COMMITMENT}, \
Event Type IDs ${EVENT.complete} and ${EVENT.failuresExist}.

As SCP. An N-ACTION is answered 0x0000 when the request is durable; from then on a report is owed, through restarts.
At most ${digits(REFERENCES_MAX)} references in one request, ${digits(REFERENCES_OWED_MAX)} of one system waiting for \
their reports. The same request once more is no other one; after its report it is owed a report again. Storage Media
File-Set ID and UID are not evaluated, Retrieve AE Title is not sent.

${table(['Status of N-ACTION', 'Meaning'], [['0x0000', 'Success: a report will come'], ...statuses])}

The report (N-EVENT-REPORT) goes over the association that asked if its requestor stays silent on it for \
${QUIET_MS} ms
and does not release it; else, or where that fails, over an association that the archive asks for, proposing itself as
the SCP by role selection, to the host and port that are known of the system. A warning status counts as taken. A
report that is not taken is tried again, at ever longer intervals up to 10 minutes, for ${code(env)} \
(${byDefault} h),
then given up; each attempt says the same. A system of which no address is known gets what it is owed when it asks
again and stays. A report may come twice when the archive is killed before it has noted that the first one was taken.

An instance is committed to when it is durable, indexed with the SOP class that was asked for, and its file can be
reached: its own institution's, or else another's that the system sees. There is no time limit to the commitment.

${table(['Failure Reason', 'When'], reasons)}

As SCU: \`acervo commit\` asks for what is held of studies, at most 1 000 instances in one request. Reports are taken on
the same association while the command waits, and on any association that a known system asks for, which may then be
the SCP (role selection is accepted). A report is matched by its Transaction UID; an unknown one is answered
${hex(FAILURES['commitment/unknown'].dimse)}, another Event Type ID \
${hex(FAILURES['dimse/no-such-event'].dimse)}. What a report says is kept and told by
\`acervo commitments\`; nothing else follows from it.
`;
}
