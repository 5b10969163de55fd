import { viewOf } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { type HuffmanTable, huffmanTable } from './huffman.ts';

/** One component of a frame (T.81 B.2.2). */
export type JpegComponent = { id: number; h: number; v: number; quantization: number };

/** Start of frame: what is coded, and by which process. */
export type JpegFrame = {
  /** 0 to 15: the last digit of the marker SOFn. */
  process: number;
  /** Bits of a sample. */
  precision: number;
  rows: number;
  columns: number;
  components: JpegComponent[];
};

/** Start of scan (T.81 B.2.3); `start` is also the predictor, `low` the point transform of a lossless one. */
export type JpegScan = {
  components: { index: number; dc: HuffmanTable | undefined; ac: HuffmanTable | undefined }[];
  start: number;
  end: number;
  high: number;
  low: number;
  restartInterval: number;
};

/** What stands in the headers of a JPEG stream that decoders decide by. */
export type JpegMarks = {
  /** A JFIF marker: three components are Y, Cb, Cr. */
  isJfif: boolean;
  /** Colour transform of an Adobe marker: 0 none, 1 Y Cb Cr. */
  adobeTransform: number | undefined;
};

export type JpegTables = { quantization: (Uint16Array | undefined)[]; restartInterval: number };

/** What happens from SOI to EOI. `scan` decodes from an offset on and tells where it ended. */
export type JpegReader = {
  frame(frame: JpegFrame): void;
  scan(scan: JpegScan, tables: JpegTables, at: number): number;
};

/** Progressive streams have some ten scans; a stream of thousands only costs time. */
const SCANS_MAX = 512;
const SOF_WITHOUT: readonly number[] = [0xc4, 0xc8, 0xcc];

type State = {
  tables: JpegTables;
  dc: (HuffmanTable | undefined)[];
  ac: (HuffmanTable | undefined)[];
  frame: JpegFrame | undefined;
  scans: number;
  marks: JpegMarks;
};

/**
 * Reads the marker segments of a JPEG stream (T.81 B) in order.
 * @throws {Failure} pixel/malformed, pixel/limit
 */
export function readJpeg(bytes: Uint8Array, reader: JpegReader): JpegMarks {
  const state: State = {
    tables: { quantization: [], restartInterval: 0 },
    dc: [],
    ac: [],
    frame: undefined,
    scans: 0,
    marks: { isJfif: false, adobeTransform: undefined },
  };
  let at = 2;
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) throw new Failure('pixel/malformed', 'no JPEG stream');
  for (;;) {
    at = nextMarker(bytes, at);
    const marker = bytes[at + 1];
    if (marker === undefined || marker === 0xd9) break;
    at += 2;
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) continue;
    const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    if (length < 2 || at + length > bytes.length) break;
    const segment = bytes.subarray(at + 2, at + length);
    at += length;
    if (marker === 0xda) at = scanAt(state, segment, reader, at);
    else if (take(state, marker, segment)) reader.frame(state.frame as JpegFrame);
  }
  if (state.scans === 0) throw new Failure('pixel/malformed', 'JPEG stream without a scan');
  return state.marks;
}

/** What the header says, without decoding; stops at the first scan. */
export function readJpegHeader(bytes: Uint8Array): { frame: JpegFrame; marks: JpegMarks } {
  let found: JpegFrame | undefined;
  const marks = readJpeg(bytes, {
    frame: (frame) => {
      found ??= frame;
    },
    scan: () => bytes.length,
  });
  if (found === undefined) throw new Failure('pixel/malformed', 'JPEG stream without a frame');
  return { frame: found, marks };
}

/** The next 0xFF that begins a marker; what else lies between segments is passed over. */
function nextMarker(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at + 1 < bytes.length && !(bytes[at] === 0xff && bytes[at + 1] !== 0 && bytes[at + 1] !== 0xff)) at += 1;
  return at;
}

