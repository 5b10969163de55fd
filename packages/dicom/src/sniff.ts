import { decodeHeader, newHeader, UNDEFINED_LENGTH, vrAt } from './data-set/header.ts';
import { findAttribute } from './dictionary.ts';
import { EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE } from './transfer-syntax.ts';

/** A first element longer than this proves nothing: data sets start with small ones. */
const FIRST_LENGTH_MAX = 4096;
const HEADER_BYTES = 8;

/**
 * The transfer syntax of a bare data set, from its first elements; conservative. The first tag must be in
 * the dictionary and have a small value, or a VR that is written there; and the tag behind it, if bytes of
 * it are there, must be a higher one that a data set can hold.
 *
 * @returns a native transfer syntax UID; undefined when it is none; or how many bytes it takes to say.
 */
export function sniffTransferSyntax(bytes: Uint8Array, isWhole: boolean): string | undefined | { need: number } {
  if (bytes.length < HEADER_BYTES) return isWhole ? undefined : { need: HEADER_BYTES };
  const isExplicit = vrAt(bytes, 4) !== undefined;
  const candidates = isExplicit ? [EXPLICIT_LE, EXPLICIT_BE] : [IMPLICIT_LE];
  let need = 0;
  for (const uid of candidates) {
    const verdict = judge(bytes, { explicitVr: isExplicit, littleEndian: uid !== EXPLICIT_BE }, isWhole);
    if (verdict === true) return uid;
    if (verdict !== false) need = Math.max(need, verdict.need);
  }
  return need > 0 ? { need } : undefined;
}

function judge(
  bytes: Uint8Array,
  encoding: { explicitVr: boolean; littleEndian: boolean },
  isWhole: boolean,
): boolean | { need: number } {
  const header = newHeader();
  const lack = decodeHeader(bytes, 0, bytes.length, encoding, header, isWhole);
  if (lack > 0) return isWhole ? false : { need: lack };
  const { tag, length } = header;
  if (header.isIrregular || findAttribute(tag) === undefined || tag >= 0x7fe00000) return false;
  if (length === UNDEFINED_LENGTH) return encoding.explicitVr || header.vr === 'SQ';
  if (length > FIRST_LENGTH_MAX) return false;
  const next = header.headerBytes + length;
  if (bytes.length < next + HEADER_BYTES) return isWhole ? bytes.length === next : { need: next + HEADER_BYTES };
  if (decodeHeader(bytes, next, bytes.length, encoding, header, true) > 0) return false;
  return header.tag > tag && header.tag >>> 16 <= 0x7fe0 && !header.isIrregular;
}
