import type { Json } from '@acervo/kernel/canonical-json.ts';

/** A fact of the journal that is to be told to others: an envelope of decision record 0013 is one. */
export type AuditableEvent = {
  id: string;
  /** RFC 3339, UTC. */
  at: string;
  kind: string;
  outcome: 'success' | 'warning' | 'failure';
  institution: string;
  actor: { kind: 'system' | 'person' | 'process'; id: string };
  door: string;
  op: string;
  purpose: string;
  /** Network address of who acted, from version 2 of the envelope on. */
  address?: string;
  /** Study Instance UID, or ''. */
  study: string;
  facts: { readonly [name: string]: Json };
};

/** The same with its place in the sealed journal: whoever keeps the message can hold the journal against it. */
export type SealedEvent = { seq: number; hash: string; event: AuditableEvent };

/** Who tells: the archive. */
export type AuditSource = {
  aeTitle: string;
  /** AuditSourceID: the archive among those that tell the same receiver. */
  id: string;
  /** AuditEnterpriseSiteID: whose archive it is. */
  site: string;
};
