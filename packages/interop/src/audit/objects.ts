import type { Json } from '@acervo/kernel/canonical-json.ts';
import { ID_TYPE } from './codes.ts';
import type { AuditableEvent, SealedEvent } from './event.ts';
import { bounded, listText, textOf } from './fact-text.ts';
import type { EventMapping } from './kinds.ts';
import type { ParticipantObject } from './record.ts';

type Details = ParticipantObject['details'];
type Facts = AuditableEvent['facts'];

/** The journal, as PS3.15 A.5.3.2 wants an audit log to be named. */
const AUDIT_LOG = 'urn:acervo:journal';

/**
 * Facts that are told, each a plain value. What is not listed stays in the journal: a new fact, or the words of a
 * person, do not leave the archive because somebody wrote them down.
 */
const FACTS_TOLD = [
  'count',
  'level',
  'aspect',
  'service',
  'series',
  'instance',
  'returned',
  'version',
  'reencoded',
  'system',
  'destination',
  'revision',
  'commitment',
  'committed',
  'attempts',
  'association',
  'evidence',
  'person',
  'stored',
  'resent',
  'versions',
  'skipped',
  'missing',
  'studies',
  'instances',
  'damaged',
  'seq',
  'ms',
] as const;

/** Facts that are a list of names of ours, told with blanks between. */
const LISTS_TOLD = ['changed', 'differs'] as const;

/** The objects of an event: itself, then what it is about. */
export function objectsOf(
  sealed: SealedEvent,
  subject: EventMapping['subject'],
  reason: string | undefined,
): ParticipantObject[] {
  const { event } = sealed;
  return [
    ...subjectOf(event, subject, reason),
    ...(event.study === '' ? [] : [study(event)]),
    ...['patient', 'other', 'with'].flatMap((name) => patient(event.facts[name])),
    journalEvent(sealed),
  ];
}

/** Every message tells which event of the journal it is, and where in the chain: decision record 0013. */
function journalEvent({ seq, hash, event }: SealedEvent): ParticipantObject {
  const told: [string, string][] = [
    ['seq', String(seq)],
    ['hash', hash],
    ['kind', event.kind],
    ['institution', event.institution],
    ['door', event.door],
    ['operation', event.op],
    ['PurposeOfUse', event.purpose],
    ...FACTS_TOLD.map((name): [string, string] => [`facts.${name}`, textOf(event.facts[name])]),
    ...LISTS_TOLD.map((name): [string, string] => [`facts.${name}`, listText(event.facts[name])]),
  ];
  return {
    what: 'journal event',
    idType: ID_TYPE.uri,
    id: `urn:uuid:${bounded(event.id)}`,
    typeCode: '2',
    role: '13',
    name: 'Acervo journal event',
    details: told.filter(([, value]) => value !== '').map(([type, value]) => [type, bounded(value)]),
  };
}

function study({ study: uid, kind, facts }: AuditableEvent): ParticipantObject {
  const count = facts['count'];
  // PS3.15 A.5.2: instances are counted, not listed. Of readings the count is one of accesses.
  const isOfInstances = kind.startsWith('instance.') && Number.isSafeInteger(count);
  return {
    what: 'study',
    idType: ID_TYPE.study,
    id: bounded(uid),
    typeCode: '2',
    role: '3',
    name: bounded(uid),
    ...(isOfInstances && { instances: count as number }),
    details: [],
  };
}

/** {institution, issuer, id}, as the archive's patients are (decision record 0025). */
function patient(fact: Json | undefined): ParticipantObject[] {
  if (typeof fact !== 'object' || fact === null || Array.isArray(fact)) return [];
  const { id, issuer, institution } = fact as Facts;
  if (typeof id !== 'string' || id === '') return [];
  const details = [
    ['IssuerOfPatientID', textOf(issuer)],
    ['institution', textOf(institution)],
  ] as const;
  return [
    {
      what: 'patient',
      idType: ID_TYPE.patient,
      id: bounded(id),
      typeCode: '1',
      role: '1',
      name: bounded(id),
      details: details.filter(([, value]) => value !== ''),
    },
  ];
}

function subjectOf(
  event: AuditableEvent,
  subject: EventMapping['subject'],
  reason: string | undefined,
): ParticipantObject[] {
  const { facts, actor, kind } = event;
  const system = { typeCode: '2' } as const;
  switch (subject) {
    case undefined:
      return [];
    case 'query': {
      // PS3.15 A.5.3.10. DEVIATION: the journal has the names of the keys and no values, so neither has the message.
      const level = textOf(facts['level']) || 'any';
      const query = `level=${level}&keys=${listText(facts['keys']).replaceAll(' ', ',')}`;
      return [{ ...system, what: 'query', idType: ID_TYPE.searchCriteria, id: level, role: '3', query, details: [] }];
    }
    case 'node': {
      const id = textOf(facts['aeTitle']) || bounded(actor.id) || 'unknown';
      const details: Details = [['Alert Description', reason === undefined ? kind : `${kind}: ${reason}`]];
      return [{ ...system, what: 'node', idType: ID_TYPE.node, id, role: '13', name: id, details }];
    }
    case 'resource': {
      const [noun = ''] = kind.split('.');
      const id = `urn:acervo:${[noun, nameOf(facts)].filter((part) => part !== '').join(':')}`;
      const details: Details = [['Alert Description', reason === undefined ? kind : `${kind}: ${reason}`]];
      return [{ ...system, what: 'resource', idType: ID_TYPE.uri, id, role: '13', name: noun, details }];
    }
    case 'transaction': {
      const id = textOf(facts['transaction']);
      if (id === '') return [];
      return [{ ...system, what: 'transaction', idType: ID_TYPE.transaction, id, role: '20', name: id, details: [] }];
    }
    case 'audit log': {
      const [idType, name] = [ID_TYPE.uri, 'Security Audit Log'];
      return [{ ...system, what: 'audit log', idType, id: AUDIT_LOG, role: '13', name, details: [] }];
    }
  }
}

/** What programs call the thing that was changed: an id or a code, and nothing that is there to be read by people. */
function nameOf({ id, person, grant, institution }: Facts): string {
  const inside = (fact: Json | undefined, name: string): string =>
    typeof fact === 'object' && fact !== null && !Array.isArray(fact) ? textOf((fact as Facts)[name]) : '';
  const named = textOf(person) || inside(person, 'id') || inside(grant, 'person') || inside(institution, 'code');
  return encodeURIComponent((named || textOf(id)).toWellFormed());
}
