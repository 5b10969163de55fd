import { type DecodedText, decodeTextReport } from './decode.ts';
import { type Charset, readCharset } from './terms.ts';

/** A character set for one object, and what was wrong with the one it declared. */
export type ChosenCharset = {
  charset: Charset;
  /**
   * missing: (0008,0005) says nothing and there is more than ASCII; wrong: the bytes are not in the set it
   * declares; unknown-term: a term is misspelled, or no term of the standard. Absent: all is well.
   */
  mark?: 'missing' | 'wrong' | 'unknown-term';
};

const UTF_8: Charset = { terms: ['ISO_IR 192'] };
const LATIN_1: Charset = { terms: ['ISO_IR 100'] };
const WINDOWS_1252: Charset = { terms: ['WINDOWS-1252'] };

/**
 * The character set to read an object's text with. A declared set is honoured unless the bytes prove it
 * wrong; an absent one is found from the bytes, else the device's default holds, else Latin-1.
 * @param declared the values of Specific Character Set (0008,0005), see `readTerms`.
 * @param samples values of VRs that it governs: names, descriptions, institution.
 * @param deviceDefault a defined term, or a code page such as 'CP850', for this sender.
 */
export function chooseCharset(
  declared: readonly string[],
  samples: readonly Uint8Array[],
  deviceDefault: string | undefined,
): ChosenCharset {
  const { charset, isKnown, isExact } = readCharset(declared);
  const isDeclared = declared.some((term) => term !== '');
  const spelling: ChosenCharset = isExact ? { charset } : { charset, mark: 'unknown-term' };
  const telling = samples.filter((sample) => sample.some((byte) => byte >= 0x80));
  if (telling.length === 0) return spelling;

  const says = isDeclared ? charset.terms : [];
  const unknown = says.length > 0 && !isKnown && charset.terms[0] === 'ISO_IR 6';
  if (says.length === 0 || unknown) {
    const found = isUtf8(telling, 1) ? UTF_8 : fallback(telling, deviceDefault);
    return { charset: found, mark: unknown ? 'unknown-term' : 'missing' };
  }
  if (charset.terms[0] === 'ISO_IR 192') return brokenUtf8(telling) ? wrong(telling, deviceDefault) : spelling;
  if (isUtf8(telling, sequencesNeeded(charset))) return { charset: UTF_8, mark: 'wrong' };
  // A DOS or Windows code page under the name of an ISO 8859 set shows in bytes that the set lacks.
  if (charset.terms.length === 1 && !readsAll(charset, telling)) return rescued(charset, telling, deviceDefault);
  return spelling;
}

function wrong(telling: readonly Uint8Array[], deviceDefault: string | undefined): ChosenCharset {
  return { charset: fallback(telling, deviceDefault), mark: 'wrong' };
}

/** Another set instead of one that cannot read the bytes, if another can; in any case it is wrong. */
function rescued(charset: Charset, telling: readonly Uint8Array[], deviceDefault: string | undefined): ChosenCharset {
  const found = fallback(telling, deviceDefault);
  return { charset: readsAll(found, telling) ? found : charset, mark: 'wrong' };
}

/**
 * The device's default if it can read the bytes, else Latin-1, else windows-1252, which has characters
 * where Latin-1 has C1 controls. If none can, the device's default all the same.
 */
function fallback(telling: readonly Uint8Array[], deviceDefault: string | undefined): Charset {
  const known = deviceDefault === undefined ? undefined : readCharset([deviceDefault]);
  const device = known?.isKnown === true ? known.charset : undefined;
  const candidates = [device, LATIN_1, WINDOWS_1252].filter((each) => each !== undefined);
  return candidates.find((each) => readsAll(each, telling)) ?? device ?? LATIN_1;
}

/** The VR only matters for delimiters, which are ASCII: LO stands for all. */
function readsAll(charset: Charset, telling: readonly Uint8Array[]): boolean {
  return telling.every((sample): boolean => {
    const { damaged }: DecodedText = decodeTextReport(sample, 'LO', charset);
    return !damaged;
  });
}

/**
 * In Latin-1 and its kin a valid UTF-8 sequence would be a letter and a symbol, such as 'Ã±': one is proof.
 * Other sets have letters in both places, so that a short name may be valid by chance: three are needed.
 */
function sequencesNeeded({ terms }: Charset): number {
  return terms.length === 1 && /^ISO_IR (6|100|148|203)$/.test(terms[0] ?? '') ? 1 : 3;
}

/** True where all bytes are strict UTF-8 without escapes, with so many different multi-byte characters. */
function isUtf8(telling: readonly Uint8Array[], charactersMin: number): boolean {
  const seen = new Set<string>();
  for (const sample of telling) {
    const text = strictUtf8(sample);
    if (text === undefined || sample.includes(0x1b)) return false;
    for (const char of text) if (char >= '\u0080') seen.add(char);
  }
  return seen.size >= charactersMin;
}

/** Declared UTF-8 is given up when the values that are not outnumber, or equal, those that prove it. */
function brokenUtf8(telling: readonly Uint8Array[]): boolean {
  const broken = telling.filter((sample) => !provesUtf8(sample)).length;
  return broken > 0 && broken >= telling.length - broken;
}

/** A value that a device cut off in the middle of its last character is UTF-8 none the less. */
function provesUtf8(bytes: Uint8Array): boolean {
  try {
    return /[^\0-\u009f]/.test(new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true }));
  } catch {
    return false; // a TypeError is how a fatal decoder says no
  }
}

/** Text of strict UTF-8; undefined if it is not. C1 controls are valid UTF-8 but no text. */
function strictUtf8(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return /[\u0080-\u009f]/.test(text) ? undefined : text;
  } catch {
    return undefined; // a TypeError is how a fatal decoder says no
  }
}
