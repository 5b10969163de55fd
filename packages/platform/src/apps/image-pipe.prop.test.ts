import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import type { InputFile } from '../ports/inference-tasks.ts';
import { ImageReader, writeImage } from './image-pipe.ts';

type Taken = { run: number; uid: string; file: number[] };
type Given = { run: number; uid: string; parts: Uint8Array[] };

const uid = fc.stringMatching(/^[0-9.]{1,64}$/);
const given: fc.Arbitrary<Given> = fc.record({
  run: fc.integer({ min: 0, max: 0xffff_ffff }),
  uid,
  parts: fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 4 }),
});

/** What is written, read again in pieces of these sizes. */
async function through(sizes: readonly number[], write: (to: Writable) => Promise<void>): Promise<Taken[]> {
  const all: Uint8Array[] = [];
  const to = new Writable({
    write(chunk: Uint8Array, _, done) {
      all.push(chunk.slice());
      done();
    },
  });
  await write(to);
  const taken: Taken[] = [];
  const reader = new ImageReader((run, sop, file) => taken.push({ run, uid: sop, file: [...file] }));
  const bytes = Buffer.concat(all);
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const end = at + (sizes[turn % sizes.length] as number);
    reader.push(bytes.subarray(at, end));
    at = end;
  }
  return taken;
}

function imageOf({ uid: sopInstanceUid, parts }: Given, lent: { count: number }): InputFile {
  return {
    sopInstanceUid,
    length: parts.reduce((sum, part) => sum + part.length, 0),
    *parts() {
      for (const bytes of parts) {
        lent.count += 1;
        yield {
          bytes,
          giveBack: () => {
            lent.count -= 1;
          },
        };
      }
    },
  };
}

test('images are read as they were written, in whatever pieces they come; all memory is given back', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(given, { maxLength: 4 }),
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 }),
      async (images, sizes) => {
        const lent = { count: 0 };
        const taken = await through(sizes, async (to) => {
          for (const image of images) await writeImage(to, image.run, imageOf(image, lent));
        });
        assert.deepEqual(
          taken,
          images.map(({ run, uid: name, parts }) => ({ run, uid: name, file: Array.from(Buffer.concat(parts)) })),
        );
        assert.equal(lent.count, 0);
      },
    ),
  ));

test('one that cannot be read to its end does not harm the next', async () => {
  const damaged: InputFile = {
    sopInstanceUid: '1.2',
    length: 100_000,
    async *parts() {
      yield { bytes: Uint8Array.of(1, 2), giveBack: () => {} };
      await Promise.resolve();
      throw new RangeError('the segment ends');
    },
  };
  const taken = await through([1_000], async (to) => {
    await assert.rejects(writeImage(to, 7, damaged), RangeError);
    await writeImage(to, 8, imageOf({ run: 8, uid: '1.3', parts: [Uint8Array.of(9)] }, { count: 0 }));
  });
  assert.equal(taken[0]?.file.length, 100_000);
  assert.deepEqual(taken[1], { run: 8, uid: '1.3', file: [9] });
});
