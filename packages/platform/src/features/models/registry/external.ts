import { asJson } from '@acervo/kernel/canonical-json.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { isInstitution, isUuid, newId } from '@acervo/kernel/id.ts';
import { z } from 'zod';
import { understood } from '../../../bindings/json-body.ts';
import { envelopeOf } from '../../../journal/event.ts';
import type { Op } from '../../../ports/op.ts';
import type { Db } from '../../../ports/sql.ts';
import { type ExternalRow, findExternal, recordExternal } from './external.repo.ts';
import { lockRegistry } from './registry.repo.ts';
import { UNKNOWN } from './warnings.ts';

const words = z.string().trim().min(1).max(500);

/** AI that runs where this archive does not see it: in a modality, a PACS, a service of a vendor. */
export const EXTERNAL = z.strictObject({
  institution: z.string().refine(isInstitution, 'an institution code'),
  name: words,
  version: words,
  vendor: words,
  /** In what it runs. */
  host: z.enum(['modality', 'pacs', 'workstation', 'service', 'other']),
  /** AE title of that system, where the archive knows it. */
  system: z.string().max(16).optional(),
  /** CLUES, or names. */
  sites: z.array(words).max(1000).default([]),
  intendedUse: words,
  role: z.enum(['triage', 'detection', 'diagnosis', 'quantification', 'quality', 'reconstruction']),
  class: z.enum(['I', 'II', 'III']).optional(),
  registroSanitario: words.nullable().default(null),
  /** Of its training data. */
  provenance: words.default(UNKNOWN),
  contact: words.optional(),
});
export type External = z.output<typeof EXTERNAL>;

/** @throws {Failure} request/invalid, access/denied */
export async function addExternal(db: Db, op: Op, description: unknown): Promise<ExternalRow> {
  const record = understood(EXTERNAL, description);
  const { institution } = record;
  op.allow('submit-model', institution);
  const id = newId();
  return db.transaction(async (sql) => {
    const facts = { id, record: asJson(record) };
    await recordExternal(sql, envelopeOf(op, 'external-ai.described', { institution }, facts));
    return present(await findExternal(sql, id), id);
  });
}

/** It is in use no more; the inventory keeps it. @throws {Failure} request/not-found, request/invalid */
export async function retireExternal(db: Db, op: Op, id: string): Promise<ExternalRow> {
  return db.transaction(async (sql) => {
    await lockRegistry(sql);
    const row = isUuid(id) ? await findExternal(sql, id) : undefined;
    if (row === undefined || !op.may('submit-model', row.institution))
      throw new Failure('request/not-found', `no entry ${id}`);
    if (row.retiredAt !== null) throw new Failure('request/invalid', 'it was retired');
    await recordExternal(sql, envelopeOf(op, 'external-ai.retired', { institution: row.institution }, { id }));
    return present(await findExternal(sql, id), id);
  });
}

function present(row: ExternalRow | undefined, id: string): ExternalRow {
  if (row === undefined) throw new Failure('internal', `entry ${id} has no row`);
  return row;
}
