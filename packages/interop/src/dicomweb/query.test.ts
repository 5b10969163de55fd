import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import type { Condition } from './matching.ts';
import { INCLUDE_FIELDS_MAX, parseQuery } from './query.ts';

const single = (value: string): Condition => ({ kind: 'single', value });
const list = (...values: string[]): Condition => ({ kind: 'list', values, quantifier: 'any' });
const wildcard = (pattern: string): Condition => ({ kind: 'wildcard', pattern });
const UNIVERSAL: Condition = { kind: 'universal' };

/** One key, and how it is matched. */
const KEYS: readonly (readonly [string, number[], Condition])[] = [
  ['PatientName=NU%C3%91EZ*', [0x00100010], wildcard('NUÑEZ*')],
  ['PatientName=NU%C3%91EZ%2A', [0x00100010], wildcard('NUÑEZ*')],
  ['PatientName=NUN%CC%83EZ', [0x00100010], single('NUÑEZ')],
  ['PatientName=PEREZ+LOPEZ^JUAN', [0x00100010], single('PEREZ LOPEZ^JUAN')],
  ['PatientName=PEREZ%20LOPEZ%5EJUAN', [0x00100010], single('PEREZ LOPEZ^JUAN')],
  ['PatientName=GARCIA,+ANA', [0x00100010], single('GARCIA, ANA')],
  ['00100010=A?B', [0x00100010], wildcard('A?B')],
  ['%50atientID=MX%2D1', [0x00100020], single('MX-1')],
  ['PatientID=A%2BB', [0x00100020], single('A+B')],
  ['PatientID=+1+', [0x00100020], single('1')],
  ['PatientID=', [0x00100020], UNIVERSAL],
  ['PatientID', [0x00100020], UNIVERSAL],
  ['PatientID=*', [0x00100020], UNIVERSAL],
  ['PatientID=**', [0x00100020], UNIVERSAL],
  ['PatientID=a=b', [0x00100020], single('a=b')],
  ['PatientID=""', [0x00100020], single('""')],
  ['PatientID=""&emptyvaluematching=true', [0x00100020], { kind: 'empty' }],
  ['PatientID=A%5CB', [0x00100020], list('A', 'B')],
  ['PatientID=A&PatientID=A', [0x00100020], single('A')],
  ['StudyInstanceUID=1.2.3', [0x0020000d], single('1.2.3')],
  ['StudyInstanceUID=1.2.3,1.2.4', [0x0020000d], list('1.2.3', '1.2.4')],
  ['StudyInstanceUID=1.2.3%5C1.2.4', [0x0020000d], list('1.2.3', '1.2.4')],
  ['StudyInstanceUID=1.2.3&0020000D=1.2.4&0020000d=1.2.3', [0x0020000d], list('1.2.3', '1.2.4')],
  ['StudyInstanceUID=1.2.3%00', [0x0020000d], single('1.2.3')],
  ['StudyInstanceUID=*', [0x0020000d], UNIVERSAL],
  ['ModalitiesInStudy=CT', [0x00080061], single('CT')],
  ['ModalitiesInStudy=CT,MR', [0x00080061], list('CT', 'MR')],
  ['ModalitiesInStudy=CT%5CMR', [0x00080061], list('CT', 'MR')],
  ['ModalitiesInStudy=CT&ModalitiesInStudy=MR', [0x00080061], list('CT', 'MR')],
  ['ModalitiesInStudy=CT,M*', [0x00080061], { kind: 'anyOf', conditions: [single('CT'), wildcard('M*')] }],
  ['ModalitiesInStudy=CT,*', [0x00080061], UNIVERSAL],
  [
    'ModalitiesInStudy=CT%5CPT&multiplevaluematching=true',
    [0x00080061],
    { kind: 'list', values: ['CT', 'PT'], quantifier: 'all' },
  ],
  ['StudyDate=20240101', [0x00080020], single('20240101')],
  ['StudyDate=20240101-20240131', [0x00080020], { kind: 'range', from: '20240101', to: '20240131' }],
  ['StudyDate=-20240131', [0x00080020], { kind: 'range', to: '20240131' }],
  ['StudyDate=*', [0x00080020], UNIVERSAL],
  ['StudyTime=10-', [0x00080030], { kind: 'range', from: '10' }],
  ['AcquisitionDateTime=20240101100000+0100', [0x0008002a], single('20240101100000+0100')],
  ['AcquisitionDateTime=20240101100000%2B0100-', [0x0008002a], { kind: 'range', from: '20240101100000+0100' }],
  ['InstanceNumber=7', [0x00200013], single('7')],
  ['InstanceNumber=+7', [0x00200013], single('+7')],
  ['Rows=512', [0x00280010], single('512')],
  ['00400275.00400009=SPS1', [0x00400275, 0x00400009], single('SPS1')],
  ['RequestAttributesSequence.00400009=SPS*', [0x00400275, 0x00400009], wildcard('SPS*')],
  ['RequestAttributesSequence=', [0x00400275], UNIVERSAL],
  ['00091001=x', [0x00091001], single('x')],
  ['00090010=ACME', [0x00090010], single('ACME')],
  ['00091001.00091002.PatientID=x', [0x00091001, 0x00091002, 0x00100020], single('x')],
];

