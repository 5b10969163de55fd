import { VRS, type Vr } from '../vr.ts';
import { CODE_SETS, type CodeSet, designatedAt, ISO_646 } from './code-sets.ts';
import type { Charset } from './terms.ts';
import { WHOLE_SETS, type WholeSet } from './whole-sets.ts';

/** A character set made ready for work: one encoding of whole values, or ISO 2022 with its first state. */
export type Ready =
  | { kind: 'whole'; set: WholeSet }
  | {
      kind: 'iso2022';
      /** What is in force at the start of a value and after each delimiter: value 1 (PS3.5 6.1.2.5.3). */
      g0: CodeSet;
      g1: CodeSet | undefined;
      /** Sets that escapes may bring in, in the order of the terms; none without code extensions. */
      extensions: readonly CodeSet[];
      /** The one G1 set among the terms, for bytes that no escape announced. */
      onlyG1: CodeSet | undefined;
    };

const READY = new WeakMap<Charset, Ready>();

/** Worked out once for each charset value. */
export function readyFor(charset: Charset): Ready {
  const known = READY.get(charset);
  if (known !== undefined) return known;
  const ready = makeReady(charset.terms);
  READY.set(charset, ready);
  return ready;
}

function makeReady(terms: readonly string[]): Ready {
  const whole = WHOLE_SETS.get(terms[0] ?? '');
  if (whole !== undefined) return { kind: 'whole', set: whole };
  const sets = terms.map((term) => CODE_SETS[/\d+$/.exec(term)?.[0] ?? ''] ?? []);
  const first = sets[0] ?? [];
  const all = [...new Set(sets.flat())];
  const g1Sets = all.filter((set) => set.slot === 'G1');
  return {
    kind: 'iso2022',
    // Value 1 may not be a 94x94 set of G0 (PS3.3 C.12.1.1.2); where it is, ASCII comes first all the same.
    g0: first.find((set) => set.slot === 'G0' && set.bytes === 1) ?? ISO_646,
    g1: first.find((set) => set.slot === 'G1'),
    extensions: terms.length > 1 || first.some((set) => set.bytes === 2) ? all : [],
    onlyG1: g1Sets.length === 1 ? g1Sets[0] : undefined,
  };
}

const ESC = 0x1b;
/** TAB, LF, FF, CR: after them value 1 is in force again (PS3.5 6.1.2.5.3). */
const RESETTING = new Set([0x09, 0x0a, 0x0c, 0x0d]);
const BACKSLASH = 0x5c;
const CARET = 0x5e;
const EQUALS = 0x3d;

/** True for a control that ends a line or page, and so an extension. */
export function isResetting(byte: number): boolean {
  return RESETTING.has(byte);
}

/** True for a byte that delimits values or, in PN, components and groups (PS3.5 6.1.2.5.3, 6.2.1). */
export function isDelimiter(byte: number, vr: Vr): boolean {
  if (byte === BACKSLASH) return VRS[vr].multi;
  return vr === 'PN' && (byte === CARET || byte === EQUALS);
}

/** A stretch of a value: bytes of one set, or one byte that is itself (`set` undefined). */
export type Piece = {
  at: number;
  end: number;
  /** 'raw': a control, space or delimiter; 'text': characters of `set`; 'bad': nothing can be made of it. */
  kind: 'raw' | 'delimiter' | 'text' | 'bad';
  set?: CodeSet;
  /** No escape had announced the set: read by guess, and the value counts as damaged. */
  isGuessed?: boolean;
};

/**
 * Cut bytes into pieces, following the escapes (ISO 2022, PS3.5 6.1.2.5). An escape that (0008,0005) does
 * not declare is followed all the same: what it means is certain, and to ignore it would only lose text.
 */
export function* pieces(bytes: Uint8Array, vr: Vr, ready: Ready & { kind: 'iso2022' }): Generator<Piece> {
  let { g0, g1 } = ready;
  let at = 0;
  while (at < bytes.length) {
    const byte = bytes[at] ?? 0;
    if (byte === ESC) {
      const designated = designatedAt(bytes, at + 1);
      if (designated === undefined) yield { at, end: at + 1, kind: 'bad' };
      else if (designated.set.slot === 'G0') g0 = designated.set;
      else g1 = designated.set;
      at += 1 + (designated?.length ?? 0);
      continue;
    }
    const piece = pieceAt(bytes, at, vr, g0, g1 ?? ready.onlyG1);
    if (piece.set?.slot === 'G1' && g1 === undefined) piece.isGuessed = true;
    yield piece;
    at = piece.end;
    if (piece.kind === 'delimiter' || (piece.kind === 'raw' && isResetting(byte))) ({ g0, g1 } = ready);
  }
}

function pieceAt(bytes: Uint8Array, at: number, vr: Vr, g0: CodeSet, g1: CodeSet | undefined): Piece {
  const byte = bytes[at] ?? 0;
  if (byte >= 0x80) {
    const end = endOfRun(bytes, at, (next) => next >= 0x80);
    return g1 === undefined ? { at, end, kind: 'bad' } : { at, end, kind: 'text', set: g1 };
  }
  if (!isGraphic(byte)) return { at, end: at + 1, kind: 'raw' };
  // In a 94x94 set of G0 a byte that looks like a delimiter is half of a character.
  if (g0.bytes === 2) return { at, end: endOfRun(bytes, at, isGraphic), kind: 'text', set: g0 };
  if (isDelimiter(byte, vr)) return { at, end: at + 1, kind: 'delimiter' };
  return { at, end: endOfRun(bytes, at, (next) => isGraphic(next) && !isDelimiter(next, vr)), kind: 'text', set: g0 };
}

const isGraphic = (byte: number): boolean => byte > 0x20 && byte < 0x7f;

function endOfRun(bytes: Uint8Array, at: number, belongs: (byte: number) => boolean): number {
  let end = at;
  while (end < bytes.length && belongs(bytes[end] ?? 0)) end++;
  return end;
}
