import { VRS, type Vr } from '../vr.ts';
import type { CodeSet } from './code-sets.ts';
import { isDelimiter, isResetting, type Ready, readyFor } from './scan.ts';
import { type Charset, charsetOf, DEFAULT_CHARSET } from './terms.ts';

/**
 * Bytes of a text in a character set, not padded; undefined when the set cannot carry it. Where a
 * decomposed character is not in the set, its composed form (NFC) is tried. Escapes are written only
 * where the terms declare code extensions, and undone before each delimiter (PS3.5 6.1.2.5.3).
 * @param terms of Specific Character Set, as `Charset.terms` or as declared.
 */
export function encodeText(text: string, vr: Vr, terms: readonly string[]): Uint8Array | undefined {
  const charset: Charset = VRS[vr].charset ? charsetOf(terms) : DEFAULT_CHARSET;
  const ready = readyFor(charset);
  const encode = ready.kind === 'whole' ? ready.set.encode : (each: string) => encodeIso2022(each, vr, ready);
  const composed = text.normalize('NFC');
  return encode(text) ?? (composed === text ? undefined : encode(composed));
}

type Iso2022 = Ready & { kind: 'iso2022' };
type State = { out: number[]; g0: CodeSet; g1: CodeSet | undefined };
const ESC = 0x1b;

function encodeIso2022(text: string, vr: Vr, ready: Iso2022): Uint8Array | undefined {
  const state: State = { out: [], g0: ready.g0, g1: ready.g1 };
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    if (code === ESC) return undefined;
    if (code <= 0x20 || code === 0x7f || isDelimiter(code, vr)) writeRaw(state, code, vr, ready);
    else if (!writeChar(state, char, vr, ready)) return undefined;
  }
  restore(state, ready);
  return Uint8Array.from(state.out);
}

/** Controls, spaces and delimiters: before those that reset the state, value 1 is in force again. */
function writeRaw(state: State, code: number, vr: Vr, ready: Iso2022): void {
  if (isResetting(code) || isDelimiter(code, vr)) restore(state, ready);
  // Many readers know no space within a 94x94 set.
  else if (state.g0.bytes === 2) designate(state, ready.g0);
  state.out.push(code);
}

function writeChar(state: State, char: string, vr: Vr, ready: Iso2022): boolean {
  for (const set of [state.g0, state.g1, ready.g0, ...ready.extensions]) {
    const bytes = set?.encode(char);
    if (set === undefined || bytes === undefined) continue;
    // The yen sign of JIS X 0201 would be read as a delimiter in a VR of many values.
    if (bytes.length === 1 && isDelimiter(bytes[0] ?? 0, vr)) continue;
    designate(state, set);
    state.out.push(...bytes);
    return true;
  }
  return false;
}

function designate(state: State, set: CodeSet): void {
  const current = set.slot === 'G0' ? state.g0 : state.g1;
  if (current === set) return;
  state.out.push(ESC, ...set.escape);
  if (set.slot === 'G0') state.g0 = set;
  else state.g1 = set;
}

/** Where value 1 has no G1 set there is nothing to bring back: the delimiter itself ends the extension. */
function restore(state: State, ready: Iso2022): void {
  designate(state, ready.g0);
  if (ready.g1 !== undefined) designate(state, ready.g1);
  else state.g1 = undefined;
}
