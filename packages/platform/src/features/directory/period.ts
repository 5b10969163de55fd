import type { RoleGrant } from '../../ports/directory.ts';

type Period = Pick<RoleGrant, 'from' | 'until'>;

/** At all institutions. */
export const EVERYWHERE = '*';

const start = ({ from }: Period): number => Date.parse(from);
const end = ({ until }: Period): number => (until === undefined ? Number.POSITIVE_INFINITY : Date.parse(until));

/** `until` itself is outside. */
export const isInForce = (period: Period, at: Date): boolean =>
  start(period) <= at.getTime() && at.getTime() < end(period);

/** It holds at no moment: it ended before it began. */
export const isVoid = (period: Period): boolean => start(period) >= end(period);

/** There is a moment at which both hold. */
export const overlap = (a: Period, b: Period): boolean =>
  !isVoid(a) && !isVoid(b) && start(a) < end(b) && start(b) < end(a);

/** It has not come to its end. */
export const isOpen = (period: Period, at: Date): boolean => !isVoid(period) && at.getTime() < end(period);

/** There is an institution at which both hold. */
export const sharePlace = (a: string, b: string): boolean => a === b || a === EVERYWHERE || b === EVERYWHERE;