for (const [raw, path, condition] of KEYS) {
  test(`key ${raw}`, () => {
    const { matches } = parseQuery(raw, 'study');
    assert.deepEqual(
      matches.map((match) => [match.path, match.condition]),
      [[path, condition]],
    );
  });
}

const REFUSED: readonly string[] = [
  'PatientNme=x',
  'patientname=x',
  '0010=x',
  '00100099=x',
  '(0010,0010)=x',
  '=x',
  'PatientName.PatientID=x',
  'a.b.c.d.e.f.g.h.i=x',
  '0040A043.=x',
  'PatientName=%D1',
  'PatientName=%',
  'PatientName=%zz',
  '%D1=x',
  'PatientName=a%00b',
  'PatientName=a%0Ab',
  'PatientID=A&PatientID=B',
  'StudyDate=20240101&StudyDate=20240102',
  'StudyInstanceUID=1.2.*',
  'StudyInstanceUID=abc',
  `StudyInstanceUID=${'1'.repeat(65)}`,
  'StudyInstanceUID=1..2',
  'StudyDate=2024-01-01',
  'StudyDate=today',
  'StudyDate=20240101%5C20240102-x',
  'StudyTime=25',
  'PatientAge=12',
  'InstanceNumber=one',
  'Rows=1*',
  'RequestAttributesSequence=x',
  'PixelData=x',
  'ModalitiesInStudy=C*%5CPT&multiplevaluematching=true',
  `PatientID=${'x'.repeat(1_025)}`,
  `StudyInstanceUID=${'1,'.repeat(1_001)}`,
  'limit=0',
  'limit=-1',
  'limit=ten',
  'limit=',
  'limit=1.5',
  'limit=1e3',
  'limit=1&limit=2',
  'limit=9999999999999999',
  'offset=-1',
  'offset=x',
  'fuzzymatching=yes',
  'fuzzymatching=',
  'fuzzymatching=true&fuzzymatching=false',
  'includefield=Nothing',
  'orderby=StudyDate',
  `cursor=${'x'.repeat(1_025)}`,
];

for (const raw of REFUSED) {
  test(`refused: ${raw.slice(0, 60)}`, () => {
    assert.throws(
      () => parseQuery(raw, 'study'),
      (thrown) => thrown instanceof Failure && thrown.code === 'query/invalid',
    );
  });
}

test('the query that OHIF sends', () => {
  assert.deepEqual(parseQuery('limit=101&offset=0&fuzzymatching=true&includefield=00081030,00080060', 'study'), {
    level: 'study',
    matches: [],
    includeFields: [[0x00081030], [0x00080060]],
    fuzzyMatching: true,
    emptyValueMatching: false,
    multipleValueMatching: false,
    limit: 101,
    offset: 0,
  });
});

test('an empty query asks for everything', () => {
  const { matches, includeFields, offset, ...rest } = parseQuery('', 'series');
  assert.deepEqual({ matches, includeFields, offset }, { matches: [], includeFields: [], offset: 0 });
  assert.equal('limit' in rest, false);
  assert.equal('cursor' in rest, false);
});

test('fields to include: lists, repeats, names, tags, paths, all', () => {
  const fields = (raw: string): unknown => parseQuery(raw, 'instance').includeFields;
  assert.deepEqual(fields('includefield=PatientSex&includefield=00100040,0020000D'), [[0x00100040], [0x0020000d]]);
  assert.deepEqual(fields('includefield=RequestAttributesSequence.00400009'), [[0x00400275, 0x00400009]]);
  assert.deepEqual(fields('includefield=PatientSex%2CRows'), [[0x00100040], [0x00280010]]);
  assert.deepEqual(fields('includefield='), []);
  assert.deepEqual(fields('IncludeField=00100040,'), [[0x00100040]]);
  assert.equal(fields('includefield=all'), 'all');
  assert.equal(fields('includefield=PatientSex,ALL'), 'all');
  assert.throws(() =>
    fields(
      `includefield=${Array.from({ length: INCLUDE_FIELDS_MAX + 1 }, (_, i) => `0009${(0x1000 + i).toString(16)}`)}`,
    ),
  );
});

test('transaction parameters are no attributes', () => {
  const query = parseQuery(
    'accept=application/dicom+json&charset=utf-8&cursor=a%2Bb+c&Limit=5&limit=5&offset=10',
    'study',
  );
  assert.deepEqual(query.matches, []);
  assert.deepEqual([query.cursor, query.limit, query.offset], ['a+b+c', 5, 10]);
});

test('a failure tells nothing of the patient', () => {
  for (const raw of [
    'PatientBirthDate=1970-SECRET',
    'SECRET=1',
    'PatientID=SECRET&PatientID=SECRET2',
    'InstanceNumber=SECRET',
  ]) {
    assert.throws(
      () => parseQuery(raw, 'study'),
      (thrown) => thrown instanceof Failure && !thrown.message.includes('SECRET'),
    );
  }
});
