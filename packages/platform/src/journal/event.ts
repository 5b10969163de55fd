import { canonicalJson, type Json } from '@acervo/kernel/canonical-json.ts';
import { newId } from '@acervo/kernel/id.ts';
import type { Actor, Op } from '../ports/op.ts';

/** Every kind of fact the journal knows. A new kind is a new line here. */
export type EventKind =
  | 'instance.stored'
  | 'instance.resent'
  | 'instance.conflicted'
  | 'instance.refused'
  | 'association.refused'
  | 'study.retrieved'
  | 'query.executed'
  | 'import.started'
  | 'import.finished'
  | 'export.finished'
  | 'backup.finished'
  | 'system.described'
  | 'system.removed'
  | 'commitment.requested'
  | 'commitment.reported'
  | 'commitment.abandoned'
  | 'commitment.asked'
  | 'commitment.answered'
  | 'patient.linked'
  | 'patient.unlinked'
  | 'patient.collided'
  | 'accesses.reported'
  | 'case-file.made'
  | 'secondary-use.refused'
  | 'secondary-use.permitted'
  | 'access.denied'
  | 'agreement.made'
  | 'agreement.ended'
  | 'referral.made'
  | 'referral.ended'
  | 'glass.broken'
  | 'glass.reviewed'
  | 'institution.described'
  | 'facility.catalogued'
  | 'person.described'
  | 'person.removed'
  | 'role.granted'
  | 'role.ended'
  | 'sensitivity.marked'
  | 'sensitivity.cleared'
  | 'segment.sealed'
  | 'key.rotated'
  | 'key.replaced'
  | 'checkpoint.witnessed'
  | 'journal.retired'
  | 'witness.signed'
  | 'witness.refused'
  | 'person.enrolled'
  | 'login.succeeded'
  | 'login.failed'
  | 'login.locked'
  | 'login.restored'
  | 'session.ended'
  | 'webauthn.registered'
  | 'webauthn.removed'
  | 'webauthn.suspended'
  | 'audit.read'
  | 'model.received'
  | 'model.refused'
  | 'model.damaged'
  | 'signer.trusted'
  | 'signer.revoked'
  | 'external-ai.described'
  | 'external-ai.retired'
  | 'approver.enrolled'
  | 'approver.revoked'
  | 'model.approved'
  | 'model.stepped'
  | 'model.step-refused'
  | 'site.ai-stopped'
  | 'ai-rule.added'
  | 'ai-rule.removed'
  | 'ai-task.made'
  | 'ai-task.ended'
  | 'ai-silent.compared'
  | 'ai-silent.deleted'
  | 'ai.result-shown'
  | 'ai.result-decided'
  | 'ai.incident-reported'
  | 'ai.incident-stepped'
  | 'ai-delivery.asked'
  | 'ai-delivery.ended'
  | 'ai-results.withdrawn'
  | 'ai-model.withdrawn';

export type Outcome = 'success' | 'warning' | 'failure';

/** One fact, as decision record 0013 defines it. No names, no pixel data. */
export type Envelope = {
  /** 2 has `address`, where it came by a network; what did not, and all of before there were addresses, is 1. */
  v: 1 | 2;
  id: string;
  at: string;
  kind: EventKind;
  outcome: Outcome;
  institution: string;
  actor: Actor;
  door: string;
  op: string;
  purpose: string;
  /** Network address of who acted (PS3.15 A.5.2.5, NetworkAccessPointID). */
  address?: string;
  /** Study Instance UID, or ''. */
  study: string;
  facts: { readonly [name: string]: Json };
};

type Subject = { institution?: string; study?: string; outcome?: Outcome };

/** A fact of an operation, with its id: made once, so that a replay writes the same row. */
export function envelopeOf(op: Op, kind: EventKind, subject: Subject, facts: Envelope['facts']): Envelope {
  return {
    ...(op.address === '' ? { v: 1 } : { v: 2, address: op.address }),
    id: newId(),
    at: new Date().toISOString(),
    kind,
    outcome: subject.outcome ?? 'success',
    institution: subject.institution ?? op.institution,
    actor: { kind: op.actor.kind, id: op.actor.id },
    door: op.door,
    op: op.id,
    purpose: op.purpose,
    study: subject.study ?? '',
    facts,
  };
}

/** A fact of the archive itself, of nobody's operation. */
export function archiveEvent(kind: EventKind, process: string, facts: Envelope['facts']): Envelope {
  const id = newId();
  return {
    v: 1,
    id,
    at: new Date().toISOString(),
    kind,
    outcome: 'success',
    institution: '',
    actor: { kind: 'process', id: process },
    door: '',
    op: id,
    purpose: '',
    study: '',
    facts,
  };
}

export const eventText = (envelope: Envelope): string => canonicalJson(envelope);
