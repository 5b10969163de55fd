import { Failure } from '@acervo/kernel/failure.ts';

/**
 * The wire format of Protocol Buffers, as far as ONNX uses it: varints, fixed widths and length-delimited fields.
 * Views, never copies; nothing is allocated by a length that the bytes only claim.
 */
export type Field = { number: number; value: bigint | Uint8Array };

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;
const VARINT_BYTES_MAX = 10;
/** Only dimensions are read so, and there are few of them. */
const PACKED_BYTES_MAX = 1024;

/**
 * The fields of a message in the order of its bytes. Fixed-width numbers come as their bytes.
 * @throws {Failure} model/onnx-malformed for a field that ends beyond the bytes, or a wire type of no use here.
 */
export function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  while (at < bytes.length) {
    const key = varintAt(bytes, at);
    at = key.end;
    const number = Number(key.value >> 3n);
    if (number < 1 || number > 0x1fffffff) malformed(`field ${number}`);
    const wireType = Number(key.value & 7n);
    if (wireType === VARINT) {
      const { value, end } = varintAt(bytes, at);
      at = end;
      yield { number, value };
      continue;
    }
    const { start, length } = extentOf(bytes, at, wireType);
    if (length > bytes.length - start) malformed(`field ${number} of ${length} bytes, ${bytes.length - start} left`);
    at = start + length;
    yield { number, value: bytes.subarray(start, at) };
  }
}

function extentOf(bytes: Uint8Array, at: number, wireType: number): { start: number; length: number } {
  if (wireType === FIXED64) return { start: at, length: 8 };
  if (wireType === FIXED32) return { start: at, length: 4 };
  if (wireType !== DELIMITED) malformed(`wire type ${wireType}`);
  const { value, end } = varintAt(bytes, at);
  return { start: end, length: value > 0x7fffffffn ? Number.POSITIVE_INFINITY : Number(value) };
}

function varintAt(bytes: Uint8Array, start: number): { value: bigint; end: number } {
  let value = 0n;
  for (let index = 0; index < VARINT_BYTES_MAX; index++) {
    const byte = bytes[start + index];
    if (byte === undefined) malformed('a number without an end');
    value |= BigInt(byte & 0x7f) << BigInt(7 * index);
    if (byte < 0x80) return { value: BigInt.asUintN(64, value), end: start + index + 1 };
  }
  return malformed('a number of more than 10 bytes');
}

export function malformed(what: string): never {
  throw new Failure('model/onnx-malformed', what);
}

/** The bytes of a length-delimited field. @throws {Failure} model/onnx-malformed where it is a number */
export function bytesIn({ number, value }: Field): Uint8Array {
  return typeof value === 'bigint' ? malformed(`field ${number} is a number`) : value;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function textIn(field: Field): string {
  const bytes = bytesIn(field);
  try {
    return UTF8.decode(bytes);
  } catch {
    return malformed(`field ${field.number} is no UTF-8`);
  }
}

/** A signed 64-bit integer, as int64 and enumerations are. Beyond 2^53 rounded, which no use here minds. */
export function integerIn({ number, value }: Field): number {
  return typeof value === 'bigint' ? Number(BigInt.asIntN(64, value)) : malformed(`field ${number} is no integer`);
}

/** Integers of a repeated field: packed into one value, or one by one. */
export function integersIn(field: Field): number[] {
  if (typeof field.value === 'bigint') return [integerIn(field)];
  if (field.value.length > PACKED_BYTES_MAX)
    malformed(`field ${field.number}: ${field.value.length} bytes of integers`);
  const out: number[] = [];
  let at = 0;
  while (at < field.value.length) {
    const { value, end } = varintAt(field.value, at);
    out.push(Number(BigInt.asIntN(64, value)));
    at = end;
  }
  return out;
}
