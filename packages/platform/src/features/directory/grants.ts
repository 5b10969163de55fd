import { Failure } from '@acervo/kernel/failure.ts';
import type { RoleGrant } from '../../ports/directory.ts';
import { conflictOf } from './incompatible.ts';
import { isOpen, isVoid, overlap } from './period.ts';

/** A role as it is asked for; without `from`: from now on. */
export type Asked = Pick<RoleGrant, 'role' | 'institution' | 'until'> & { from?: string | undefined };

/** What a grant comes to: a role more, another end of one that is held, or nothing. */
export type Decided<Held extends RoleGrant> = { grant: RoleGrant; before: Held | undefined; isSame: boolean };

/**
 * May a person have a role, beside those that it has and had?
 * @throws {Failure} directory/incompatible, naming the pair; request/invalid where its period is none, or is the past
 *   of a role that ended: what was cannot be said anew
 */
export function decideGrant<Held extends RoleGrant>(held: readonly Held[], asked: Asked, now: Date): Decided<Held> {
  const { role, institution, until } = asked;
  const same = held.filter((each) => each.role === role && each.institution === institution);
  // Without a beginning a role that is held already is the one meant: a seed read twice gives nothing twice.
  const meant = asked.from === undefined ? same.find((each) => isOpen(each, now)) : undefined;
  const from = asked.from ?? meant?.from ?? now.toISOString();
  const grant: RoleGrant = { role, institution, from, ...(until !== undefined && { until }) };
  if (isVoid(grant)) throw new Failure('request/invalid', `until: not after ${from}`);
  const before = same.find((each) => each.from === from && !isVoid(each));
  if (before !== undefined && before.until === until) return { grant, before, isSame: true };
  if (before !== undefined && !(isOpen(before, now) && isOpen(grant, now)))
    throw new Failure('request/invalid', `${role} at ${institution} from ${from}: that is past`);
  refuse(
    grant,
    held.filter((each) => each !== before),
  );
  return { grant, before, isSame: false };
}

function refuse(grant: RoleGrant, others: readonly RoleGrant[]): void {
  const { role, institution } = grant;
  const twice = others.find((each) => each.role === role && each.institution === institution && overlap(each, grant));
  if (twice !== undefined)
    throw new Failure('request/invalid', `${role} at ${institution} is held from ${twice.from}: end that first`);
  const conflict = conflictOf(grant, others);
  if (conflict === undefined) return;
  const { pair, with: other } = conflict;
  const places = `${role} at ${institution}, ${other.role} at ${other.institution}`;
  throw new Failure('directory/incompatible', `${pair.roles.join(' with ')} (${places}): ${pair.reason}`);
}

/**
 * The same role with its end; one that had not begun is void: it ends where it begins.
 * @throws {Failure} request/invalid where the end is past
 */
export function endedAt<Grant extends RoleGrant>(grant: Grant, end: Date, now: Date): Grant {
  if (end < now) throw new Failure('request/invalid', 'at: a role ends now or later');
  const until = end.toISOString();
  return { ...grant, until: grant.from > until ? grant.from : until };
}
