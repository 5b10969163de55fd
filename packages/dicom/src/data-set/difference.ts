import { equalBytes } from '@acervo/kernel/bytes.ts';
import { findAttribute } from '../dictionary.ts';
import { tagText } from '../tag.ts';
import type { DataSet, Element } from './model.ts';

/**
 * Where two data sets first differ, by tag: a path such as `0040A730[2].0040A160 TextValue: other value`.
 * Values are not told: they may be a patient's. Lengths of sequences and padding do not count.
 * @returns undefined where they do not
 */
export function firstDifference(a: DataSet, b: DataSet): string | undefined {
  const tags = [...new Set([...a.elements.keys(), ...b.elements.keys()])].sort((one, other) => one - other);
  for (const tag of tags) {
    const difference = between(a.elements.get(tag), b.elements.get(tag));
    if (difference === undefined) continue;
    return difference.startsWith('[')
      ? `${tagText(tag)}${difference}`
      : `${tagText(tag)} ${findAttribute(tag)?.keyword ?? ''}: ${difference}`;
  }
  return undefined;
}

function between(a: Element | undefined, b: Element | undefined): string | undefined {
  if (a === undefined) return 'only in the second';
  if (b === undefined) return 'only in the first';
  if (a.vr !== b.vr) return `VR ${a.vr}, then ${b.vr}`;
  if (a.items !== undefined && b.items !== undefined) return betweenItems(a.items, b.items);
  const [one, other] = [a.value ?? new Uint8Array(0), b.value ?? new Uint8Array(0)];
  return equalBytes(one, other) ? undefined : `other value, ${one.length} and ${other.length} bytes`;
}

function betweenItems(a: readonly DataSet[], b: readonly DataSet[]): string | undefined {
  for (const [index, item] of a.entries()) {
    const other = b[index];
    const inside = other && firstDifference(item, other);
    if (inside !== undefined) return `[${index + 1}].${inside}`;
  }
  return a.length === b.length ? undefined : `${a.length} items, then ${b.length}`;
}
