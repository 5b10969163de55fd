import type { Condition } from '@acervo/interop/dicomweb/matching.ts';
import type { Bound } from '../../holdings/bound.ts';

/** A condition that stands alone: neither universal nor made of others. */
export type Simple = Extract<Condition, { kind: 'single' | 'wildcard' | 'range' | 'empty' }>;
/** One that asks for a value. */
export type Valued = Exclude<Simple, { kind: 'empty' }>;

/** A condition as SQL, its alternatives by `one`. */
export function combined(condition: Condition, one: (simple: Simple) => string): string {
  switch (condition.kind) {
    case 'universal':
      return 'true';
    case 'list': {
      const word = condition.quantifier === 'any' ? ' or ' : ' and ';
      return `(${condition.values.map((value) => one({ kind: 'single', value })).join(word)})`;
    }
    case 'anyOf':
      return `(${condition.conditions.map((each) => combined(each, one)).join(' or ')})`;
    default:
      return one(condition);
  }
}

type Ends = { from?: string; to?: string };

/** Both ends included, as far as there are any. */
export function between(
  bound: Bound,
  expression: string,
  { from, to }: Ends,
  type: 'date' | 'text',
  boundOf: (value: string, end: 'from' | 'to') => string,
): string {
  const ends = [
    ...(from === undefined ? [] : [`${expression} >= ${bound.add(boundOf(from, 'from'), type)}`]),
    ...(to === undefined ? [] : [`${expression} <= ${bound.add(boundOf(to, 'to'), type)}`]),
  ];
  return ends.join(' and ');
}

/** The ends of what a single value or a range covers, for a VR whose values may leave out their last components. */
export function endsOf(condition: Valued): Ends {
  if (condition.kind === 'single') return { from: condition.value, to: condition.value };
  return condition.kind === 'range' ? condition : {};
}
