import { Failure } from '@acervo/kernel/failure.ts';
import type { Period } from './rights.repo.ts';

const YEAR_MS = 366 * 86_400_000;

/**
 * The period that two days or moments bound: a year up to now unless they say otherwise. A day without a time begins in
 * UTC.
 * @throws {Failure} request/invalid
 */
export function periodOf(from: string | undefined, until: string | undefined, now: Date): Period {
  const end = until === undefined ? now : new Date(until);
  const start = from === undefined ? new Date(end.getTime() - YEAR_MS) : new Date(from);
  if (Number.isNaN(start.getTime()) || Number.isNaN(end.getTime())) {
    throw new Failure('request/invalid', 'a day is YYYY-MM-DD, a moment RFC 3339');
  }
  if (start >= end) throw new Failure('request/invalid', 'the period ends before it begins');
  return { from: start.toISOString(), until: end.toISOString() };
}
