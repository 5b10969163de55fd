import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventOf, everyKind, SOURCE } from './audit.fixture.ts';
import { auditRecordOf } from './describe.ts';
import type { AuditableEvent } from './event.ts';
import { auditEventOf } from './fhir.ts';
import { auditMessageXml } from './message.ts';
import type { AuditRecord } from './record.ts';

const recordOf = (over: Partial<AuditableEvent>): AuditRecord =>
  auditRecordOf({ seq: 7, hash: 'ab'.repeat(32), event: eventOf(over) }, SOURCE);

/** The event's code, its action and outcome, and who takes part by the code of the role. */
const told = ({ eventId, action, outcome, participants }: AuditRecord): string =>
  [eventId.code, action, outcome, ...participants.map(({ userId, role }) => `${role?.code ?? ''}=${userId}`)].join(' ');

const HERE = 'ACERVO@acervo.hgm.mx';

test('events are told by the messages of PS3.15 A.5.3, each with its roles', () => {
  const stored = { kind: 'instance.stored', facts: { count: 12 } };
  assert.equal(told(recordOf(stored)), `110104 C 0 110153=WS1 110152=${HERE}`);
  const byImport = told(recordOf({ ...stored, door: 'import', actor: { kind: 'process', id: 'import' } }));
  assert.match(byImport, /^110107 C 0 110152=import 110155=media of operation /);
  const destination = { aspect: 'objects', destination: 'WS2' };
  assert.equal(told(recordOf({ facts: { aspect: 'objects' } })), `110102 E 0 110153=${HERE} 110152=WS1`);
  assert.equal(told(recordOf({ facts: destination })), `110102 E 0 110153=${HERE} 110152=WS2 =WS1`);
  assert.equal(told(recordOf({ facts: { aspect: 'rendered' } })), '110103 R 0 =WS1');
  assert.match(told(recordOf({ facts: { aspect: 'zip' } })), /^110106 R 0 110152=WS1 110153=\S+ 110154=media/);
  const refused = recordOf({ kind: 'association.refused', outcome: 'failure', facts: { reason: 'access/unknown' } });
  assert.equal(told(refused), `110113 E 8 =${HERE} =WS1`);
  assert.deepEqual(
    refused.types.map(({ code }) => code),
    ['110126', 'association.refused'],
  );
  assert.equal(refused.outcomeDescription, 'access/unknown: Caller not known');
  assert.ok(refused.participants.every(({ isRequestor }) => !isRequestor));
  assert.equal(told(recordOf({ kind: 'of.a.later.version' })), '110100 E 0 =WS1');
});

test('a message says which event of the journal it is, where in the chain, and how many instances', () => {
  const record = recordOf({ kind: 'instance.stored', facts: { count: 12 } });
  const [study, entry] = record.objects;
  assert.deepEqual([study?.idType.code, study?.id, study?.instances], ['110180', '1.2.3', 12]);
  assert.equal(entry?.id, `urn:uuid:${record.id}`);
  const details = Object.fromEntries(entry?.details ?? []);
  assert.deepEqual([details['seq'], details['hash'], details['PurposeOfUse']], ['7', 'ab'.repeat(32), 'TREATMENT']);
  assert.match(auditMessageXml(record), /<SOPClass NumberOfInstances="12"\/>/);
  // Of a reading the count is one of accesses.
  assert.equal(recordOf({ facts: { count: 12 } }).objects[0]?.instances, undefined);
});

test('patients are told by their identifiers, searches by their keys; words of people stay in the journal', () => {
  const patient = { institution: 'HGM', issuer: 'HGM-ADT', id: 'P-0001' };
  const unlinked = recordOf({
    kind: 'patient.unlinked',
    study: '',
    facts: { patient, reason: 'María Pérez es otra', note: 'Pérez^María', evidence: 'manual' },
  });
  assert.deepEqual([unlinked.objects[0]?.idType.code, unlinked.objects[0]?.id], ['2', 'P-0001']);
  const query = recordOf({ kind: 'query.executed', study: '', facts: { level: 'study', keys: ['PatientName'] } });
  assert.equal(query.objects[0]?.query, 'level=study&keys=PatientName');
  // A record is all that either format is made of.
  assert.doesNotMatch(JSON.stringify([unlinked, query]), /Pérez|María/);
});

test('the AuditEvent has the codes of the message', () => {
  const resource = auditEventOf(recordOf({ kind: 'instance.resent', facts: { count: 2 } }));
  assert.deepEqual(resource['type'], {
    system: 'http://dicom.nema.org/resources/ontology/DCM',
    code: '110104',
    display: 'DICOM Instances Transferred',
  });
  const [source] = resource['agent'] as { altId: string; requestor: boolean; purposeOfUse: unknown[] }[];
  assert.deepEqual([source?.altId, source?.requestor], ['AETITLES=WS1', true]);
  const code = { system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'TREAT' };
  assert.deepEqual(source?.purposeOfUse, [{ coding: [code], text: 'TREATMENT' }]);
  const [study] = resource['entity'] as { what: object }[];
  const identifier = { system: 'urn:dicom:uid', value: 'urn:oid:1.2.3' };
  assert.deepEqual(study?.what, { type: 'ImagingStudy', identifier });
});

test('each kind is told in one way at least', () => {
  const codes = new Set(everyKind().map((event) => recordOf(event).eventId.code));
  assert.ok(codes.size >= 9, [...codes].join(' '));
});
