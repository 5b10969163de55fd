import { viewOf } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';

/** PS3.5 G.5: one offset for each of at most 15 segments, and their number. */
const HEADER_BYTES = 64;
export const RLE_SEGMENTS_MAX = 15;
const RUN_MAX = 128;

/**
 * Decodes one frame of RLE Lossless (PS3.5 G): a segment for each byte of each sample, the most significant first.
 * @param length of the frame: its pixels times samples times bytes.
 * @param sampleBytes bytes of a sample: 1, 2 or 4.
 * @returns samples by pixel in little endian.
 * @throws {Failure} pixel/malformed where segments are missing or end too early.
 */
export function decodeRle(bytes: Uint8Array, length: number, samplesPerPixel: number, sampleBytes: number): Uint8Array {
  const segmentCount = samplesPerPixel * sampleBytes;
  if (bytes.length < HEADER_BYTES) throw new Failure('pixel/malformed', 'RLE header cut');
  const view = viewOf(bytes);
  const found = view.getUint32(0, true);
  if (found !== segmentCount) throw new Failure('pixel/malformed', `${found} RLE segments in place of ${segmentCount}`);
  const out = new Uint8Array(length);
  const pixels = length / segmentCount;
  for (let segment = 0; segment < segmentCount; segment++) {
    const start = view.getUint32(4 + 4 * segment, true);
    const end = segment + 1 < segmentCount ? view.getUint32(8 + 4 * segment, true) : bytes.length;
    if (start < HEADER_BYTES || end < start || end > bytes.length) throw new Failure('pixel/malformed', 'RLE offsets');
    const sample = Math.floor(segment / sampleBytes);
    const byte = sampleBytes - 1 - (segment % sampleBytes);
    unpack(bytes, start, end, out, sample * sampleBytes + byte, segmentCount, pixels);
  }
  return out;
}

/** PS3.5 G.3.2: runs of one byte, and literal bytes; written `step` apart. */
function unpack(
  bytes: Uint8Array,
  from: number,
  end: number,
  out: Uint8Array,
  first: number,
  step: number,
  count: number,
): void {
  let at = from;
  let to = first;
  const last = first + count * step;
  while (to < last) {
    if (at >= end) throw new Failure('pixel/malformed', 'RLE segment ends within its frame');
    const head = bytes[at++] as number;
    if (head === RUN_MAX) continue;
    if (head < RUN_MAX) {
      const stop = Math.min(last, to + (head + 1) * step);
      if (at + head + 1 > end && stop < last) throw new Failure('pixel/malformed', 'RLE segment ends in a literal');
      for (; to < stop; to += step) out[to] = bytes[at++] as number;
    } else {
      const value = bytes[at++] as number;
      const stop = Math.min(last, to + (257 - head) * step);
      for (; to < stop; to += step) out[to] = value;
    }
  }
}

/**
 * Encodes one frame as RLE Lossless. Runs end with their row, as PS3.5 G.3.1 demands.
 * @param bytes samples by pixel in little endian.
 * @throws {Failure} pixel/unsupported for more than 15 segments.
 */
export function encodeRle(
  bytes: Uint8Array,
  columns: number,
  samplesPerPixel: number,
  sampleBytes: number,
): Uint8Array {
  const segmentCount = samplesPerPixel * sampleBytes;
  if (segmentCount > RLE_SEGMENTS_MAX) throw new Failure('pixel/unsupported', `${segmentCount} RLE segments`);
  const rows = bytes.length / segmentCount / columns;
  // At worst a head for each 128 literal bytes, and one byte that makes a segment even.
  const worst = segmentCount * (rows * (columns + Math.ceil(columns / RUN_MAX)) + 1);
  const out = new Uint8Array(HEADER_BYTES + worst);
  const view = viewOf(out);
  view.setUint32(0, segmentCount, true);
  let at = HEADER_BYTES;
  const line = new Uint8Array(columns);
  for (let segment = 0; segment < segmentCount; segment++) {
    view.setUint32(4 + 4 * segment, at, true);
    const offset = Math.floor(segment / sampleBytes) * sampleBytes + sampleBytes - 1 - (segment % sampleBytes);
    for (let row = 0; row < rows; row++) {
      let from = row * columns * segmentCount + offset;
      for (let column = 0; column < columns; column++, from += segmentCount) line[column] = bytes[from] as number;
      at = pack(line, out, at);
    }
    if (at % 2 === 1) at += 1;
  }
  return out.subarray(0, at);
}

/** One row (PS3.5 G.3.1). @returns where the next byte goes. */
function pack(line: Uint8Array, out: Uint8Array, start: number): number {
  let to = start;
  let at = 0;
  while (at < line.length) {
    const run = runAt(line, at);
    if (run > 1) {
      out[to++] = 257 - run;
      out[to++] = line[at] as number;
      at += run;
      continue;
    }
    // Two equal bytes between literals cost as much as a run, so only three end them.
    let end = at + 1;
    while (end < line.length && end - at < RUN_MAX && runAt(line, end) < 3) end += 1;
    out[to++] = end - at - 1;
    out.set(line.subarray(at, end), to);
    to += end - at;
    at = end;
  }
  return to;
}

function runAt(line: Uint8Array, at: number): number {
  const value = line[at];
  const max = Math.min(line.length, at + RUN_MAX);
  let end = at + 1;
  while (end < max && line[end] === value) end += 1;
  return end - at;
}
