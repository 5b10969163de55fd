/** Letters that Unicode does not decompose into a base and marks, in capitals, and how they are searched. */
const PLAIN_LETTERS: Readonly<Record<string, string>> = {
  Đ: 'D',
  Ð: 'D',
  Ɖ: 'D',
  Ø: 'O',
  Ł: 'L',
  Ħ: 'H',
  Ŧ: 'T',
  Ŋ: 'N',
  Ɨ: 'I',
  Ƀ: 'B',
  Ʉ: 'U',
  Æ: 'AE',
  Œ: 'OE',
  Þ: 'TH',
  ẞ: 'SS',
};

/**
 * The form in which names and words are compared: no accents, no case, no compatibility forms (full and
 * half width, ligatures), nothing invisible (zero width, bidi and other controls), single spaces. It is
 * a key, never shown: the value stays as it was sent.
 * @example foldText('  Núñez   Peña ') // 'NUNEZ PENA'
 */
export function foldText(text: string): string {
  return (
    text
      .toWellFormed()
      .replaceAll(/\s+/g, ' ')
      .replaceAll(/[\p{Cc}\p{Cf}\p{Variation_Selector}]/gu, '')
      .normalize('NFKD')
      .toUpperCase()
      // Capitals may decompose where small letters did not.
      .normalize('NFKD')
      .replaceAll(/[\u0300-\u036f]/g, '')
      .replaceAll(/[ĐÐƉØŁĦŦŊƗɃɄÆŒÞẞ]/g, (letter) => PLAIN_LETTERS[letter] ?? letter)
      .normalize('NFC')
      .replaceAll(/\s+/g, ' ')
      .trim()
  );
}

/** Compatibility forms of the delimiters must not become delimiters. */
function foldComponent(component: string): string {
  return foldText(foldText(component).replaceAll(/[=^]/g, ' '));
}

/** The groups of a PN value that are not empty, folded, without trailing empty components (PS3.5 6.2.1). */
function foldedGroups(pn: string): string[] {
  return pn
    .split('=')
    .map((group) => group.split('^').map(foldComponent).join('^').replace(/\^+$/, ''))
    .filter((group) => group !== '');
}

/**
 * The search key of one PN value: each group that is not empty between two equals signs; '' when there
 * is none. See `namePatternToRegex`.
 * @example foldName('Núñez Peña^José Ángel') // '=NUNEZ PENA^JOSE ANGEL='
 */
export function foldName(pn: string): string {
  const groups = foldedGroups(pn);
  return groups.length === 0 ? '' : `=${groups.join('=')}=`;
}

/** Every folded word of all groups of a PN value, once, in order: for searches without regard to order. */
export function nameWords(pn: string): string[] {
  const words = foldedGroups(pn)
    .join('=')
    .split(/[ ^=.,'\u2019\u2010-]+/);
  return [...new Set(words.filter((word) => word !== ''))];
}

/** Stand for * and ? while the rest is folded; folding leaves the private use area alone. */
const ANY = '\ue000';
const ONE = '\ue001';
/** A trailing `^*` asks for nothing, since trailing empty components may be left out (PS3.5 6.2.1.2). */
const OPTIONAL_TAIL = new RegExp(`(?:\\^${ANY})+$`);

/**
 * A regular expression for PostgreSQL's `~` (and RegExp) that finds a DICOM wildcard pattern (PS3.4
 * C.2.2.2.4) in a `foldName` key: `*` any characters, `?` one. Each group of the pattern matches a whole
 * group of the name, in order; no wildcard crosses an equals sign. A pattern that asks for nothing ('' or
 * '*') gives '', which finds every name, the empty one too.
 * @example namePatternToRegex('Peña^J*') // '=PENA\\^J[^=]*='
 */
export function namePatternToRegex(pattern: string): string {
  const marked = pattern
    .replaceAll(/[\ue000\ue001]/g, '')
    .replaceAll(/\*+/g, ANY)
    .replaceAll('?', ONE);
  const groups = foldedGroups(marked).filter((group) => !/^[\ue000^]+$/.test(group));
  if (groups.length === 0) return '';
  return `=${groups.map(groupToRegex).join('=([^=]*=)*')}=`;
}

function groupToRegex(group: string): string {
  const head = group.replace(OPTIONAL_TAIL, '');
  const regex = head
    .replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
    .replaceAll(ANY, '[^=]*')
    .replaceAll(ONE, '[^=]');
  return head === group ? regex : `${regex}(\\^[^=]*)?`;
}
