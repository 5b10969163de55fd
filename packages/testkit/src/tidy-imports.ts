export type Import = { specifier: string; index: number };

/** `import x, { y } from`, `import * as z from`, `export { a } from`, `export * from`; over several lines too. */
const FROM = new RegExp(
  [
    /^(?:import|export)\s+(?:type\s+)?(?:[\w$]+\s*,?\s*)?/,
    /(?:\*(?:\s*as\s+[\w$]+)?|\{[^}]*\})?/,
    /\s*from\s*['"]([^'"]+)['"]/,
  ]
    .map(({ source }) => source)
    .join(''),
  'gm',
);
const SIDE_EFFECT = /^import\s*['"]([^'"]+)['"]/gm;
const DYNAMIC = /\bimport\(\s*['"]([^'"]+)['"]/g;

/** What a module imports, statically or not, with the place of each in its text. */
export function importsOf(text: string): Import[] {
  const found = [FROM, SIDE_EFFECT, DYNAMIC].flatMap((pattern) => [...text.matchAll(pattern)]);
  return found.map((match) => ({ specifier: match[1] ?? '', index: match.index }));
}
