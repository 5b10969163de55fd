import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertAuditMessage } from '@acervo/testkit/audit-schema.ts';
import { parseXml } from '@acervo/testkit/parse-xml.ts';
import fc from 'fast-check';
import { anyEvent, anyText, everyKind, SOURCE } from './audit.fixture.ts';
import { auditRecordOf } from './describe.ts';
import { auditEventOf } from './fhir.ts';
import { auditMessageXml } from './message.ts';
import { syslogFrame } from './syslog.ts';
import { element, xmlText } from './xml.ts';

const HASH = 'ab'.repeat(32);
/** PS3.15 A.6: what a receiver must be able to take. */
const MESSAGE_OCTETS_MAX = 32_768;

test('any event is a message of the schema, within the size that every receiver takes', () => {
  fc.assert(
    fc.property(anyEvent, fc.nat(), (event, seq) => {
      const xml = auditMessageXml(auditRecordOf({ seq, hash: HASH, event }, SOURCE));
      assertAuditMessage(parseXml(xml));
      assert.ok(!/\p{Cc}/u.test(xml), 'no control that a syslog receiver would change');
      assert.ok(xml.includes(`"urn:uuid:${event.id}"`));
      assert.ok(new TextEncoder().encode(xml).length < MESSAGE_OCTETS_MAX, 'size');
    }),
    { numRuns: 500 },
  );
});

test('text that XML can say comes back as it was, and any other is still well-formed', () => {
  fc.assert(
    fc.property(anyText, anyText, (value, text) => {
      const parsed = parseXml(xmlText(element('a', [['b', value]], [text])));
      const said = (each: string): string =>
        each.replaceAll(/[\p{Cc}\ufffe\uffff]|\p{Surrogate}/gu, (character) => {
          const isOfXml = /[\t\n\r\x7f-\x9f]/.test(character);
          return isOfXml ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
        });
      assert.deepEqual([parsed.attributes['b'], parsed.text], [said(value), said(text)]);
    }),
    { numRuns: 500 },
  );
});

test('a frame is as long as it says, whatever is in it', () => {
  fc.assert(
    fc.property(anyText, anyText, (hostname, message) => {
      const header = { at: '2026-11-29T17:00:00.000Z', hostname, appName: 'acervo', procId: '7' };
      const bytes = syslogFrame(header, message);
      const [, length, version, at, host, app, procId, msgId, data] =
        /^(\d+) <85>(\d) (\S+) (\S+) (\S+) (\S+) (\S+) (-) \ufeff/.exec(
          new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes),
        ) ?? [];
      assert.deepEqual([version, at, app, procId, msgId, data], ['1', header.at, 'acervo', '7', 'DICOM+RFC3881', '-']);
      assert.match(host ?? '', /^[\x21-\x7e]{1,255}$/);
      assert.equal(bytes.length, String(length).length + 1 + Number(length));
    }),
  );
});

/** R4: strings are not empty, arrays are not empty, and the elements that an AuditEvent must have are there. */
function assertFhir(value: unknown, path = 'AuditEvent'): void {
  if (typeof value === 'string') return assert.notEqual(value, '', path);
  if (typeof value !== 'object' || value === null) return assert.notEqual(value ?? null, null, path);
  const members = Object.entries(value);
  assert.ok(members.length > 0, `${path} is empty`);
  for (const [name, member] of members) assertFhir(member, `${path}.${name}`);
}

type Loose = { [name: string]: Loose & Loose[] };

test('any event is an AuditEvent without empty elements, its entities with a name or a query', () => {
  fc.assert(
    fc.property(anyEvent, (event) => {
      const resource = auditEventOf(auditRecordOf({ seq: 1, hash: HASH, event }, SOURCE));
      assertFhir(resource);
      const { id, type, recorded, agent, source, entity } = resource as Loose;
      assert.equal(id, event.id);
      assert.ok(type && recorded && source?.['observer'] && (agent?.length ?? 0) > 0);
      for (const each of agent ?? []) assert.equal(typeof each['requestor'], 'boolean');
      for (const each of entity ?? []) assert.notEqual('name' in each, 'query' in each, 'invariant sev-1');
    }),
    { numRuns: 300 },
  );
});

test('every kind has one requestor at the most, and the codes of its message', () => {
  for (const event of everyKind()) {
    const record = auditRecordOf({ seq: 1, hash: HASH, event }, SOURCE);
    assertAuditMessage(parseXml(auditMessageXml(record)));
    assert.ok(record.participants.filter(({ isRequestor }) => isRequestor).length <= 1, event.kind);
    assert.ok(record.participants.length > 0);
    assert.equal(record.types.at(-1)?.code, event.kind);
  }
});
