import { Failure } from '@acervo/kernel/failure.ts';
import { newId } from '@acervo/kernel/id.ts';
import type { Directory } from '../ports/directory.ts';
import type { Identity } from '../ports/identity.ts';
import type { Log } from '../ports/log.ts';
import type { Action } from '../ports/op.ts';
import type { Caller } from './access.ts';

const ACTIONS: readonly Action[] = ['read', 'query'];

/** Whoever has logged in reads what its institution holds, until a policy says more. */
export function identityCaller(
  { kind, id, purpose, institution }: Identity,
  { directory, log, issuer, charset }: { directory: Directory; log: Log; issuer: string | undefined; charset: string },
): Caller {
  const acting = institution || directory.person(id)?.institution || '';
  const sees = [acting];
  const allow = (action: Action, what: string): void => {
    if (!ACTIONS.includes(action) || !sees.includes(what)) {
      throw new Failure('access/denied', `${action} at ${what} by ${id}`);
    }
  };
  return {
    openOp: (signal) => ({
      id: newId(),
      institution: acting,
      actor: { kind, id },
      system: kind === 'system' ? id : '',
      door: 'web',
      issuer: issuer ?? acting,
      charsetDefault: charset,
      purpose: purpose || 'TREATMENT',
      signal,
      log,
      sees,
      allow,
    }),
  };
}
