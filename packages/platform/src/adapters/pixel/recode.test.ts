import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HTJ2K_LOSSLESS, JPEG_LS_LOSSLESS, RLE_LOSSLESS } from '@acervo/dicom/pixel/codings.ts';
import type { ImageDescription } from '@acervo/dicom/pixel/description.ts';
import { samplesOf } from '@acervo/dicom/pixel/samples.ts';
import { EXPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { Failure, type FailureCode } from '@acervo/kernel/failure.ts';
import { decodeFrame } from './decode-frame.ts';
import { encodeFrame } from './encode-frame.ts';

const GREY: ImageDescription = {
  rows: 23,
  columns: 31,
  samplesPerPixel: 1,
  photometricInterpretation: 'MONOCHROME2',
  planarConfiguration: 0,
  bitsAllocated: 16,
  bitsStored: 16,
  highBit: 15,
  isSigned: false,
  isFloat: false,
};
const RGB = { ...GREY, samplesPerPixel: 3, photometricInterpretation: 'RGB' };

/** Every cell another value, the bits above Bits Stored its sign. */
function frameOf(description: ImageDescription): { bytes: Uint8Array; description: ImageDescription } {
  const { rows, columns, samplesPerPixel, bitsAllocated, bitsStored, isSigned } = description;
  const values = Array.from({ length: rows * columns * samplesPerPixel }, (_, index) => {
    const value = (index * 7919 + (index >> 3)) % 2 ** bitsStored;
    return isSigned && value >= 2 ** (bitsStored - 1) ? value - 2 ** bitsStored : value;
  });
  const cells = bitsAllocated === 8 ? Uint8Array.from(values) : Uint16Array.from(values);
  return { bytes: new Uint8Array(cells.buffer), description };
}

const KINDS: readonly (readonly [string, ImageDescription])[] = [
  ['grey of 16 bits', GREY],
  ['grey of 12 bits', { ...GREY, bitsStored: 12, highBit: 11 }],
  ['grey of 16 bits, signed', { ...GREY, isSigned: true }],
  ['grey of 12 bits, signed', { ...GREY, bitsStored: 12, highBit: 11, isSigned: true }],
  ['grey of 8 bits', { ...GREY, bitsAllocated: 8, bitsStored: 8, highBit: 7 }],
  ['colour of 8 bits', { ...RGB, bitsAllocated: 8, bitsStored: 8, highBit: 7 }],
  ['colour of 8 bits by plane', { ...RGB, bitsAllocated: 8, bitsStored: 8, highBit: 7, planarConfiguration: 1 }],
  ['colour of 16 bits', RGB],
];

for (const target of [RLE_LOSSLESS, JPEG_LS_LOSSLESS, HTJ2K_LOSSLESS]) {
  for (const [name, description] of KINDS) {
    if (target === HTJ2K_LOSSLESS && description === RGB) continue;
    test(`${name} comes back from ${target}`, async () => {
      const frame = frameOf(description);
      const made = await encodeFrame(frame, target);
      const back = await decodeFrame({ ...made, transferSyntaxUid: target });
      assert.deepEqual(samplesOf(back), samplesOf(frame));
      assert.equal(back.description.photometricInterpretation, description.photometricInterpretation);
    });
  }
}

test('what nothing carries is refused by name', async () => {
  const refused = (code: FailureCode) => (thrown: unknown) => thrown instanceof Failure && thrown.code === code;
  const wide = { ...GREY, bitsAllocated: 32, bitsStored: 32, highBit: 31 };
  const frame = { bytes: new Uint8Array(23 * 31 * 4), description: wide };
  await assert.rejects(encodeFrame(frame, JPEG_LS_LOSSLESS), refused('pixel/unsupported'));
  await assert.rejects(encodeFrame(frameOf(RGB), HTJ2K_LOSSLESS), refused('pixel/unsupported'));
  await assert.rejects(encodeFrame(frame, '1.2.840.10008.1.2.4.50'), refused('pixel/unsupported'));
  const video = { bytes: new Uint8Array(10), transferSyntaxUid: '1.2.840.10008.1.2.4.102', description: GREY };
  await assert.rejects(decodeFrame(video), refused('pixel/unsupported'));
});

test('noise in any coding is a reason, not a crash', async () => {
  const noise = Uint8Array.from({ length: 900 }, (_, index) => (index * 167) % 256);
  const starts = [[], [0xff, 0xd8, 0xff, 0xc3, 0, 11, 16, 0, 23, 0, 31, 1, 1, 0x11, 0], [0xff, 0x4f, 0xff, 0x51]];
  for (const last of ['4.50', '4.51', '4.57', '4.70', '4.80', '4.90', '4.201', '5', '8.1']) {
    for (const start of starts) {
      const stream = { bytes: Uint8Array.from([...start, ...noise]), transferSyntaxUid: `1.2.840.10008.1.2.${last}` };
      await assert.rejects(
        decodeFrame({ ...stream, description: GREY }),
        (thrown) => thrown instanceof Failure && thrown.code.startsWith('pixel/'),
        last,
      );
    }
  }
  const after = await encodeFrame(frameOf(GREY), JPEG_LS_LOSSLESS);
  const back = await decodeFrame({ ...after, transferSyntaxUid: JPEG_LS_LOSSLESS });
  assert.deepEqual(back.bytes, frameOf(GREY).bytes);
  assert.equal((await decodeFrame({ ...frameOf(GREY), transferSyntaxUid: EXPLICIT_LE })).bytes.length, 23 * 31 * 2);
});