function scanAt(state: State, segment: Uint8Array, reader: JpegReader, at: number): number {
  const { frame, tables } = state;
  if (frame === undefined) throw new Failure('pixel/malformed', 'scan before its frame');
  state.scans += 1;
  if (state.scans > SCANS_MAX) throw new Failure('pixel/limit', `more than ${SCANS_MAX} scans`);
  const count = segment[0] ?? 0;
  if (count < 1 || count > 4 || segment.length < 4 + 2 * count) throw new Failure('pixel/malformed', 'scan header');
  const components = Array.from({ length: count }, (_, each) => {
    const index = frame.components.findIndex(({ id }) => id === segment[1 + 2 * each]);
    if (index < 0) throw new Failure('pixel/malformed', 'scan of a component that is not there');
    const selector = segment[2 + 2 * each] ?? 0;
    return { index, dc: state.dc[selector >> 4], ac: state.ac[selector & 15] };
  });
  const [start = 0, end = 0, approximation = 0] = segment.subarray(1 + 2 * count);
  const { restartInterval } = tables;
  return reader.scan(
    { components, start, end, high: approximation >> 4, low: approximation & 15, restartInterval },
    tables,
    at,
  );
}

/** @returns true for a start of frame */
function take(state: State, marker: number, segment: Uint8Array): boolean {
  if (marker >= 0xc0 && marker <= 0xcf && !SOF_WITHOUT.includes(marker)) {
    if (state.frame !== undefined) throw new Failure('pixel/unsupported', 'hierarchical JPEG');
    state.frame = frameOf(marker & 15, segment);
    return true;
  }
  if (marker === 0xc4) takeHuffman(state, segment);
  else if (marker === 0xdb) takeQuantization(state, segment);
  else if (marker === 0xdd) takeRestartInterval(state, segment);
  else if (marker === 0xe0) state.marks.isJfif ||= startsWith(segment, 'JFIF\0');
  else if (marker === 0xee && startsWith(segment, 'Adobe')) state.marks.adobeTransform = segment[11];
  return false;
}

const startsWith = (bytes: Uint8Array, text: string): boolean =>
  [...text].every((letter, index) => bytes[index] === letter.charCodeAt(0));

function frameOf(process: number, segment: Uint8Array): JpegFrame {
  const [precision = 0, r1 = 0, r0 = 0, c1 = 0, c0 = 0, count = 0] = segment;
  const rows = (r1 << 8) | r0;
  const columns = (c1 << 8) | c0;
  if (segment.length < 6 + 3 * count || count < 1 || count > 4 || rows < 1 || columns < 1 || precision < 2) {
    throw new Failure('pixel/malformed', `JPEG frame of ${rows} x ${columns} x ${count}, ${precision} bits`);
  }
  const components = Array.from({ length: count }, (_, index): JpegComponent => {
    const [id = 0, sampling = 0, quantization = 0] = segment.subarray(6 + 3 * index);
    const [h, v] = [sampling >> 4, sampling & 15];
    if (h < 1 || h > 4 || v < 1 || v > 4) throw new Failure('pixel/malformed', 'sampling factors of a JPEG frame');
    return { id, h, v, quantization };
  });
  return { process, precision, rows, columns, components };
}

function takeRestartInterval(state: State, segment: Uint8Array): void {
  if (segment.length < 2) throw new Failure('pixel/malformed', 'restart interval cut');
  state.tables.restartInterval = viewOf(segment).getUint16(0);
}

function takeHuffman(state: State, segment: Uint8Array): void {
  let at = 0;
  while (at + 17 <= segment.length) {
    const selector = segment[at] as number;
    const counts = segment.subarray(at + 1, at + 17);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const symbols = segment.subarray(at + 17, at + 17 + total);
    if (symbols.length < total || (selector & 15) > 3) throw new Failure('pixel/malformed', 'Huffman table cut');
    (selector >> 4 === 0 ? state.dc : state.ac)[selector & 15] = huffmanTable(counts, symbols);
    at += 17 + total;
  }
}

function takeQuantization(state: State, segment: Uint8Array): void {
  let at = 0;
  while (at < segment.length) {
    const selector = segment[at] as number;
    const width = selector >> 4 === 0 ? 1 : 2;
    if (segment.length < at + 1 + 64 * width) throw new Failure('pixel/malformed', 'quantization table cut');
    const view = viewOf(segment);
    state.tables.quantization[selector & 15] = Uint16Array.from({ length: 64 }, (_, index) =>
      width === 1 ? view.getUint8(at + 1 + index) : view.getUint16(at + 1 + 2 * index),
    );
    at += 1 + 64 * width;
  }
}
