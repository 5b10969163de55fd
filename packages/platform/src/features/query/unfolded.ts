import { foldText } from '@acervo/dicom/person-name.ts';

/** Letters that people write names and descriptions with: Latin, Greek, Cyrillic, ligatures, half and full width. */
const RANGES: readonly (readonly [number, number])[] = [
  [0x20, 0x2af],
  [0x370, 0x52f],
  [0x1e00, 0x1fff],
  [0xfb00, 0xfb06],
  [0xff01, 0xff9f],
];
/** What folding drops: combining marks, soft hyphen, zero width characters, directions. */
const DROPPED = '\u0300-\u036f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff';
const SPACES = ' \t\n\r\u00a0\u3000';

type Origins = {
  /** Every character that folds to this one, as the inside of a bracket expression. */
  one: ReadonlyMap<string, string>;
  /** Characters that fold to several: Æ, ß, ligatures. */
  several: readonly { folded: string; from: string }[];
};

let origins: Origins | undefined;

/** Built when first needed. The same whenever it happens, so this cache is not a state anyone could observe. */
function originsOf(): Origins {
  origins ??= buildOrigins();
  return origins;
}

function buildOrigins(): Origins {
  const byFolded = new Map<string, string>();
  for (const [from, to] of RANGES) {
    for (let code = from; code <= to; code++) {
      const character = String.fromCodePoint(code);
      const folded = foldText(character);
      if (folded !== '') byFolded.set(folded, (byFolded.get(folded) ?? '') + inBrackets(character));
    }
  }
  const all = [...byFolded].sort(([a], [b]) => b.length - a.length);
  return {
    one: new Map(all.filter(([folded]) => [...folded].length === 1)),
    several: all.filter(([folded]) => [...folded].length > 1).map(([folded, from]) => ({ folded, from })),
  };
}

const inBrackets = (character: string): string => (/[\\\]^[-]/.test(character) ? `\\${character}` : character);

/** An escaped character, a bracket expression, or one character. */
const TOKEN = /\\.|\[[^\]]*\]|./gsu;
const OPERATORS: ReadonlySet<string> = new Set(['(', ')', '*', '?', '.', '^', '$']);
/** Spaces about a text mean nothing, whatever else that is dropped stands among them. */
const AT_END: Readonly<Record<string, string>> = { '^': `^[${DROPPED}${SPACES}]*`, $: `[${DROPPED}${SPACES}]*$` };

/**
 * A regular expression over folded text as one that finds the same in the text as it was sent. The index keeps
 * folded columns for what is often searched; the other names and descriptions are searched by this, so that
 * they too are found without regard to case and accents, and never by a server's collation.
 * @param regex  literals, `.`, `*`, `?`, groups, anchors and bracket expressions of PostgreSQL
 */
export function unfolded(regex: string): string {
  let text = '';
  let run: string[] = [];
  for (const token of regex.match(TOKEN) ?? []) {
    const isOperator = OPERATORS.has(token) || token.startsWith('[');
    if (!isOperator) {
      run.push(token.length > 1 && token.startsWith('\\') ? token.slice(1) : token);
      continue;
    }
    text += lettersOf(run) + (AT_END[token] ?? token);
    run = [];
  }
  return text + lettersOf(run);
}

function lettersOf(run: readonly string[]): string {
  let text = run.length === 0 ? '' : `[${DROPPED}]*`;
  for (let at = 0; at < run.length; ) {
    const several = originsOf().several.find(({ folded }) => run.slice(at, at + folded.length).join('') === folded);
    const length = several?.folded.length ?? 1;
    const letters = run
      .slice(at, at + length)
      .map(letterOf)
      .join('');
    text += several === undefined ? letters : `(${letters}|[${several.from}][${DROPPED}]*)`;
    at += length;
  }
  return text;
}

/** The delimiters of a name have spaces about them that mean nothing, and empty components before a group's end. */
function letterOf(folded: string): string {
  if (folded === ' ') return `([${SPACES}][${DROPPED}]*)+`;
  if (folded === '^') return ' *\\^ *';
  if (folded === '=') return '[ ^]*= *';
  return `[${originsOf().one.get(folded) ?? inBrackets(folded)}][${DROPPED}]*`;
}
