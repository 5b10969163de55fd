import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from './machine.ts';
import type { RowResult } from './run-row.ts';
import type { SoakResult } from './soak-verdict.ts';

/** A row's result as it is kept. */
export type Kept = RowResult & { measuredOn: string; machine: Machine };

/** Where results are kept, one file for each row, below the root of the repository. */
const FOLDER = 'docs/performance';
const SOAK = 'soak';
const NOTES = 'bench/notes';

export type KeptSoak = SoakResult & { guarantees: readonly string[]; measuredOn: string; machine: Machine };

export const keep = (root: string, kept: Kept): void => write(root, kept.id, kept);
export const keepSoak = (root: string, kept: KeptSoak): void => write(root, SOAK, kept);

function write(root: string, name: string, value: object): void {
  const folder = join(root, FOLDER);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(value, roundedValues, 2)}\n`);
}

/** The kept result of a row, undefined where it was not measured yet. */
export function keptOf(root: string, id: string): Kept | undefined {
  const text = textIfAny(join(root, FOLDER, `${id}.json`));
  return text === undefined ? undefined : (JSON.parse(text) as Kept);
}

export function keptSoakOf(root: string): KeptSoak | undefined {
  const text = textIfAny(join(root, FOLDER, `${SOAK}.json`));
  return text === undefined ? undefined : (JSON.parse(text) as KeptSoak);
}

/** What somebody wrote about a row: where the time goes, what stands in the way of its target. */
export const noteOf = (root: string, id: string): string | undefined =>
  textIfAny(join(root, NOTES, `${id}.md`))?.trim();

/** More digits than a clock of milliseconds gives would only make the kept files differ. */
function roundedValues(_: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(5)) : value;
}

function textIfAny(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // There is none.
  }
}
