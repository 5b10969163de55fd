import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataSetOf, sequence, textElement } from '@acervo/dicom/data-set/build.ts';
import type { Element } from '@acervo/dicom/data-set/model.ts';
import { T } from '@acervo/dicom/tags.ts';
import { indexFactsOf } from './index-facts.ts';
import { MARKS, markNames } from './marks.ts';

const CURP = 'SABC560626MDFLRN01';
const id = (text: string): Element => textElement(T.PatientID, 'LO', text);
const issuer = (text: string): Element => textElement(T.IssuerOfPatientID, 'LO', text);
const others = (...items: Element[][]): Element =>
  sequence(
    T.OtherPatientIDsSequence,
    items.map((item) => dataSetOf(item)),
  );
const qualifiers = (...elements: Element[]): Element =>
  sequence(T.IssuerOfPatientIDQualifiersSequence, [dataSetOf(elements)]);

const factsOf = (...elements: Element[]) => indexFactsOf(dataSetOf(elements), { issuer: 'HGM', charset: '' });
/** As `issuer|id|type`, by place. */
function identifiers(...elements: Element[]): string[] {
  const told = factsOf(...elements).study.identifiers.map(({ place, ...each }) => ({ place, ...each }));
  assert.deepEqual(
    told.map(({ place }) => place),
    told.map((_, index) => (told[0]?.place ?? 0) + index),
  );
  return told.map((each) => `${each.issuer}|${each.id}|${each.type}`);
}

test("Patient ID is of its issuer, by name or universal identifier, else of its sender's", () => {
  assert.deepEqual(identifiers(id('7')), ['HGM|7|']);
  assert.deepEqual(identifiers(id('7'), issuer('OTRO')), ['OTRO|7|']);
  const oid = textElement(T.UniversalEntityID, 'UT', '2.16.840.1.1');
  const type = textElement(T.IdentifierTypeCode, 'CS', 'MR');
  assert.deepEqual(identifiers(id('7'), qualifiers(oid, type)), ['2.16.840.1.1|7|MR']);
  assert.equal(factsOf(id('7'), qualifiers(oid)).study.issuer, '2.16.840.1.1');
  assert.deepEqual(identifiers(id('7'), issuer('OTRO'), qualifiers(oid)), ['OTRO|7|']);
  assert.deepEqual(identifiers(id('7'), qualifiers(type)), ['HGM|7|MR']);
});

test('other identifiers keep their own issuers; the retired attribute has none', () => {
  const told = identifiers(
    id('7'),
    others([id('8'), issuer('IMSS')], [id('9')], [issuer('NOBODY')], [id('8'), issuer('IMSS')]),
    textElement(T.OtherPatientIDs, 'LO', 'A\\\\B\\9'),
  );
  assert.deepEqual(told, ['HGM|7|', 'IMSS|8|', '|9|', '|A|', '|B|']);
  assert.deepEqual(identifiers(others([id('8'), issuer('IMSS')])), ['IMSS|8|'], 'without a Patient ID');
  assert.deepEqual(identifiers(), []);
});

test('a CURP is one wherever it stands, as whoever passed it on wrote it', () => {
  const curp = `RENAPO|${CURP}|CURP`;
  assert.deepEqual(identifiers(id(CURP)), [`HGM|${CURP}|`, curp]);
  assert.deepEqual(identifiers(id(CURP.toLowerCase()), issuer('SSA')), [`SSA|${CURP.toLowerCase()}|`, curp]);
  assert.deepEqual(identifiers(id(CURP), issuer('RENAPO')), [curp], 'told once');
  assert.deepEqual(identifiers(id('7'), others([id('8')], [id(CURP), issuer('CURP')])), [
    'HGM|7|',
    curp,
    '|8|',
    `CURP|${CURP}|`,
  ]);
  assert.deepEqual(identifiers(id('7'), textElement(T.OtherPatientIDs, 'LO', CURP)), ['HGM|7|', curp, `|${CURP}|`]);
});

test('what was meant as a CURP and is none is marked on the study, and stays an identifier', () => {
  const facts = factsOf(id('7'), others([id('SABC560626MDFLRN02'), issuer('RENAPO')]));
  assert.deepEqual(markNames(facts.study.marks & MARKS.curpInvalid), ['curpInvalid']);
  assert.equal(facts.marks & MARKS.curpInvalid, 0, 'of the patient, not of the instance');
  assert.deepEqual(
    facts.study.identifiers.map((each) => each.id),
    ['7', 'SABC560626MDFLRN02'],
  );
  assert.equal(factsOf(id(CURP)).study.marks & MARKS.curpInvalid, 0);
});

test('what is too long or too many to be searched for is left out', () => {
  assert.deepEqual(identifiers(id('x'.repeat(257)), textElement(T.OtherPatientIDs, 'LO', 'A')), ['|A|']);
  const many = Array.from({ length: 100 }, (_, number) => `N${number}`).join('\\');
  assert.equal(identifiers(id('7'), textElement(T.OtherPatientIDs, 'LO', many)).length, 65);
});
