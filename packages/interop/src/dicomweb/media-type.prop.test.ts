import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseContentType, parseMediaTypes } from './media-type.ts';

const piece = fc.constantFrom(
  'multipart/related',
  'a/b',
  '*/*',
  ';',
  ',',
  '=',
  '"',
  '\\',
  ' ',
  'q',
  'type',
  '0.5',
  '*',
  '\t',
);
const noise = fc.oneof(
  fc.string({ maxLength: 80 }),
  fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
);

test('any text reads as ranges with q from 0 to 1, or as none', () => {
  fc.assert(
    fc.property(noise, (text) => {
      for (const { mediaType, q } of parseMediaTypes(text)) {
        assert.ok(q >= 0 && q <= 1);
        assert.match(mediaType, /^[^\s/]+\/[^\s/]+$/);
      }
      parseContentType(text);
    }),
    { numRuns: 2_000 },
  );
});

test('noise in one element spares the next', () => {
  fc.assert(
    fc.property(
      noise.filter((text) => !text.includes('"')),
      (text) => {
        assert.equal(parseMediaTypes(`${text},image/jp2;q=0.123`).at(-1)?.q, 0.123);
      },
    ),
  );
});
