import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataSetOf, element, sequence, textElement } from '@acervo/dicom/data-set/build.ts';
import type { Element } from '@acervo/dicom/data-set/model.ts';
import { T } from '@acervo/dicom/tags.ts';
import { latin1Bytes } from '@acervo/kernel/bytes.ts';
import { dateOf, indexFactsOf, timeOf } from './index-facts.ts';
import { MARKS, markNames } from './marks.ts';

const CONTEXT = { issuer: 'HOSPITAL', charset: 'ISO_IR 100' };
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const factsOf = (...elements: Element[]) => indexFactsOf(dataSetOf(elements), CONTEXT);

test('a name is folded for searching and kept as sent for answering', () => {
  const { study, marks } = factsOf(
    textElement(T.SpecificCharacterSet, 'CS', 'ISO_IR 192'),
    textElement(T.PatientName, 'PN', utf8('Núñez Peña^José Ángel')),
  );
  assert.equal(study.patient_name, '=NUNEZ PENA^JOSE ANGEL=');
  assert.deepEqual(study.attributes['00100010']?.Value, [{ Alphabetic: 'Núñez Peña^José Ángel' }]);
  assert.equal(marks, 0);
});

test('a missing or wrong character set is detected and marked; the name is readable either way', () => {
  const latin1 = textElement(T.PatientName, 'PN', latin1Bytes('MUÑOZ^INÉS'));
  const utf = textElement(T.PatientName, 'PN', utf8('MUÑOZ^INÉS'));
  const declared = (term: string): Element => textElement(T.SpecificCharacterSet, 'CS', term);
  const cases: [Element[], string][] = [
    [[latin1], 'charsetMissing'],
    [[utf], 'charsetMissing'],
    [[declared('ISO_IR 100'), utf], 'charsetWrong'],
    [[declared('ISO_IR 192'), latin1], 'charsetWrong'],
    [[declared('ISO-8859-1'), latin1], 'charsetUnknownTerm'],
  ];
  for (const [elements, mark] of cases) {
    const facts = factsOf(...elements);
    assert.equal(facts.study.patient_name, '=MUNOZ^INES=', mark);
    assert.deepEqual(markNames(facts.marks), [mark]);
  }
});

test('what the index cannot hold as a date, time or number is null, and stays in the attributes', () => {
  const facts = factsOf(
    textElement(T.StudyDate, 'DA', '20260230'),
    textElement(T.StudyTime, 'TM', '25:00'),
    textElement(T.SeriesNumber, 'IS', '99999999999'),
    textElement(T.PatientBirthDate, 'DA', '19800115'),
  );
  assert.equal(facts.study.study_date, null);
  assert.equal(facts.study.study_time, null);
  assert.equal(facts.study.birth_date, '1980-01-15');
  assert.equal(facts.series.series_number, null);
  assert.deepEqual(facts.study.attributes['00080020']?.Value, ['20260230']);
});

test('what was sent decomposed is kept composed', () => {
  const { study } = factsOf(
    textElement(T.SpecificCharacterSet, 'CS', 'ISO_IR 192'),
    textElement(T.PatientID, 'LO', utf8('N\u0303-1')),
  );
  assert.equal(study.patient_id, '\u00d1-1');
});

test('U+0000 in a text does not reach the index', () => {
  const { study } = factsOf(
    textElement(T.StudyDescription, 'LO', 'TORAX\0PA'),
    textElement(T.PatientID, 'LO', 'A\0\0'),
  );
  assert.ok(!JSON.stringify(study).includes('\\u0000'));
});

test("the issuer is the object's own, else its sender's", () => {
  assert.equal(factsOf().study.issuer, 'HOSPITAL');
  assert.equal(factsOf(textElement(T.IssuerOfPatientID, 'LO', 'OTRO')).study.issuer, 'OTRO');
});

test('nested attributes of study and series are kept', () => {
  const request = dataSetOf([textElement(T.ScheduledProcedureStepID, 'SH', 'SPS1')]);
  const { series } = factsOf(sequence(T.RequestAttributesSequence, [request]), textElement(T.Modality, 'CS', 'CT'));
  assert.equal(series.modality, 'CT');
  assert.deepEqual(series.attributes['00400275']?.Value, [{ '00400009': { vr: 'SH', Value: ['SPS1'] } }]);
});

test('dates and times as the standard and its retired forms write them', () => {
  const dates: [string, string | null][] = [
    ['20240229', '2024-02-29'],
    ['2024.02.29', '2024-02-29'],
    ['20230229', null],
    ['00000101', null],
    ['2024', null],
    ['', null],
  ];
  for (const [text, expected] of dates) assert.equal(dateOf(text), expected, text);
  const times: [string, string | null][] = [
    ['10', '100000.000000'],
    ['1011', '101100.000000'],
    ['101112.5', '101112.500000'],
    ['10:11:12', '101112.000000'],
    ['235960', '235960.000000'],
    ['2400', null],
    ['1', null],
    ['ab', null],
  ];
  for (const [text, expected] of times) assert.equal(timeOf(text), expected, text);
});

test('marks have stable bits', () => {
  assert.deepEqual(MARKS, {
    charsetMissing: 1,
    charsetWrong: 2,
    charsetUnknownTerm: 4,
    truncated: 8,
    malformed: 16,
    headRewritten: 32,
    unindexed: 64,
    curpInvalid: 128,
  });
  assert.deepEqual(factsOf(element(T.PatientName, 'PN', new Uint8Array(0))).study.patient_name, '');
});
