import { latin1Text } from '@acervo/kernel/bytes.ts';
import { VRS, type Vr } from '../vr.ts';
import { ROMAJI } from './code-sets.ts';
import { type Piece, pieces, type Ready, readyFor } from './scan.ts';
import { type Charset, DEFAULT_CHARSET } from './terms.ts';

export { type Charset, charsetOf, readTerms } from './terms.ts';

export type DecodedText = {
  text: string;
  /** Bytes that are no character of the set stand as U+FFFD, or were read by guess. */
  damaged: boolean;
};

/**
 * Text of a value of a text VR, backslashes and padding included. In a VR of many values each backslash
 * of the result is a delimiter, whatever the set: bytes 0x5C within a character are not (GBK, Shift JIS,
 * JIS X 0208), and 0x5C is one also where the set has a yen sign there (PS3.5 6.1.2.3). So the result may
 * be split at backslashes. VRs that Specific Character Set does not govern are ASCII.
 */
export function decodeText(bytes: Uint8Array, vr: Vr, charset: Charset): string {
  return decodeTextReport(bytes, vr, charset).text;
}

/** As `decodeText`, and whether all bytes were characters. Never throws. */
export function decodeTextReport(bytes: Uint8Array, vr: Vr, charset: Charset): DecodedText {
  const ready = readyFor(VRS[vr].charset ? charset : DEFAULT_CHARSET);
  if (isPlainAscii(bytes, ready)) return { text: ASCII.decode(bytes), damaged: false };
  if (ready.kind === 'iso2022') return decodePieces(bytes, vr, ready);
  const text = ready.set.decode(bytes);
  return { text, damaged: text.includes('\ufffd') };
}

/** The values of a multi-valued text VR, each with its padding; one of a VR of one value; none if empty. */
export function splitValues(bytes: Uint8Array, vr: Vr, charset: Charset): Uint8Array[] {
  if (bytes.length === 0) return [];
  if (!VRS[vr].multi) return [bytes];
  const ready = readyFor(VRS[vr].charset ? charset : DEFAULT_CHARSET);
  const values: Uint8Array[] = [];
  let from = 0;
  for (const at of ready.kind === 'whole' ? backslashes(bytes, ready) : valueDelimiters(bytes, vr, ready)) {
    values.push(bytes.subarray(from, at));
    from = at + 1;
  }
  values.push(bytes.subarray(from));
  return values;
}

/** ASCII is UTF-8, whose decoder is the fastest one there is. */
const ASCII = new TextDecoder('utf-8');

/** What most values are, decided in one pass: no byte above 0x7E, no escape, and ASCII in G0. */
function isPlainAscii(bytes: Uint8Array, ready: Ready): boolean {
  if (ready.kind === 'iso2022' && ready.g0 === ROMAJI) return false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte >= 0x80 || byte === 0x1b) return false;
  }
  return true;
}

function decodePieces(bytes: Uint8Array, vr: Vr, ready: Ready & { kind: 'iso2022' }): DecodedText {
  let text = '';
  let damaged = false;
  for (const piece of pieces(bytes, vr, ready)) {
    text += textOf(bytes.subarray(piece.at, piece.end), piece);
    damaged ||= piece.isGuessed === true;
  }
  return { text, damaged: damaged || text.includes('\ufffd') };
}

function textOf(bytes: Uint8Array, piece: Piece): string {
  if (piece.set !== undefined) return piece.set.decode(bytes);
  return piece.kind === 'bad' ? '\ufffd'.repeat(bytes.length) : latin1Text(bytes);
}

const BACKSLASH = 0x5c;

function* valueDelimiters(bytes: Uint8Array, vr: Vr, ready: Ready & { kind: 'iso2022' }): Generator<number> {
  for (const piece of pieces(bytes, vr, ready)) {
    if (piece.kind === 'delimiter' && bytes[piece.at] === BACKSLASH) yield piece.at;
  }
}

function* backslashes(bytes: Uint8Array, ready: Ready & { kind: 'whole' }): Generator<number> {
  for (let at = 0; at < bytes.length; at += ready.set.charBytes(bytes, at)) if (bytes[at] === BACKSLASH) yield at;
}
