import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat, equalBytes } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import fc from 'fast-check';
import { findAttribute } from '../dictionary.ts';
import { EXPLICIT_BE, EXPLICIT_LE, findTransferSyntax, IMPLICIT_LE, type TransferSyntax } from '../transfer-syntax.ts';
import { VRS, type Vr } from '../vr.ts';
import { sameContent } from './compare.ts';
import { toExplicitLittleEndian } from './convert.ts';
import type { DataSet, Element } from './model.ts';
import { DataSetReader, type Read, type ReadOptions, readDataSet, readDataSetFrom } from './read.ts';
import { sourceOf } from './source.ts';
import { inOtherOrder } from './swap.ts';
import { dataSetOf, element, encapsulated, sequence, writeDataSet } from './write.ts';

function syntaxOf(uid: string): Readonly<TransferSyntax> {
  const syntax = findTransferSyntax(uid);
  assert.ok(syntax);
  return syntax;
}
const LITTLE = syntaxOf(EXPLICIT_LE);
const NATIVE = [syntaxOf(IMPLICIT_LE), LITTLE, syntaxOf(EXPLICIT_BE)];
const anySyntax = fc.constantFrom(...NATIVE);
const anyCuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });

// One standard tag of each VR, so that implicit VR says the same; private ones have any VR in explicit only.
const TAG_OF: [Vr, number][] = [
  ['AE', 0x00080054],
  ['AS', 0x00101010],
  ['AT', 0x00280009],
  ['CS', 0x00080060],
  ['DA', 0x00080020],
  ['DS', 0x00101030],
  ['DT', 0x0008002a],
  ['FD', 0x00081163],
  ['FL', 0x00109431],
  ['IS', 0x00200013],
  ['LO', 0x00100020],
  ['LT', 0x00104000],
  ['OB', 0x00420011],
  ['OD', 0x7fe00009],
  ['OF', 0x7fe00008],
  ['OL', 0x00660040],
  ['OV', 0x00720081],
  ['OW', 0x60003000],
  ['PN', 0x00100010],
  ['SH', 0x00080050],
  ['SL', 0x00186020],
  ['SS', 0x00189219],
  ['ST', 0x00080081],
  ['SV', 0x00720082],
  ['TM', 0x00080030],
  ['UC', 0x00080119],
  ['UI', 0x00080018],
  ['UL', 0x00081161],
  ['UN', 0x00091001],
  ['UR', 0x00081190],
  ['US', 0x00280010],
  ['UT', 0x0040a160],
  ['UV', 0x0008040c],
];

test('the table of tags above agrees with the dictionary', () => {
  for (const [vr, tag] of TAG_OF) if (vr !== 'UN') assert.equal(findAttribute(tag)?.vr, vr, tag.toString(16));
  assert.equal(TAG_OF.length, Object.keys(VRS).length - 1, 'all but SQ');
});

const anyValue = fc
  .constantFrom(...TAG_OF)
  .chain(([vr, tag]) =>
    fc
      .uint8Array({ maxLength: 40 })
      .map((bytes) => element(tag, vr, bytes.subarray(0, bytes.length - (bytes.length % 8)))),
  );
const { tree: anyDataSet } = fc.letrec<{ tree: DataSet; nested: Element }>((tie) => ({
  nested: fc
    .tuple(fc.constantFrom(0x00081140, 0x00400275, 0x00540016), fc.array(tie('tree'), { maxLength: 3 }), fc.boolean())
    .map(([tag, items, isDefined]) => ({ ...sequence(tag, items), length: isDefined ? 0 : undefined })),
  tree: fc.array(fc.oneof({ maxDepth: 4 }, anyValue, tie('nested')), { maxLength: 8 }).map((each) => dataSetOf(each)),
}));
const anyPixels = fc
  .array(
    fc.uint8Array({ maxLength: 20 }).filter((bytes) => bytes.length % 2 === 0),
    { maxLength: 4 },
  )
  .map((fragments) => encapsulated(0x7fe00010, fragments));

/** What a data set says, whatever its encoding: values in little endian, in tag order. */
function said(dataSet: DataSet): unknown {
  return [...dataSet.elements.values()]
    .sort((a, b) => a.tag - b.tag)
    .map(({ tag, vr, value, items, fragments }) => [
      tag,
      vr,
      value && [...(dataSet.littleEndian ? value : inOtherOrder(value, vr))],
      items?.map(said),
      fragments?.map((fragment) => fragment.value && [...fragment.value]),
    ]);
}

function pushed(bytes: Uint8Array, cuts: readonly number[], options: ReadOptions): Read {
  const reader = new DataSetReader(options);
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const cut = cuts[index % cuts.length] ?? 1;
    const chunk = bytes.slice(at, at + cut);
    reader.push(chunk);
    chunk.fill(0xaa); // recycled
    at += cut;
  }
  reader.end();
  return { dataSet: reader.dataSet, marks: reader.marks, passedOver: reader.passedOver };
}

test('what is written is read again, in every native transfer syntax and with every kind of length', () =>
  fc.assert(
    fc.property(
      anyDataSet,
      anySyntax,
      fc.constantFrom('as-read', 'defined', 'undefined'),
      (dataSet, syntax, lengths) => {
        const { dataSet: again, marks } = readDataSet(writeDataSet(dataSet, syntax, { lengths }), { syntax });
        assert.deepEqual(said(again), said(dataSet));
        assert.deepEqual([...marks], []);
      },
    ),
  ));

