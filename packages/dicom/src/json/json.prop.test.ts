import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import fc from 'fast-check';
import { charsetOf } from '../charset/decode.ts';
import { dataSetOf, element, evened, sequence, textElement } from '../data-set/build.ts';
import type { DataSet, Element } from '../data-set/model.ts';
import { readDataSet } from '../data-set/read.ts';
import { T } from '../tags.ts';
import { VRS, type Vr } from '../vr.ts';
import { fromDicomJson } from './from-json.ts';
import { type DicomJson, toDicomJson, toDicomJsonText } from './to-json.ts';

const VR_NAMES = (Object.keys(VRS) as Vr[]).filter((vr) => vr !== 'SQ');
const UTF_8 = charsetOf(['ISO_IR 192']);
const OPTIONS = { charset: UTF_8, inlineBytesMax: 64, bulkDataUri: () => 'bulk' };

const anyTag = fc.integer({ min: 0x0009_0001, max: 0xfffd_ffff }).filter((tag) => (tag & 0xffff) !== 0);
const anyVr = fc.constantFrom(...VR_NAMES);
const anyDecimal = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.integer().map(String),
  fc.stringMatching(/^[+-]?[0-9]{0,20}\.?[0-9]{0,20}(e[+-]?[0-9]{1,3})?$/),
);
const anyText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  anyDecimal,
  fc.array(anyDecimal).map((list) => list.join('\\')),
  fc.stringMatching(/^[A-Z^=\\ ]{0,12}$/),
);

const anyBytes = fc.uint8Array({ maxLength: 40 });
const anyValue = fc.tuple(anyTag, anyVr, anyText, anyBytes).map(([tag, vr, text, bytes]): Element => {
  if (VRS[vr].kind !== 'text') return element(tag, vr, evened(bytes, vr));
  const fitting = VRS[vr].charset ? text : text.replaceAll(/[^\0-\x7f]/g, '?');
  return textElement(tag, vr, new TextEncoder().encode(fitting));
});

const anySequence = ([tag, items]: [number, DataSet[]]): Element => sequence(tag, items);

const { dataSet: anyDataSet } = fc.letrec<{ dataSet: DataSet; element: Element }>((tie) => ({
  element: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { arbitrary: anyValue, weight: 4 },
    { arbitrary: fc.tuple(anyTag, fc.array(tie('dataSet'), { maxLength: 3 })).map(anySequence), weight: 1 },
  ),
  dataSet: fc.array(tie('element'), { maxLength: 8 }).map((elements) => dataSetOf(elements)),
}));

const inUtf8 = (dataSet: DataSet): DataSet =>
  dataSetOf([textElement(T.SpecificCharacterSet, 'CS', 'ISO_IR 192'), ...dataSet.elements.values()]);

test('a data set is the same JSON after a way through JSON', () =>
  fc.assert(
    fc.property(anyDataSet, (dataSet) => {
      const first = toDicomJson(inUtf8(dataSet), OPTIONS);
      const second = toDicomJson(fromDicomJson(first), OPTIONS);
      assert.deepEqual(second, first);
    }),
    { numRuns: 500 },
  ));

test('names are in ascending order, at every level', () =>
  fc.assert(
    fc.property(anyDataSet, (dataSet) => {
      const tokens = toDicomJsonText(dataSet, OPTIONS).matchAll(/"((?:[^"\\]|\\.)*)"(?=(:\{"vr")?)|[{}]/g);
      const stack: string[] = [];
      for (const [token, name = '', isName] of tokens) {
        if (token === '{') stack.push('');
        else if (token === '}') stack.pop();
        else if (isName !== undefined) {
          assert.ok(name > (stack.pop() ?? ''), name);
          stack.push(name);
        }
      }
    }),
    { numRuns: 200 },
  ));

test('any bytes that a reader makes a data set of have a JSON', () =>
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), fc.boolean(), (noise, explicitVr, littleEndian) => {
      try {
        const { dataSet } = readDataSet(noise, { syntax: { explicitVr, littleEndian } });
        JSON.parse(toDicomJsonText(dataSet, { ...OPTIONS, charset: charsetOf(['', 'ISO 2022 IR 87']) }));
      } catch (thrown) {
        assert.ok(thrown instanceof Failure && thrown.code.startsWith('parse/'), String(thrown));
      }
    }),
    { numRuns: 1_000 },
  ));

const anyMember = fc.oneof(
  fc.jsonValue(),
  fc.record(
    {
      vr: fc.oneof(anyVr, fc.constant('SQ'), fc.string()),
      Value: fc.array(fc.oneof(fc.jsonValue(), fc.record({ Alphabetic: fc.jsonValue() }))),
      InlineBinary: fc.oneof(fc.base64String(), fc.jsonValue()),
      BulkDataURI: fc.jsonValue(),
    },
    { requiredKeys: ['vr'] },
  ),
);
const anyName = fc.oneof(
  fc.string(),
  anyTag.map((tag) => tag.toString(16).toUpperCase().padStart(8, '0')),
);
const anyJson = fc.oneof(fc.jsonValue(), fc.dictionary(anyName, anyMember));

test('any JSON is a data set or fails as parse/json', () =>
  fc.assert(
    fc.property(anyJson, (json) => {
      try {
        const again: DicomJson = toDicomJson(fromDicomJson(json), OPTIONS);
        assert.equal(typeof again, 'object');
      } catch (thrown) {
        assert.ok(thrown instanceof Failure && thrown.code === 'parse/json', String(thrown));
      }
    }),
    { numRuns: 2_000 },
  ));
