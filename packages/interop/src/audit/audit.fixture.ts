import fc from 'fast-check';
import type { AuditableEvent, AuditSource } from './event.ts';
import { EVENT_MAPPINGS } from './kinds.ts';

export const SOURCE: AuditSource = { aeTitle: 'ACERVO', id: 'ACERVO@acervo.hgm.mx', site: 'HGM' };

/** An event as the archive writes them. */
export const eventOf = (over: Partial<AuditableEvent>): AuditableEvent => ({
  id: '019a0000-0000-7000-8000-000000000001',
  at: '2026-11-29T17:00:00.000Z',
  kind: 'study.retrieved',
  outcome: 'success',
  institution: 'HGM',
  actor: { kind: 'system', id: 'WS1' },
  door: 'dimse',
  op: '019a0000-0000-7000-8000-000000000002',
  purpose: 'TREATMENT',
  study: '1.2.3',
  facts: {},
  ...over,
});

/** Text with what breaks formats: controls, markup, halves of surrogate pairs. */
export const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({
    unit: fc.constantFrom('\0', '\x1b', '\r', '\n', '\t', '\x7f', '\u0085', '<', '>', '&', '"', "'", ']]>'),
  }),
  fc.string({ unit: fc.constantFrom('\ud83d', '\udc4d', '\ufffe', '\uffff', 'ñ', '\u2028'), maxLength: 20 }),
  fc.string({ minLength: 200, maxLength: 3000 }),
);
const anyFact = fc.oneof(anyText, fc.integer(), fc.boolean(), fc.constant(null), fc.array(anyText), fc.jsonValue());
/** Names of facts that mean something here, and any others. */
const anyFacts = fc.dictionary(
  fc.oneof(
    fc.constantFrom('count', 'reason', 'aspect', 'destination', 'aeTitle', 'patient', 'other', 'keys', 'level'),
    fc.constantFrom('transaction', 'address', 'changed', 'system', 'with', 'series', 'returned'),
    anyText,
  ),
  fc.oneof(anyFact, fc.record({ id: anyText, issuer: anyText, institution: anyText })),
  { maxKeys: 12 },
);

/** Any event that a journal can hold, of a known kind or of none. */
export const anyEvent: fc.Arbitrary<AuditableEvent> = fc.record(
  {
    id: fc.uuid(),
    at: fc
      .date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString()),
    kind: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...Object.keys(EVENT_MAPPINGS)) },
      { weight: 1, arbitrary: anyText.filter((kind) => kind !== '') },
    ),
    outcome: fc.constantFrom('success', 'warning', 'failure'),
    institution: anyText,
    actor: fc.record({ kind: fc.constantFrom('system', 'person', 'process'), id: anyText }),
    door: fc.constantFrom('dimse', 'stow', 'import', 'web', 'cli'),
    op: fc.uuid(),
    purpose: fc.oneof(fc.constantFrom('', 'TREATMENT', 'EMERGENCY'), anyText),
    study: fc.oneof(fc.constantFrom('', '1.2.3'), anyText),
    facts: anyFacts,
    address: anyText,
  },
  { requiredKeys: ['id', 'at', 'kind', 'outcome', 'institution', 'actor', 'door', 'op', 'purpose', 'study', 'facts'] },
) as fc.Arbitrary<AuditableEvent>;

/** Every kind in every way that it is told, with facts that the archive writes. */
export function everyKind(): AuditableEvent[] {
  const facts = {
    count: 3,
    aeTitle: 'WS1',
    level: 'study',
    keys: ['PatientID'],
    transaction: '1.2.9',
    reason: 'access/denied',
    patient: { institution: 'HGM', issuer: 'HGM', id: 'P1' },
  };
  return Object.keys(EVENT_MAPPINGS).flatMap((kind) => [
    eventOf({ kind, facts }),
    eventOf({ kind, facts: { ...facts, aspect: 'objects', destination: 'WS2' }, outcome: 'warning' }),
    eventOf({ kind, facts: { ...facts, aspect: 'objects' }, door: 'import', outcome: 'failure' }),
    eventOf({ kind, facts: { ...facts, aspect: 'zip' }, door: 'web', actor: { kind: 'person', id: 'u1' } }),
  ]);
}