test('encapsulated pixel data are written and read again', () =>
  fc.assert(
    fc.property(anyDataSet, anyPixels, (dataSet, pixels) => {
      dataSet.elements.set(pixels.tag, pixels);
      const bytes = writeDataSet(dataSet, LITTLE);
      const { dataSet: again, marks } = readDataSet(bytes, { syntax: LITTLE });
      assert.deepEqual(said(again), said(dataSet));
      assert.deepEqual([...marks], []);
      assert.ok(equalBytes(writeDataSet(again, LITTLE), bytes));
    }),
  ));

test('any chunking and any source read the same, also cut anywhere and with bytes changed', () =>
  fc.assert(
    fc.asyncProperty(
      anyDataSet,
      anyPixels,
      anySyntax,
      anyCuts,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 3 }),
      fc.boolean(),
      async (dataSet, pixels, syntax, cuts, part, changes, stopAtPixelData) => {
        if (syntax === LITTLE) dataSet.elements.set(pixels.tag, pixels);
        const whole = writeDataSet(dataSet, syntax);
        const bytes = whole.slice(0, Math.round(whole.length * part));
        for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
        await assertSame(bytes, cuts, { syntax, stopAtPixelData });
        await assertSame(bytes, cuts, { syntax, valueBytesMax: 8, keep: (tag) => tag % 3 !== 0 });
      },
    ),
    { numRuns: 500 },
  ));

async function assertSame(bytes: Uint8Array, cuts: number[], options: ReadOptions): Promise<void> {
  const [streamed, pulled] = [outcome(() => pushed(bytes, cuts, options)), await outcomeOf(bytes, options)];
  assert.deepEqual(streamed, pulled);
  const inMemory = outcome(() => readDataSet(bytes, options));
  assert.deepEqual(
    typeof inMemory === 'string' ? inMemory : inMemory.marks,
    typeof pulled === 'string' ? pulled : pulled.marks,
  );
}

/** The result, or the code of the Failure; any other error is thrown. */
function outcome(read: () => Read): Read | string {
  try {
    return read();
  } catch (thrown) {
    return codeOf(thrown);
  }
}

async function outcomeOf(bytes: Uint8Array, options: ReadOptions): Promise<Read | string> {
  try {
    return await readDataSetFrom(sourceOf(bytes), options);
  } catch (thrown) {
    return codeOf(thrown);
  }
}

function codeOf(thrown: unknown): string {
  if (thrown instanceof Failure && thrown.code.startsWith('parse/')) return thrown.code;
  throw thrown;
}

test('any noise is read or fails as parse/*: it never hangs or throws another error', () =>
  fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), anySyntax, anyCuts, async (noise, syntax, cuts) => {
      await assertSame(noise, cuts, { syntax });
      const plausible = concat([
        writeDataSet(dataSetOf([element(0x00080018, 'UI', Uint8Array.of(49, 0))]), syntax),
        noise,
      ]);
      await assertSame(plausible, cuts, { syntax });
      await convertedOrCode(plausible, syntax);
    }),
    { numRuns: 1_000 },
  ));

async function convertedOrCode(bytes: Uint8Array, syntax: Readonly<TransferSyntax>): Promise<Uint8Array | string> {
  try {
    const parts: Uint8Array[] = [];
    for await (const part of toExplicitLittleEndian(sourceOf(bytes), syntax)) parts.push(part);
    return concat(parts);
  } catch (thrown) {
    return codeOf(thrown);
  }
}

test('conversion to explicit VR little endian says the same, by model and by sameContent', () =>
  fc.assert(
    fc.asyncProperty(anyDataSet, anySyntax, async (dataSet, syntax) => {
      const bytes = writeDataSet(dataSet, syntax);
      const converted = await convertedOrCode(bytes, syntax);
      assert.ok(typeof converted !== 'string', String(converted));
      assert.deepEqual(said(readDataSet(converted, { syntax: LITTLE }).dataSet), said(dataSet));
      const [a, b] = [
        { source: sourceOf(bytes), syntax },
        { source: sourceOf(converted), syntax: LITTLE },
      ];
      assert.equal(await sameContent(a, b), true);
      assert.equal(await sameContent(b, a), true);
    }),
  ));

test('one byte of a value changed is another content', () =>
  fc.assert(
    fc.asyncProperty(anyDataSet, anyValue, fc.nat(), anySyntax, anySyntax, async (dataSet, last, at, one, other) => {
      fc.pre((last.value?.length ?? 0) > 0);
      const changed = Uint8Array.from(last.value ?? []);
      const index = at % changed.length;
      changed[index] = (changed[index] ?? 0) ^ 0x55;
      const encoded = (value: Uint8Array, syntax: Readonly<TransferSyntax>) => {
        const whole = dataSetOf([...dataSet.elements.values(), element(last.tag, last.vr, value)]);
        return { source: sourceOf(writeDataSet(whole, syntax)), syntax };
      };
      assert.equal(await sameContent(encoded(last.value ?? changed, one), encoded(changed, other)), false);
      assert.equal(await sameContent(encoded(changed, one), encoded(changed, other)), true);
    }),
  ));
