import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import fc from 'fast-check';
import { dataSetOf, element, numberElement, textElement } from '../data-set/build.ts';
import { readDataSet, readDataSetFrom } from '../data-set/read.ts';
import { sourceOf } from '../data-set/source.ts';
import { writeDataSet } from '../data-set/write.ts';
import { T } from '../tags.ts';
import { frameBytes, frameRanges, readFrameIndex } from './frames.ts';

const BITS = [0, 1, 2, 3, 4, 5, 6, 7];
const bitsOf = (bytes: Uint8Array): number[] => [...bytes].flatMap((byte) => BITS.map((bit) => (byte >> bit) & 1));

test('frames of any bit width and byte order are the bits that were written', () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom(1, 8, 12, 16),
      fc.integer({ min: 1, max: 5 }),
      fc.boolean(),
      fc.constantFrom('OB', 'OW'),
      fc.uint8Array({ minLength: 900, maxLength: 900 }),
      async (rows, columns, bits, frames, littleEndian, vr, noise) => {
        const syntax = { explicitVr: true, littleEndian };
        const frameBits = rows * columns * bits;
        const pixels = noise.subarray(0, Math.ceil((frameBits * frames) / 16) * 2);
        const source = sourceOf(
          writeDataSet(
            dataSetOf([
              numberElement(T.Rows, 'US', [rows]),
              numberElement(T.Columns, 'US', [columns]),
              numberElement(T.BitsAllocated, 'US', [bits]),
              textElement(T.NumberOfFrames, 'IS', String(frames)),
              element(T.PixelData, vr, pixels),
            ]),
            syntax,
          ),
        );
        const { dataSet } = await readDataSetFrom(source, { syntax });
        const index = await readFrameIndex(dataSet, source);
        const written = bitsOf(pixels);
        for (let number = 1; number <= frames; number++) {
          const bitsRead = bitsOf(await frameBytes(index, number, source));
          assert.deepEqual(bitsRead.slice(0, frameBits), written.slice((number - 1) * frameBits, number * frameBits));
          assert.ok(bitsRead.slice(frameBits).every((bit) => bit === 0));
        }
      },
    ),
    { numRuns: 200 },
  ));

const anyHeader = fc.record({
  rows: fc.nat(70_000),
  columns: fc.nat(70_000),
  bits: fc.nat(80),
  frames: fc.oneof(fc.nat().map(String), fc.string()),
});

test('any header and any fragments have an index within the source, or fail as parse/*', () =>
  fc.assert(
    fc.asyncProperty(anyHeader, fc.uint8Array({ maxLength: 120 }), fc.boolean(), async (of, noise, isEncapsulated) => {
      const head = writeDataSet(
        dataSetOf([
          numberElement(T.Rows, 'US', [of.rows]),
          numberElement(T.Columns, 'US', [of.columns]),
          numberElement(T.BitsAllocated, 'US', [of.bits]),
          textElement(T.NumberOfFrames, 'IS', of.frames.replaceAll(/[^\0-\x7f]/g, '')),
        ]),
        { explicitVr: true, littleEndian: true },
      );
      const length = isEncapsulated ? [0xff, 0xff, 0xff, 0xff] : [noise.length, 0, 0, 0];
      const all = Uint8Array.from([...head, 0xe0, 0x7f, 0x10, 0x00, 0x4f, 0x42, 0, 0, ...length, ...noise]);
      try {
        const { dataSet } = readDataSet(all, { syntax: { explicitVr: true, littleEndian: true } });
        const index = await readFrameIndex(dataSet, sourceOf(all));
        for (let number = 1; number <= index.frameCount; number++) {
          const total = frameRanges(index, number).ranges.reduce((sum, { length }) => sum + length, 0);
          assert.ok(total <= all.length);
        }
      } catch (thrown) {
        assert.ok(thrown instanceof Failure && thrown.code.startsWith('parse/'), String(thrown));
      }
    }),
    { numRuns: 500 },
  ));
