import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import fc from 'fast-check';
import { parseQuery } from './query.ts';

const piece = fc.constantFrom(
  'PatientName',
  '00100020',
  'StudyDate',
  'StudyInstanceUID',
  'RequestAttributesSequence',
  '.',
  '=',
  '&',
  ',',
  '%5C',
  '%',
  '+',
  '*',
  '?',
  '-',
  '20240101',
  '1.2.3',
  'limit',
  'includefield',
  'all',
  'fuzzymatching',
  'true',
  '""',
  '%C3%91',
  '%00',
  '0500',
);
const noise = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
);

test('any text is a query or fails as query/invalid', () => {
  fc.assert(
    fc.property(noise, (raw) => {
      try {
        parseQuery(raw, 'study');
      } catch (thrown) {
        assert.ok(thrown instanceof Failure && thrown.code === 'query/invalid', String(thrown));
      }
    }),
    { numRuns: 5_000 },
  );
});

test('a name that is encoded by a client is the name that is matched', () => {
  const name = fc.stringMatching(/^[A-Za-zÑñÁ'^= ,;&+%#/-]{1,40}$/).filter((text) => text.trim() === text);
  fc.assert(
    fc.property(name, (text) => {
      for (const encoded of [encodeURIComponent(text), String(new URLSearchParams({ x: text })).slice(2)]) {
        const [match] = parseQuery(`PatientName=${encoded}`, 'study').matches;
        assert.deepEqual(match?.condition, { kind: 'single', value: text.normalize('NFC') });
      }
    }),
  );
});
