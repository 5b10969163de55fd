import { latin1Bytes, latin1Text } from '../bytes.ts';
import { Failure } from '../failure.ts';

/** Everything in a tar archive is laid out in blocks of this size (POSIX.1-2017 pax, ustar). */
export const BLOCK_BYTES = 512;
/** The largest size that eleven octal digits can say; larger members carry a pax size record. */
export const USTAR_SIZE_MAX = 8 ** 11 - 1;
const NAME_BYTES = 100;
const PREFIX_BYTES = 155;

export type TarHeader = { path: string; sizeBytes: number; mtimeSeconds: number; type: 'file' | 'pax' };

/** Bytes of zero padding that follow a member of this size. */
export const paddingOf = (sizeBytes: number): number => (BLOCK_BYTES - (sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES;

/**
 * One ustar header block: read-only mode, owner 0, so that the same member always gives the same bytes.
 * @throws {RangeError} when the path fits no split of prefix and name, or is not plain ASCII.
 */
export function writeTarHeader(header: TarHeader): Uint8Array {
  const { name, prefix } = splitPath(header.path);
  const block = new Uint8Array(BLOCK_BYTES);
  const put = (text: string, at: number): void => block.set(latin1Bytes(text), at);
  put(name, 0);
  put('0000444\0', 100);
  put('0000000\0', 108);
  put('0000000\0', 116);
  put(`${octal(Math.min(header.sizeBytes, USTAR_SIZE_MAX), 11)}\0`, 124);
  put(`${octal(header.mtimeSeconds, 11)}\0`, 136);
  put('        ', 148);
  put(header.type === 'pax' ? 'x' : '0', 156);
  put('ustar\x0000', 257);
  put('0000000\0', 329);
  put('0000000\0', 337);
  put(prefix, 345);
  put(`${octal(sumOf(block), 6)}\0 `, 148);
  return block;
}

/**
 * Read a header block.
 * @returns undefined for a block of zeros (the end of the archive).
 * @throws {Failure} retrieve/damaged when its checksum, magic or numbers are wrong.
 */
export function readTarHeader(block: Uint8Array): TarHeader | undefined {
  if (block.length < BLOCK_BYTES) throw new Failure('retrieve/damaged', `tar header of ${block.length} bytes`);
  if (block.every((byte) => byte === 0)) return undefined;
  const sum = Number.parseInt(field(block, 148, 8), 8);
  // A copy by any name: `slice` of a Buffer would be a view.
  const blank = new Uint8Array(block.subarray(0, BLOCK_BYTES)).fill(0x20, 148, 156);
  if (sum !== sumOf(blank)) throw new Failure('retrieve/damaged', 'tar header checksum differs');
  if (field(block, 257, 6) !== 'ustar') throw new Failure('retrieve/damaged', 'not a ustar header');
  const prefix = field(block, 345, PREFIX_BYTES);
  const name = field(block, 0, NAME_BYTES);
  const type = block[156] === 0x78 ? 'pax' : block[156] === 0x30 ? 'file' : undefined;
  const sizeBytes = Number.parseInt(field(block, 124, 12), 8);
  const mtimeSeconds = Number.parseInt(field(block, 136, 12), 8);
  if (type === undefined || !(sizeBytes >= 0) || !(mtimeSeconds >= 0)) {
    throw new Failure('retrieve/damaged', 'tar header holds no usable type, size or time');
  }
  return { path: prefix === '' ? name : `${prefix}/${name}`, sizeBytes, mtimeSeconds, type };
}

/** Bytes that a pax header of a streamed member takes: its own header and one block of records. */
export const PAX_BYTES = 2 * BLOCK_BYTES;

/**
 * A pax extended header that says the size of the member behind it, always PAX_BYTES long. A member that is
 * streamed gets one because its size is not known when it begins (decision record 0004).
 */
export function writePaxSize(path: string, sizeBytes: number, mtimeSeconds: number): Uint8Array {
  const out = new Uint8Array(PAX_BYTES);
  const size = paxRecord('size', String(sizeBytes));
  const rest = BLOCK_BYTES - size.length;
  const fill = paxRecord('comment', 'x'.repeat(rest - paxOverhead('comment', rest)));
  const headerPath = `PaxHeaders/${path.slice(path.lastIndexOf('/') + 1)}`.slice(0, NAME_BYTES);
  out.set(writeTarHeader({ path: headerPath, sizeBytes: BLOCK_BYTES, mtimeSeconds, type: 'pax' }));
  out.set(latin1Bytes(size + fill), BLOCK_BYTES);
  return out;
}

/** The size record of a pax extended header's body, or undefined when it has none. */
export function readPaxSize(body: Uint8Array): number | undefined {
  const found = /(?:^|\n)\d+ size=(\d+)\n/.exec(latin1Text(body));
  return found === null ? undefined : Number(found[1]);
}

function paxRecord(name: string, value: string): string {
  const tail = ` ${name}=${value}\n`;
  let length = tail.length + 1;
  while (String(length).length + tail.length !== length) length++;
  return `${length}${tail}`;
}

/** Bytes of a pax record of this total length that are not its value. */
function paxOverhead(name: string, totalBytes: number): number {
  return String(totalBytes).length + name.length + 3;
}

function splitPath(path: string): { name: string; prefix: string } {
  if (!/^[\x20-\x7e]+$/.test(path)) throw new RangeError('tar paths here are printable ASCII');
  if (path.length <= NAME_BYTES) return { name: path, prefix: '' };
  for (let at = path.indexOf('/'); at > 0 && at <= PREFIX_BYTES; at = path.indexOf('/', at + 1)) {
    if (path.length - at - 1 <= NAME_BYTES) return { name: path.slice(at + 1), prefix: path.slice(0, at) };
  }
  throw new RangeError(`path of ${path.length} characters fits no ustar header`);
}

const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');

function sumOf(block: Uint8Array): number {
  let sum = 0;
  for (let index = 0; index < block.length; index++) sum += block[index] as number;
  return sum;
}

function field(block: Uint8Array, at: number, bytes: number): string {
  const text = latin1Text(block.subarray(at, at + bytes));
  const end = text.indexOf('\0');
  return (end < 0 ? text : text.slice(0, end)).trimEnd();
}
