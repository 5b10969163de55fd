import { createHash } from 'node:crypto';
import { canonicalJson } from '@acervo/kernel/canonical-json.ts';

/** SOP Instance UIDs by SOP Class UID: what commitment is asked for. Each list ascends, without doubles. */
export type References = Readonly<Record<string, readonly string[]>>;

/** References by Failure Reason (0008,1197), four hexadecimal digits: what is not committed to. */
export type Failures = Readonly<Record<string, References>>;

export type Reference = { sopClassUid: string; sopInstanceUid: string };

/** Most instances of one transaction; a study of more is asked for in several. */
export const REFERENCES_MAX = 10_000;

/** Failure Reasons of PS3.4 table J.3-2 as they are kept. */
export const REASON = {
  processingFailure: '0110',
  noSuchObjectInstance: '0112',
  classInstanceConflict: '0119',
  classNotSupported: '0122',
  duplicateTransactionUid: '0131',
} as const;

export function referencesOf(references: Iterable<Reference>): References {
  const byClass = new Map<string, Set<string>>();
  for (const { sopClassUid, sopInstanceUid } of references) {
    const known = byClass.get(sopClassUid);
    if (known === undefined) byClass.set(sopClassUid, new Set([sopInstanceUid]));
    else known.add(sopInstanceUid);
  }
  const sorted = [...byClass].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([sopClassUid, uids]) => [sopClassUid, [...uids].sort()]));
}

export function* eachReference(references: References): Generator<Reference> {
  for (const [sopClassUid, uids] of Object.entries(references)) {
    for (const sopInstanceUid of uids) yield { sopClassUid, sopInstanceUid };
  }
}

export const countOf = (references: References): number =>
  Object.values(references).reduce((sum, uids) => sum + uids.length, 0);

export const countOfFailures = (failures: Failures): number =>
  Object.values(failures).reduce((sum, references) => sum + countOf(references), 0);

/** The same references have the same digest, in whatever order they came. */
export const digestOf = (references: References): Buffer =>
  createHash('sha256').update(canonicalJson(references)).digest();

export function failuresOf(failed: Iterable<readonly [reference: Reference, reason: string]>): Failures {
  const byReason = new Map<string, Reference[]>();
  for (const [reference, reason] of failed) {
    const known = byReason.get(reason);
    if (known === undefined) byReason.set(reason, [reference]);
    else known.push(reference);
  }
  const sorted = [...byReason].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([reason, references]) => [reason, referencesOf(references)]));
}

/** The reason of each failed reference, by `referenceKey`. */
export function reasonsOf(failures: Failures): ReadonlyMap<string, string> {
  const reasons = new Map<string, string>();
  for (const [reason, references] of Object.entries(failures)) {
    for (const reference of eachReference(references)) reasons.set(referenceKey(reference), reason);
  }
  return reasons;
}

export const referenceKey = ({ sopClassUid, sopInstanceUid }: Reference): string => `${sopClassUid} ${sopInstanceUid}`;
