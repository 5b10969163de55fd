import { newId } from '@acervo/kernel/id.ts';
import type { Op } from '@acervo/platform/ports/op.ts';
import { EVERYTHING, standingOf, type View } from '@acervo/platform/ports/view.ts';
import { silentLog } from '../postgres.ts';

/** An operation of a caller who may do everything. */
export function testOp(over: Partial<Op> = {}): Op {
  return {
    id: newId(),
    institution: 'TEST',
    actor: { kind: 'system', id: 'tester' },
    system: 'TESTSCU',
    door: 'dimse',
    issuer: 'TEST',
    charsetDefault: 'ISO_IR 100',
    purpose: 'TREATMENT',
    address: '',
    signal: new AbortController().signal,
    log: silentLog,
    view: () => EVERYTHING,
    decide: () => ({ isPermitted: true, policies: [] }),
    grounds: () => undefined,
    may: () => true,
    allow: () => {},
    ...over,
  };
}

/** All of some institutions, and of others nothing. */
export const viewOf = (...institutions: readonly string[]): View => ({
  institutions: new Map(institutions.map((institution) => [institution, EVERYTHING.others])),
  others: [],
});

/** What an operation is that has such a view. */
export function seeing(...institutions: readonly string[]): Pick<Op, 'view' | 'decide' | 'may'> {
  const view = viewOf(...institutions);
  return {
    view: () => view,
    decide: (_, { institution }) => ({ isPermitted: standingOf(view, institution) === 'all', policies: [] }),
    may: (_, institution) => institutions.includes(institution),
  };
}
