import { concat } from '@acervo/kernel/bytes.ts';

/** An entry that is stored as it is, not compressed (APPNOTE 6.3.10, method 0). Names are ASCII. */
export type ZipEntry = { name: string; bytes: number; crc32: number };

/** An entry and where its local header begins, in bytes. `isStreamed`: it was begun by `streamedHeader`. */
export type PlacedEntry = ZipEntry & { at: number; isStreamed?: boolean };

/** Fields of 32 and 16 bits that say this are found in the ZIP64 ones (APPNOTE 4.4.8, 4.4.21). */
const SEE_64 = 0xffffffff;
const SEE_64_COUNT = 0xffff;
const ZIP64_ID = 0x0001;
const VERSION = 20;
/** General purpose bit 3: size and checksum stand behind the bytes (APPNOTE 4.4.4). */
const BEHIND = 0x0008;
const VERSION_64 = 45;
/** 1980-01-01, 00:00: the earliest that can be said, and so the same archive is the same bytes (APPNOTE 4.4.6). */
const DATE = 0x0021;

/** What stands before an entry's bytes (APPNOTE 4.3.7). */
export function localHeader({ name, bytes, crc32 }: ZipEntry): Uint8Array {
  const is64 = bytes >= SEE_64;
  const extra = is64 ? zip64Extra([bytes, bytes]) : new Uint8Array(0);
  const size = is64 ? SEE_64 : bytes;
  const version = is64 ? VERSION_64 : VERSION;
  return concat([
    fields(['32', 0x04034b50], ...common(version, crc32, size), ['16', name.length], ['16', extra.length]),
    ascii(name),
    extra,
  ]);
}

/** What stands before bytes of which nobody knows yet how many they are; `dataDescriptor` follows them. */
export function streamedHeader(name: string): Uint8Array {
  const extra = zip64Extra([0, 0]);
  const size = SEE_64;
  return concat([
    fields(['32', 0x04034b50], ...common(VERSION_64, 0, size, BEHIND), ['16', name.length], ['16', extra.length]),
    ascii(name),
    extra,
  ]);
}

/** What stands behind the bytes of a streamed entry (APPNOTE 4.3.9), with the sizes of ZIP64. */
export const dataDescriptor = ({ bytes, crc32 }: ZipEntry): Uint8Array =>
  fields(['32', 0x08074b50], ['32', crc32], ['64', bytes], ['64', bytes]);

/** What stands behind the last entry: the directory of them all, and its end (APPNOTE 4.3.12 to 4.3.16). */
export function centralDirectory(entries: readonly PlacedEntry[], at: number): Uint8Array {
  const headers = entries.map(centralHeader);
  const bytes = headers.reduce((sum, { length }) => sum + length, 0);
  const is64 = entries.length >= SEE_64_COUNT || bytes >= SEE_64 || at >= SEE_64;
  return concat([...headers, ...(is64 ? [end64(entries.length, bytes, at)] : []), end(entries.length, bytes, at)]);
}

function centralHeader({ name, bytes, crc32, at, isStreamed = false }: PlacedEntry): Uint8Array {
  const large = [...(bytes >= SEE_64 ? [bytes, bytes] : []), ...(at >= SEE_64 ? [at] : [])];
  const extra = large.length === 0 ? new Uint8Array(0) : zip64Extra(large);
  const version = large.length === 0 && !isStreamed ? VERSION : VERSION_64;
  return concat([
    fields(
      ['32', 0x02014b50],
      ['16', version],
      ...common(version, crc32, Math.min(bytes, SEE_64), isStreamed ? BEHIND : 0),
      ['16', name.length],
      ['16', extra.length],
      ['16', 0],
      ['16', 0],
      ['16', 0],
      ['32', 0],
      ['32', Math.min(at, SEE_64)],
    ),
    ascii(name),
    extra,
  ]);
}

/** Version needed, flags, method, time, date, CRC-32 and both sizes, as both headers have them. */
const common = (version: number, crc32: number, size: number, flags = 0): Field[] => [
  ['16', version],
  ['16', flags],
  ['16', 0],
  ['16', 0],
  ['16', DATE],
  ['32', crc32],
  ['32', size],
  ['32', size],
];

const zip64Extra = (values: readonly number[]): Uint8Array =>
  fields(['16', ZIP64_ID], ['16', values.length * 8], ...values.map((value): Field => ['64', value]));

/** The ZIP64 end of the central directory, and its locator. */
function end64(count: number, bytes: number, at: number): Uint8Array {
  return fields(
    ['32', 0x06064b50],
    ['64', 44],
    ['16', VERSION_64],
    ['16', VERSION_64],
    ['32', 0],
    ['32', 0],
    ['64', count],
    ['64', count],
    ['64', bytes],
    ['64', at],
    ['32', 0x07064b50],
    ['32', 0],
    ['64', at + bytes],
    ['32', 1],
  );
}

function end(count: number, bytes: number, at: number): Uint8Array {
  const said = Math.min(count, SEE_64_COUNT);
  return fields(
    ['32', 0x06054b50],
    ['16', 0],
    ['16', 0],
    ['16', said],
    ['16', said],
    ['32', Math.min(bytes, SEE_64)],
    ['32', Math.min(at, SEE_64)],
    ['16', 0],
  );
}

type Field = ['16' | '32' | '64', number];

function fields(...all: Field[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(all.reduce((sum, [bits]) => sum + Number(bits) / 8, 0)));
  let at = 0;
  for (const [bits, value] of all) {
    if (bits === '16') view.setUint16(at, value, true);
    else if (bits === '32') view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += Number(bits) / 8;
  }
  return new Uint8Array(view.buffer);
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
