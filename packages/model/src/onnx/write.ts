import { concat, viewOf } from '@acervo/kernel/bytes.ts';

/** Writes messages of Protocol Buffers: what `fieldsOf` reads. The same values give the same bytes. */
export type Part = Uint8Array;

/** One message of its fields, in the order given. */
export const message = (...parts: readonly Part[]): Uint8Array => concat(parts);

export function integer(number: number, value: number | bigint): Part {
  return concat([varint(BigInt(number) << 3n), varint(BigInt.asUintN(64, BigInt(value)))]);
}

export function bytes(number: number, value: Uint8Array): Part {
  return concat([varint((BigInt(number) << 3n) | 2n), varint(BigInt(value.length)), value]);
}

export const text = (number: number, value: string): Part => bytes(number, new TextEncoder().encode(value));

export function float(number: number, value: number): Part {
  const out = new Uint8Array(4);
  viewOf(out).setFloat32(0, value, true);
  return concat([varint((BigInt(number) << 3n) | 5n), out]);
}

function varint(value: bigint): Uint8Array {
  const out: number[] = [];
  let rest = value;
  while (rest >= 0x80n) {
    out.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return Uint8Array.of(...out, Number(rest));
}
