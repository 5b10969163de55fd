import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latin1Text } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { T } from '../tags.ts';
import { fromDicomJson, JSON_DEPTH_MAX } from './from-json.ts';

const refused = (json: unknown, why: RegExp): void => {
  assert.throws(
    () => fromDicomJson(json),
    (thrown) => thrown instanceof Failure && thrown.code === 'parse/json' && why.test(thrown.detail),
    JSON.stringify(json),
  );
};
const value = (json: unknown, tag: number): Uint8Array | undefined => fromDicomJson(json).elements.get(tag)?.value;

test('values of every kind', () => {
  const { elements } = fromDicomJson({
    '00280030': { vr: 'DS', Value: [0.5, '0.25', null] },
    '00080060': { vr: 'CS', Value: ['CT'] },
    '00280010': { vr: 'US', Value: [512] },
    '00280009': { vr: 'AT', Value: ['00181063'] },
    '00091001': { vr: 'SV', Value: ['-9223372036854775808', 1] },
    '00091002': { vr: 'FL', Value: ['NaN', '-inf', 1] },
    '00091003': { vr: 'OB', InlineBinary: 'AQID' },
    '00101002': { vr: 'SQ', Value: [{ '00100020': { vr: 'LO', Value: ['X'] } }, {}] },
    '00081140': { vr: 'SQ' },
    '00100010': { vr: 'PN', Value: [{ Alphabetic: 'A^B', Phonetic: 'C' }, null] },
    '00100020': { vr: 'LO' },
  });
  const bytes = (tag: number): number[] => [...(elements.get(tag)?.value ?? [])];
  assert.deepEqual(
    [...elements.keys()].map((tag) => tag.toString(16)),
    ['80060', '81140', '91001', '91002', '91003', '100010', '100020', '101002', '280009', '280010', '280030'],
  );
  assert.equal(latin1Text(elements.get(T.PixelSpacing)?.value ?? new Uint8Array(0)), '0.5\\0.25\\ ');
  assert.deepEqual(bytes(T.Rows), [0, 2]);
  assert.deepEqual(bytes(T.FrameIncrementPointer), [0x18, 0, 0x63, 0x10]);
  assert.deepEqual(bytes(0x00091001), [0, 0, 0, 0, 0, 0, 0, 0x80, 1, 0, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(bytes(0x00091002), [0, 0, 0xc0, 0x7f, 0, 0, 0x80, 0xff, 0, 0, 0x80, 0x3f]);
  assert.deepEqual(bytes(0x00091003), [1, 2, 3, 0]);
  assert.equal(latin1Text(elements.get(T.PatientName)?.value ?? new Uint8Array(0)), 'A^B==C\\ ');
  assert.deepEqual(
    elements.get(T.OtherPatientIDsSequence)?.items?.map((item) => item.elements.size),
    [1, 0],
  );
  assert.deepEqual(elements.get(T.ReferencedImageSequence)?.items, []);
  assert.equal(elements.get(T.PatientID)?.length, 0);
});

test('text beyond ASCII is UTF-8 and says so, also where only an item has it', () => {
  const name = { vr: 'PN', Value: [{ Alphabetic: 'Ñandú' }] };
  assert.equal(latin1Text(value({ '00100010': name }, T.SpecificCharacterSet) ?? new Uint8Array(0)), 'ISO_IR 192');
  const nested = { '00101002': { vr: 'SQ', Value: [{ '00100010': name }] } };
  assert.equal(value(nested, T.SpecificCharacterSet)?.length, 10);
  assert.equal(value({ '00080005': { vr: 'CS', Value: ['ISO_IR 100'] } }, T.SpecificCharacterSet)?.length, 10);
  assert.equal(value({ '00100020': { vr: 'LO', Value: ['A'] } }, T.SpecificCharacterSet), undefined);
});

test('bulk data come from the caller, or the object is refused', () => {
  const json = { '7FE00010': { vr: 'OW', BulkDataURI: 'bulk/1' } };
  const bulkData = (uri: string): Uint8Array | undefined => (uri === 'bulk/1' ? Uint8Array.of(1, 2, 3) : undefined);
  const { elements } = fromDicomJson(json, { bulkData });
  assert.deepEqual(elements.get(T.PixelData)?.value, Uint8Array.of(1, 2, 3, 0));
  refused(json, /^7FE00010: the bulk data/);
});

test('what is not of the model is refused, and the place is told', () => {
  for (const json of [null, [], 'x', 1, undefined]) refused(json, /not an object/);
  refused({ PatientName: { vr: 'PN' } }, /named by its tag/);
  for (const name of ['00080000', '00020010', '00000100', 'FFFEE000']) {
    refused({ [name]: { vr: 'UN' } }, /not an attribute/);
  }
  refused({ '0008103E': { vr: 'LO' }, '0008103e': { vr: 'LO' } }, /twice/);
  refused({ '00080060': { vr: 'XX' } }, /^00080060: no VR/);
  refused({ '00080060': { Value: [] } }, /no VR/);
  refused({ '00080060': { vr: 'CS', value: ['CT'] } }, /member/);
  refused({ '00080060': { vr: 'OB', Value: [], InlineBinary: '' } }, /more than one/);
  refused(
    { '00101002': { vr: 'SQ', Value: [{}, { '00100020': { vr: 'LO', Value: [1] } }] } },
    /^00101002\[1\]\.00100020: a value of the wrong type for LO/,
  );
  refused({ '00101002': { vr: 'SQ', Value: [null] } }, /^00101002\[0\]: not an object/);
  refused({ '00101002': { vr: 'SQ', InlineBinary: '' } }, /binary/);
});

test('values that do not fit their VR are refused', () => {
  const wrong: [string, unknown][] = [
    ['LO', 'a\\b'],
    ['LO', '\ud800'],
    ['LO', 1],
    ['IS', 1.5],
    ['PN', 'Muñoz'],
    ['PN', { Alphabetic: 'a=b' }],
    ['PN', { Given: 'a' }],
    ['PN', { Alphabetic: 1 }],
    ['CS', 'PIÉ'],
    ['US', -1],
    ['US', 65536],
    ['US', '1'],
    ['US', null],
    ['US', 1.5],
    ['SS', 32768],
    ['UL', 2 ** 32],
    ['SL', 2 ** 31],
    ['UV', '-1'],
    ['UV', '18446744073709551616'],
    ['SV', 2 ** 60],
    ['FL', 'x'],
    ['AT', '123'],
    ['AT', 1],
    ['OB', 'AQI='],
  ];
  for (const [vr, one] of wrong) refused({ '00091001': { vr, Value: [one] } }, /^00091001: /);
  refused({ '00091001': { vr: 'LT', Value: ['a', 'b'] } }, /several values/);
  refused({ '00091001': { vr: 'LO', Value: 'a' } }, /not an array/);
  refused({ '00091001': { vr: 'LO', Value: ['x'.repeat(65536)] } }, /do not fit/);
  refused({ '00091001': { vr: 'LO', InlineBinary: 'AQI=' } }, /InlineBinary in LO/);
  for (const base64 of ['AQI', 'AQ I', 'A===', '====', 1, 'ÁQI=']) {
    refused({ '00091001': { vr: 'OB', InlineBinary: base64 } }, /base64/);
  }
});

test('nesting has a limit', () => {
  const nested = (depth: number): unknown =>
    depth === 0 ? {} : { '00101002': { vr: 'SQ', Value: [nested(depth - 1)] } };
  fromDicomJson(nested(JSON_DEPTH_MAX));
  assert.throws(
    () => fromDicomJson(nested(JSON_DEPTH_MAX + 1)),
    (thrown) => thrown instanceof Failure && thrown.code === 'parse/limit',
  );
});
