import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import fc from 'fast-check';
import { chooseCharset } from '../charset/choose.ts';
import { readTerms } from '../charset/decode.ts';
import type { Encoding } from '../data-set/header.ts';
import type { DataSet, Element } from '../data-set/model.ts';
import { type Read, readDataSetFrom } from '../data-set/read.ts';
import { sourceOf } from '../data-set/source.ts';
import { dataSetOf, element, encapsulated, sequence, textElement, writeDataSet } from '../data-set/write.ts';
import { T } from '../tags.ts';
import { VRS, type Vr } from '../vr.ts';
import { AlikeJson, HEAD_BYTES_MAX } from './alike-json.ts';
import { type JsonOptions, toDicomJsonText } from './to-json.ts';

const SYNTAXES: Encoding[] = [
  { explicitVr: true, littleEndian: true },
  { explicitVr: false, littleEndian: true },
  { explicitVr: true, littleEndian: false },
];

const anyText = fc.oneof(
  fc.constantFrom('CT', 'GARCÍA^LUCÍA', '1', '1\\2', '', '-170.5\\-170.5\\12', '\u001b$B;3ED\u001b(B'),
  fc.stringMatching(/^[A-Z0-9^ \\.ñ"]{0,12}$/),
);
const anyValue = (tag: number, vr: Vr): fc.Arbitrary<Element> =>
  VRS[vr].kind === 'text'
    ? anyText.map((text) => textElement(tag, vr, text))
    : fc
        .uint8Array({ maxLength: vr === 'OB' ? 90 : 4 })
        .map((bytes) => element(tag, vr, bytes.subarray(0, bytes.length & ~3)));

const anyIcon = fc.uint8Array({ minLength: 2, maxLength: 90 }).map((bytes) => element(T.PixelData, 'OB', bytes));
const anySequence = fc
  .array(
    fc.oneof(anyIcon, anyValue(T.PatientName, 'PN')).map((each) => dataSetOf([each])),
    { maxLength: 2 },
  )
  .map((items) => sequence(T.IconImageSequence, items));

/** The elements of an image, most of them there most of the time. */
const ELEMENTS: [fc.Arbitrary<Element>, number][] = [
  [fc.constantFrom('ISO_IR 100', 'ISO_IR 192', '').map((set) => textElement(T.SpecificCharacterSet, 'CS', set)), 3],
  [anyValue(T.SOPInstanceUID, 'UI'), 9],
  [anyValue(T.ManufacturerModelName, 'LO'), 9],
  [anyValue(0x0009_0010, 'LO'), 3],
  [anyValue(0x0009_1001, 'UN'), 3],
  [anyValue(T.PatientName, 'PN'), 9],
  [anyValue(T.InstanceNumber, 'IS'), 9],
  [anyValue(T.ImagePositionPatient, 'DS'), 9],
  [anyValue(T.PixelRepresentation, 'US'), 3],
  [anyValue(T.PixelPaddingValue, 'US'), 9],
  [anyValue(0x0029_1010, 'OB'), 3],
  [anySequence, 3],
  [anyValue(T.PixelData, 'OB'), 9],
];

const anyElements = fc.tuple(...ELEMENTS.map(([value, weight]) => fc.option(value, { freq: weight, nil: undefined })));
/** What an image has otherwise than the first of its series, by position. */
const anyChanges = fc.array(
  fc.tuple(
    fc.nat(ELEMENTS.length - 1),
    fc.oneof({ weight: 8, arbitrary: anyElements }, { weight: 1, arbitrary: fc.constant([]) }),
  ),
  { maxLength: 3 },
);
const anyTail = fc.oneof(
  { weight: 9, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constant(encapsulated(T.PixelData, [new Uint8Array(0), new Uint8Array(6)])) },
  { weight: 1, arbitrary: fc.constant(element(T.DataSetTrailingPadding, 'OB', new Uint8Array(6))) },
);
const anyFlip = fc.oneof(
  { weight: 4, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.tuple(fc.nat(400), fc.nat(255)) },
);

function textsOf(dataSet: DataSet): Uint8Array[] {
  return [...dataSet.elements.values()].flatMap(({ vr, value, items = [] }) => [
    ...(value !== undefined && VRS[vr].charset ? [value] : []),
    ...items.flatMap(textsOf),
  ]);
}

function optionsOf(dataSet: DataSet, uri: string): JsonOptions {
  const declared = readTerms(dataSet.elements.get(T.SpecificCharacterSet)?.value);
  const { charset } = chooseCharset(declared, textsOf(dataSet), undefined);
  return { charset, inlineBytesMax: 64, bulkDataUri: (path) => `${uri}/${path.join('/')}` };
}

async function readOf(bytes: Uint8Array, syntax: Encoding): Promise<Read | undefined> {
  try {
    return await readDataSetFrom(sourceOf(bytes), { syntax, valueBytesMax: HEAD_BYTES_MAX });
  } catch (thrown) {
    assert.ok(thrown instanceof Failure, String(thrown));
    return undefined;
  }
}

/** Writes data sets as they come, and compares with what is written of each alone. @returns how many were alike */
async function compare(images: readonly Uint8Array[], syntax: Encoding, headBytes: number): Promise<number> {
  const json = new AlikeJson();
  const alone: string[] = [];
  let alike = 0;
  for (const [index, bytes] of images.entries()) {
    const read = await readOf(bytes, syntax);
    const uri = `http://x/${'9'.repeat(index % 3)}`;
    const head = bytes.subarray(0, headBytes);
    const isAlike = json.appendAlike(
      head,
      { encoding: syntax, dataSetBytes: bytes.length },
      (path) => `${uri}/${path.join('/')}`,
    );
    if (read === undefined) {
      assert.ok(!isAlike, 'what cannot be read is like nothing');
      continue;
    }
    const options = optionsOf(read.dataSet, uri);
    alone.push(toDicomJsonText(read.dataSet, options));
    if (isAlike) alike += 1;
    else {
      const wanted = json.append(
        read.dataSet,
        { encoding: syntax, marks: read.marks, dataSetBytes: bytes.length },
        options,
      );
      json.keep(bytes.subarray(0, wanted));
    }
  }
  assert.equal(new TextDecoder().decode(json.take()), alone.join(','));
  return alike;
}

test('a series has the texts of its images, whatever they have in common', async () => {
  let alike = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...SYNTAXES),
      anyElements,
      anyTail,
      fc.array(fc.tuple(anyChanges, anyFlip), { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 100, max: 1000 }),
      async (syntax, first, tail, others, headBytes) => {
        const images = others.map(([changes, flip]) => {
          const elements = [...first];
          for (const [at, from] of changes) elements[at] = from[at];
          const all = [...elements, tail].filter((each) => each !== undefined);
          const bytes = writeDataSet(dataSetOf(all), syntax);
          if (flip !== undefined && flip[0] < bytes.length) bytes[flip[0]] = flip[1];
          return bytes;
        });
        alike += await compare(images, syntax, headBytes);
      },
    ),
    { numRuns: 2_000 },
  );
  assert.ok(alike > 300, `only ${alike} were alike`);
});
