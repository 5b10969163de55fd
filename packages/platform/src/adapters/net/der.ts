/** One element of DER (ITU-T X.690): its tag, its content, and its whole encoding. Views of the bytes given. */
export type Der = { tag: number; content: Uint8Array; whole: Uint8Array };

export const TAG = { integer: 0x02, bitString: 0x03, oid: 0x06, utcTime: 0x17, generalizedTime: 0x18, sequence: 0x30 };

const LENGTH_BYTES_MAX = 4;

/** The elements of a constructed one, in order. @throws {RangeError} where the bytes are no DER */
export function derOf(bytes: Uint8Array): Der[] {
  const found: Der[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { length, from } = lengthAt(bytes, at + 1);
    const end = from + length;
    if (end > bytes.length) throw new RangeError('DER: an element is cut');
    found.push({ tag: bytes[at] as number, content: bytes.subarray(from, end), whole: bytes.subarray(at, end) });
    at = end;
  }
  return found;
}

function lengthAt(bytes: Uint8Array, at: number): { length: number; from: number } {
  const first = bytes[at];
  if (first === undefined) throw new RangeError('DER: an element is cut');
  if (first < 0x80) return { length: first, from: at + 1 };
  const count = first & 0x7f;
  if (count === 0 || count > LENGTH_BYTES_MAX) throw new RangeError('DER: a length that is not definite');
  let length = 0;
  for (const byte of bytes.subarray(at + 1, at + 1 + count)) length = length * 256 + byte;
  return { length, from: at + 1 + count };
}

/** UTCTime or GeneralizedTime in Zulu, as RFC 5280 5.1.2.4 has them, in milliseconds. */
export function timeOf({ tag, content }: Der): number {
  const text = new TextDecoder('latin1').decode(content);
  const short = tag === TAG.utcTime;
  // RFC 5280 4.1.2.5.1: two digits of a year below 50 are of this century.
  const full = short ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}` : text;
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(full) ?? [];
  if (parts.length !== 6) throw new RangeError('DER: a time in another form');
  const [year, month, day, hour, minute, second] = parts.map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** An object identifier in dots. */
export function oidOf({ content }: Der): string {
  const arcs: number[] = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    if (arcs.length === 0)
      arcs.push(Math.min(2, Math.floor(value / 40)), value - 40 * Math.min(2, Math.floor(value / 40)));
    else arcs.push(value);
    value = 0;
  }
  return arcs.join('.');
}
