import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat, latin1Bytes } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import fc from 'fast-check';
import { textOf, uidOf } from './data-set/access.ts';
import { dataSetOf, numberElement, textElement, writeDataSet } from './data-set/write.ts';
import {
  type FileHead,
  IMPLEMENTATION_CLASS_UID,
  IMPLEMENTATION_VERSION_NAME,
  readFileHead,
  writeFileHead,
} from './part10.ts';
import { T } from './tags.ts';
import { EXPLICIT_BE, EXPLICIT_LE, findTransferSyntax, IMPLICIT_LE } from './transfer-syntax.ts';
import { isValidUid } from './uid.ts';

const CT = '1.2.840.10008.5.1.4.1.1.2';
const HEAD = writeFileHead({
  sopClassUid: CT,
  sopInstanceUid: '1.2.3',
  transferSyntaxUid: EXPLICIT_LE,
  sourceAet: 'CT1',
});
const PREAMBLE_BYTES = 132;
const dataSet = dataSetOf([
  textElement(T.SpecificCharacterSet, 'CS', 'ISO_IR 100'),
  textElement(T.SOPClassUID, 'UI', CT),
  textElement(T.SOPInstanceUID, 'UI', '1.2.3'),
  numberElement(T.Rows, 'US', [512]),
]);

function bodyIn(uid: string): Uint8Array {
  const syntax = findTransferSyntax(uid);
  assert.ok(syntax);
  return writeDataSet(dataSet, syntax);
}
const BODY = bodyIn(EXPLICIT_LE);

/** Feeds the reader byte by byte, as it asks. */
function headOf(bytes: Uint8Array): FileHead {
  for (let length = 0; ; ) {
    const head = readFileHead(bytes.subarray(0, length), length >= bytes.length);
    if (!('need' in head)) return head;
    assert.ok(head.need > length, 'asks for more than it has');
    length = Math.min(head.need, bytes.length);
  }
}

test('what is written is read: preamble, magic, meta information with its group length (PS3.10 7.1)', () => {
  const head = headOf(concat([HEAD, BODY]));
  assert.deepEqual(
    [head.transferSyntaxUid, head.mediaStorageSopClassUid, head.mediaStorageSopInstanceUid],
    [EXPLICIT_LE, CT, '1.2.3'],
  );
  assert.deepEqual([head.hasPreamble, head.isSniffed, head.complete], [true, false, true]);
  assert.equal(head.dataSetOffset, HEAD.length);
  assert.equal(uidOf(head.meta, T.ImplementationClassUID), IMPLEMENTATION_CLASS_UID);
  assert.equal(textOf(head.meta.elements.get(T.SourceApplicationEntityTitle)), 'CT1');
  assert.ok(isValidUid(IMPLEMENTATION_CLASS_UID) && IMPLEMENTATION_VERSION_NAME.length <= 16);
});

test('a wrong or missing group length is found out, and the head not worth keeping', () => {
  const wrong = concat([HEAD, BODY]);
  wrong[PREAMBLE_BYTES + 8] = 10;
  const missing = concat([HEAD.subarray(0, PREAMBLE_BYTES), HEAD.subarray(PREAMBLE_BYTES + 12), BODY]);
  assert.deepEqual([headOf(wrong).dataSetOffset, headOf(wrong).complete], [HEAD.length, false]);
  assert.deepEqual([headOf(missing).dataSetOffset, headOf(missing).complete], [HEAD.length - 12, false]);
});

test('no preamble: the magic first, or the meta information at once', () => {
  for (const start of [PREAMBLE_BYTES - 4, PREAMBLE_BYTES]) {
    const head = headOf(concat([HEAD.subarray(start), BODY]));
    assert.deepEqual([head.transferSyntaxUid, head.hasPreamble, head.complete], [EXPLICIT_LE, false, false]);
    assert.equal(head.dataSetOffset, HEAD.length - start);
  }
});

test('meta information in implicit VR or in big endian', () => {
  const meta = dataSetOf([
    textElement(T.MediaStorageSOPClassUID, 'UI', CT),
    textElement(T.TransferSyntaxUID, 'UI', EXPLICIT_BE),
  ]);
  for (const uid of [IMPLICIT_LE, EXPLICIT_BE]) {
    const syntax = findTransferSyntax(uid);
    assert.ok(syntax);
    const head = headOf(concat([HEAD.subarray(0, PREAMBLE_BYTES), writeDataSet(meta, syntax), bodyIn(EXPLICIT_BE)]));
    assert.deepEqual([head.transferSyntaxUid, head.mediaStorageSopClassUid, head.complete], [EXPLICIT_BE, CT, false]);
  }
});

test('a bare data set is recognised by its first elements', () => {
  for (const uid of [IMPLICIT_LE, EXPLICIT_LE, EXPLICIT_BE]) {
    const head = headOf(bodyIn(uid));
    assert.deepEqual(
      [head.transferSyntaxUid, head.dataSetOffset, head.isSniffed, head.complete],
      [uid, 0, true, false],
    );
    const behindMagic = headOf(concat([HEAD.subarray(0, PREAMBLE_BYTES), bodyIn(uid)]));
    assert.deepEqual([behindMagic.transferSyntaxUid, behindMagic.dataSetOffset], [uid, PREAMBLE_BYTES]);
  }
});

test('what is no DICOM file, or none any more, is refused', () => {
  const refused: [Uint8Array, string][] = [
    [new Uint8Array(0), 'parse/not-part10'],
    [latin1Bytes('%PDF-1.4 and more of it'), 'parse/not-part10'],
    [latin1Bytes('{"resourceType":"Bundle"}'), 'parse/not-part10'],
    [new Uint8Array(500), 'parse/not-part10'],
    [HEAD.subarray(0, PREAMBLE_BYTES), 'parse/truncated'],
    [HEAD.subarray(0, PREAMBLE_BYTES + 30), 'parse/truncated'],
    [concat([HEAD.subarray(0, PREAMBLE_BYTES), latin1Bytes('no data set follows')]), 'parse/malformed'],
  ];
  for (const [bytes, code] of refused) {
    assert.throws(
      () => headOf(bytes),
      (thrown) => thrown instanceof Failure && thrown.code === code,
      code,
    );
  }
});

test('meta information without end is a named limit', () => {
  const endless = numberElement(T.PrivateInformation, 'OB', []);
  const explicit = { explicitVr: true, littleEndian: true };
  const bytes = writeDataSet(dataSetOf([{ ...endless, value: new Uint8Array(2 << 20) }]), explicit);
  assert.throws(() => headOf(concat([HEAD.subarray(0, PREAMBLE_BYTES), bytes])), /metaBytesMax/);
});

test('any noise, also behind a good start, is a head or fails as parse/*', () =>
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: HEAD.length }), (noise, start) => {
      for (const bytes of [noise, concat([HEAD.subarray(0, start), noise])]) {
        try {
          headOf(bytes);
        } catch (thrown) {
          assert.ok(thrown instanceof Failure && thrown.code.startsWith('parse/'), String(thrown));
        }
      }
    }),
    { numRuns: 1_000 },
  ));
