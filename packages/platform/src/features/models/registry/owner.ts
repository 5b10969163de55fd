import { Failure } from '@acervo/kernel/failure.ts';
import { isInstitution } from '@acervo/kernel/id.ts';
import { z } from 'zod';
import type { Op } from '../../../ports/op.ts';

/** Of a package or a key that is everybody's. */
export const NATIONAL = '*';

/** An institution, or the nation. */
export const OWNER = z.string().refine((text) => text === NATIONAL || isInstitution(text), 'an institution code, or *');

/** What is national is seen by whoever may see what is its own. */
export const maySee = (op: Op, owner: string): boolean =>
  op.may('read-model', owner) || (owner === NATIONAL && op.may('read-model', op.institution));

/** @throws {Failure} access/denied where nothing of the registry is the caller's to see */
export function refuseBlind(op: Op): void {
  if (!maySee(op, op.institution)) throw new Failure('access/denied', `read-model by ${op.actor.id}`);
}
