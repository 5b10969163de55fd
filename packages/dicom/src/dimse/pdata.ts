import { viewOf } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { P_DATA_TF, PDU_HEADER_BYTES } from '../ul/pdu.ts';
import { PDV_HEADER_BYTES } from '../ul/pdu-reader.ts';

/** Longest variable field of the P-DATA-TF PDUs that we send, also to a peer without a limit, in bytes. */
export const SEND_PDU_BYTES_MAX = 131_072;

const HEADERS_BYTES = PDU_HEADER_BYTES + PDV_HEADER_BYTES;
const IS_COMMAND = 1;
const IS_LAST = 2;

/**
 * How many bytes of a message go into one P-DATA-TF PDU, one PDV each; fragments have an even length.
 * @param maximumLength Maximum Length of the peer, in bytes; 0: no limit.
 * @throws {Failure} ul/bad-pdu when not even two bytes fit.
 */
export function fragmentBytesMax(maximumLength: number): number {
  const pduBytesMax = maximumLength === 0 ? SEND_PDU_BYTES_MAX : Math.min(maximumLength, SEND_PDU_BYTES_MAX);
  const bytes = (pduBytesMax - PDV_HEADER_BYTES) & ~1;
  if (bytes < 2) throw new Failure('ul/bad-pdu', `maximum length ${maximumLength} takes no fragment`);
  return bytes;
}

/** A whole message in one buffer, ready for one write: a command set, and a data set if it has one. */
export function encodeMessage(
  contextId: number,
  command: Uint8Array,
  dataSet: Uint8Array | undefined,
  maximumLength: number,
): Uint8Array {
  const fragmentMax = fragmentBytesMax(maximumLength);
  const bytes =
    framedBytes(command.length, fragmentMax) + (dataSet === undefined ? 0 : framedBytes(dataSet.length, fragmentMax));
  const out = new Uint8Array(bytes);
  const at = writeFragments(out, 0, contextId, IS_COMMAND, command, fragmentMax);
  if (dataSet !== undefined) writeFragments(out, at, contextId, 0, dataSet, fragmentMax);
  return out;
}

/** One PDU also for nothing at all: the last fragment may be empty. */
const framedBytes = (bytes: number, fragmentMax: number): number =>
  bytes + HEADERS_BYTES * Math.max(1, Math.ceil(bytes / fragmentMax));

function writeFragments(
  out: Uint8Array,
  start: number,
  contextId: number,
  control: number,
  bytes: Uint8Array,
  fragmentMax: number,
): number {
  let at = start;
  for (let from = 0; from === 0 || from < bytes.length; from += fragmentMax) {
    const fragment = bytes.subarray(from, from + fragmentMax);
    const isLast = from + fragmentMax >= bytes.length;
    out.set(pdataHeader(contextId, control | (isLast ? IS_LAST : 0), fragment.length), at);
    out.set(fragment, at + HEADERS_BYTES);
    at += HEADERS_BYTES + fragment.length;
  }
  return at;
}

/** A whole data set as the pieces to be written as one: headers, and views of it. */
export function frameDataSet(contextId: number, dataSet: Uint8Array, maximumLength: number): Uint8Array[] {
  const fragmentMax = fragmentBytesMax(maximumLength);
  const pieces: Uint8Array[] = [];
  for (let from = 0; from === 0 || from < dataSet.length; from += fragmentMax) {
    const fragment = dataSet.subarray(from, from + fragmentMax);
    const isLast = from + fragmentMax >= dataSet.length;
    pieces.push(pdataHeader(contextId, isLast ? IS_LAST : 0, fragment.length), fragment);
  }
  return pieces;
}

/** PDU and PDV header of a P-DATA-TF PDU with one PDV (PS3.8 9.3.5). */
function pdataHeader(contextId: number, control: number, fragmentBytes: number): Uint8Array {
  const header = new Uint8Array(HEADERS_BYTES);
  const view = viewOf(header);
  header[0] = P_DATA_TF;
  view.setUint32(2, PDV_HEADER_BYTES + fragmentBytes);
  view.setUint32(PDU_HEADER_BYTES, fragmentBytes + 2);
  header[10] = contextId;
  header[11] = control;
  return header;
}

/**
 * Frames a data set that comes in chunks of any size as P-DATA-TF PDUs, without copying: what it returns
 * are headers and views, to be written in order before the next chunk is asked for. The end of each
 * chunk, one or two bytes, is kept back so that the last fragment, which must say so, is never empty.
 */
export class DataSetFramer {
  readonly #contextId: number;
  readonly #fragmentMax: number;
  #held: Uint8Array = new Uint8Array(0);

  /** @param maximumLength Maximum Length of the peer, in bytes; 0: no limit. */
  constructor(contextId: number, maximumLength: number) {
    this.#contextId = contextId;
    this.#fragmentMax = fragmentBytesMax(maximumLength);
  }

  /** The pieces to write for a chunk; views of it, valid as long as the chunk. */
  push(chunk: Uint8Array): Uint8Array[] {
    const bytes = this.#held.length + chunk.length;
    if (bytes <= 2) {
      this.#held = new Uint8Array([...this.#held, ...chunk]);
      return [];
    }
    const kept = bytes % 2 === 0 ? 2 : 1;
    // More than two bytes came together, so what is kept lies in the chunk unless the chunk is one byte.
    const keptOfChunk = Math.min(kept, chunk.length);
    const sendHeld = this.#held.subarray(0, this.#held.length - (kept - keptOfChunk));
    const nextHeld = new Uint8Array([...this.#held.subarray(sendHeld.length), ...chunk.slice(-keptOfChunk)]);
    const pieces = this.#frame(sendHeld, chunk.subarray(0, chunk.length - keptOfChunk));
    this.#held = nextHeld;
    return pieces;
  }

  /** The last fragment; empty only where the data set is. */
  end(): Uint8Array[] {
    return [pdataHeader(this.#contextId, IS_LAST, this.#held.length), this.#held];
  }

  #frame(held: Uint8Array, chunk: Uint8Array): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    let ahead = held;
    let from = 0;
    while (ahead.length > 0 || from < chunk.length) {
      const fragment = chunk.subarray(from, from + this.#fragmentMax - ahead.length);
      pieces.push(pdataHeader(this.#contextId, 0, ahead.length + fragment.length));
      if (ahead.length > 0) pieces.push(ahead);
      if (fragment.length > 0) pieces.push(fragment);
      from += fragment.length;
      ahead = held.subarray(0, 0);
    }
    return pieces;
  }
}
