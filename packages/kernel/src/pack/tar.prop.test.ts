import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { concat } from '../bytes.ts';
import { Failure } from '../failure.ts';
import {
  BLOCK_BYTES,
  PAX_BYTES,
  paddingOf,
  readPaxSize,
  readTarHeader,
  USTAR_SIZE_MAX,
  writePaxSize,
  writeTarHeader,
} from './tar.ts';

const uid = fc.stringMatching(/^[0-9.]{1,64}$/);
const path = fc
  .tuple(fc.stringMatching(/^[A-Z0-9][A-Z0-9._-]{0,23}$/), uid, uid, uid)
  .map(([institution, study, series, sop]) => `${institution}/${study}/${series}/${sop}~01234567.dcm`);
const header = fc.record(
  {
    path,
    sizeBytes: fc.integer({ min: 0, max: USTAR_SIZE_MAX }),
    mtimeSeconds: fc.integer({ min: 0, max: 2 ** 32 }),
    type: fc.constant('file' as const),
  },
  { noNullPrototype: true },
);

test('property: every path that a member can have fits a ustar header and comes back', () => {
  fc.assert(
    fc.property(header, (given) => {
      assert.deepEqual(readTarHeader(writeTarHeader(given)), given);
    }),
  );
});

test('property: a flipped bit in a header is seen, or changes nothing that is read', () => {
  fc.assert(
    fc.property(header, fc.integer({ min: 0, max: BLOCK_BYTES * 8 - 1 }), (given, bit) => {
      const block = writeTarHeader(given);
      block[bit >> 3] = (block[bit >> 3] as number) ^ (1 << (bit & 7));
      try {
        assert.deepEqual(readTarHeader(block), given);
      } catch (thrown) {
        assert.ok(thrown instanceof Failure && thrown.code === 'retrieve/damaged', String(thrown));
      }
    }),
  );
});

test('property: any block is read, is the end, or fails as retrieve/damaged', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: BLOCK_BYTES + 8 }), (noise) => {
      try {
        readTarHeader(noise);
      } catch (thrown) {
        assert.ok(thrown instanceof Failure && thrown.code === 'retrieve/damaged', String(thrown));
      }
    }),
  );
});

test('property: a pax header of fixed length says any size', () => {
  fc.assert(
    fc.property(path, fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (given, size) => {
      const pax = writePaxSize(given, size, 1);
      assert.equal(pax.length, PAX_BYTES);
      assert.equal(readTarHeader(pax)?.type, 'pax');
      assert.equal(readPaxSize(pax.subarray(BLOCK_BYTES)), size);
    }),
  );
});

test('a path that fits no split is refused, not cut', () => {
  assert.throws(
    () => writeTarHeader({ path: 'x'.repeat(101), sizeBytes: 0, mtimeSeconds: 0, type: 'file' }),
    RangeError,
  );
  assert.throws(() => writeTarHeader({ path: 'Ñ', sizeBytes: 0, mtimeSeconds: 0, type: 'file' }), RangeError);
});

test('GNU tar reads what we write, with and without a pax header', () => {
  const folder = mkdtempSync(join(tmpdir(), 'acervo-tar-'));
  try {
    const first = new TextEncoder().encode('first');
    const second = new TextEncoder().encode('second, streamed');
    const member = (path: string, body: Uint8Array): Uint8Array[] => [
      writeTarHeader({ path, sizeBytes: body.length, mtimeSeconds: 1_700_000_000, type: 'file' }),
      body,
      new Uint8Array(paddingOf(body.length)),
    ];
    const long = `INST/${'1'.repeat(64)}/${'2'.repeat(64)}/${'3'.repeat(64)}.dcm`;
    writeFileSync(
      join(folder, 'a.tar'),
      concat([
        ...member(long, first),
        writePaxSize('B/2', second.length, 1),
        ...member('B/2', second),
        new Uint8Array(1024),
      ]),
    );
    execFileSync('tar', ['xf', 'a.tar'], { cwd: folder });
    assert.deepEqual(new Uint8Array(readFileSync(join(folder, long))), first);
    assert.deepEqual(new Uint8Array(readFileSync(join(folder, 'B/2'))), second);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
