import { newId } from '@acervo/kernel/id.ts';
import type { Op } from '@acervo/platform/ports/op.ts';
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
    signal: new AbortController().signal,
    log: silentLog,
    sees: undefined,
    allow: () => {},
    ...over,
  };
}
