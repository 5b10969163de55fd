import { foldName, nameWords } from '@acervo/dicom/person-name.ts';
import { ANY, fuzzyWords, marked, ONE } from './patterns.ts';

/**
 * Whether a text is what a pattern with markers for wildcards asks for. Takes time in proportion to both lengths
 * multiplied, where a regular expression of many asterisks could take for ever.
 */
export function matchesPattern(text: string, pattern: string): boolean {
  const characters = [...text];
  const wanted = [...pattern];
  let at = 0;
  let next = 0;
  let star = -1;
  let starAt = 0;
  while (at < characters.length) {
    if (wanted[next] === ANY) {
      star = next++;
      starAt = at;
    } else if (next < wanted.length && (wanted[next] === ONE || wanted[next] === characters[at])) {
      at += 1;
      next += 1;
    } else if (star >= 0) {
      // The asterisk takes one character more.
      next = star + 1;
      at = ++starAt;
    } else return false;
  }
  while (wanted[next] === ANY) next += 1;
  return next === wanted.length;
}

/** Whether a name is what a pattern asks for, each group of it by a whole group of the name, in order. */
export function matchesName(name: string, pattern: string): boolean {
  const groups = foldName(name)
    .split('=')
    .filter((group) => group !== '');
  const wanted = foldName(marked(pattern))
    .split('=')
    .filter((group) => !/^[\ue000^]*$/.test(group));
  let at = 0;
  for (const group of wanted) {
    while (at < groups.length && !matchesGroup(groups[at] as string, group)) at += 1;
    if (at === groups.length) return false;
    at += 1;
  }
  return true;
}

/** A trailing `^*` asks for nothing, since trailing empty components may be left out (PS3.5 6.2.1.2). */
function matchesGroup(group: string, pattern: string): boolean {
  const head = pattern.replace(new RegExp(`(?:\\^${ANY})+$`), '');
  return matchesPattern(group, head) || (head !== pattern && matchesPattern(group, `${head}^${ANY}`));
}

/** Whether every word asked for begins a word of the name, in any order. */
export function matchesWords(name: string, pattern: string): boolean {
  const words = nameWords(name);
  return fuzzyWords(pattern).every((wanted) => words.some((word) => matchesPattern(word, wanted + ANY)));
}
