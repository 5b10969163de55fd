import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { chooseCharset } from '@acervo/dicom/charset/choose.ts';
import { readTerms } from '@acervo/dicom/charset/decode.ts';
import { uidOf } from '@acervo/dicom/data-set/access.ts';
import type { DataSet } from '@acervo/dicom/data-set/model.ts';
import { readDataSet } from '@acervo/dicom/data-set/read.ts';
import { sourceOf } from '@acervo/dicom/data-set/source.ts';
import { toDicomJson } from '@acervo/dicom/json/to-json.ts';
import { readFrameIndex } from '@acervo/dicom/pixel/frames.ts';
import { isStorageSopClass } from '@acervo/dicom/sop-class.ts';
import { T } from '@acervo/dicom/tags.ts';
import { findTransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { VRS } from '@acervo/dicom/vr.ts';
import { INSTITUTIONS } from './institutions.ts';
import { curpCheckDigit, PEOPLE, syntheticCurp } from './people.ts';
import { STUDIES } from './plan.ts';
import { generateSample, type SampleObject } from './sample.ts';

function opened(object: SampleObject): { bytes: Uint8Array; dataSet: DataSet } {
  const syntax = findTransferSyntax(object.transferSyntaxUid);
  assert.ok(syntax);
  const bytes = syntax.deflated ? inflateRawSync(object.dataSet) : object.dataSet;
  const { dataSet, marks } = readDataSet(bytes, { syntax });
  assert.deepEqual([...marks], [], object.note);
  return { bytes, dataSet };
}

test('the sample is of the size that was promised, and every object is what it says', async () => {
  const instances = new Set<string>();
  const institutions = new Set<string>();
  let bytesTotal = 0;
  for (const object of generateSample({ seed: 'test' })) {
    const { bytes, dataSet } = opened(object);
    assert.equal(uidOf(dataSet, T.SOPInstanceUID), object.sopInstanceUid);
    assert.equal(uidOf(dataSet, T.SOPClassUID), object.sopClassUid);
    assert.equal(uidOf(dataSet, T.StudyInstanceUID), object.studyUid);
    assert.equal(uidOf(dataSet, T.SeriesInstanceUID), object.seriesUid);
    assert.ok(isStorageSopClass(object.sopClassUid));
    const isImage = dataSet.elements.has(T.PixelData);
    const { frameCount } = await readFrameIndex(dataSet, sourceOf(bytes));
    assert.equal(frameCount > 0, isImage);
    instances.add(object.sopInstanceUid);
    institutions.add(object.institution);
    bytesTotal += object.dataSet.length;
  }
  assert.ok(instances.size >= 150 && instances.size <= 250, String(instances.size));
  assert.ok(bytesTotal < 120_000_000, String(bytesTotal));
  assert.deepEqual(
    [...institutions].sort(),
    Object.values(INSTITUTIONS)
      .map(({ code }) => code)
      .sort(),
  );
  for (const code of institutions) assert.match(code, /^[A-Z0-9.-]{1,24}$/);
});

const digest = (seed: string): string => {
  const hash = createHash('sha256');
  for (const { dataSet, ...said } of generateSample({ seed, studies: 2 })) {
    hash.update(JSON.stringify(said)).update(dataSet);
  }
  return hash.digest('hex');
};

test('the same seed gives the same bytes, another seed others', () => {
  assert.equal(digest('a'), digest('a'));
  assert.notEqual(digest('a'), digest('b'));
});

/** The first object of each study, in the order of the plan. */
function firstOfEach(): Map<string, SampleObject> {
  const firsts = new Map<string, SampleObject>();
  for (const object of generateSample({ seed: 'test' })) if (!firsts.has(object.note)) firsts.set(object.note, object);
  return firsts;
}

test('character sets are right and wrong as planned, and names are found all the same', () => {
  const firsts = firstOfEach();
  const marks: Record<string, string | undefined> = {};
  for (const plan of STUDIES) {
    const object = firsts.get(plan.note);
    assert.ok(object, plan.key);
    const { dataSet } = opened(object);
    const samples = [...dataSet.elements.values()].flatMap(({ vr, value }) =>
      value && VRS[vr].charset ? [value] : [],
    );
    const terms = readTerms(dataSet.elements.get(T.SpecificCharacterSet)?.value);
    const { charset, mark } = chooseCharset(terms, samples, undefined);
    marks[plan.key] = mark;
    const name = toDicomJson(dataSet, { charset, inlineBytesMax: 0 })['00100010']?.Value;
    assert.deepEqual(name, [{ Alphabetic: `${plan.person.surnames.join(' ')}^${plan.person.givenName}` }], plan.key);
  }
  const wrong = Object.entries(marks).filter(([, mark]) => mark !== undefined);
  assert.deepEqual(Object.fromEntries(wrong), {
    'imss-cr': 'missing',
    'issste-report': 'missing',
    'issste-mr-2': 'wrong',
    'issste-us': 'wrong',
  });
});

test("every CURP has the form and the check digit of RENAPO, and is nobody's", () => {
  // Published vectors.
  for (const curp of ['SABC560626MDFLRN01', 'MOTR930411HJCRMN03']) {
    assert.equal(curpCheckDigit(curp.slice(0, 17)), curp[17]);
  }
  const curps = Object.values(PEOPLE).map(syntheticCurp);
  assert.equal(new Set(curps).size, curps.length);
  for (const curp of curps) assert.match(curp, /^[A-Z][AEIOUX][A-Z]{2}\d{6}[HM][A-Z]{2}X{3}[A0]\d$/);
  assert.ok(syntheticCurp(PEOPLE.ordonez).startsWith('OOCI040229HYN'));
  assert.ok(syntheticCurp(PEOPLE.munoz).startsWith('MUIJ680314MDF'));
});
