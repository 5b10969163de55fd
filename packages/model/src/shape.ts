import type { Json } from '@acervo/kernel/canonical-json.ts';

/**
 * What a JSON value must look like, told once: `read` checks a value, `schema` is the same as JSON Schema (2020-12).
 * Unknown members of an object are refused. Nothing is converted and nothing is filled in.
 */
export type Shape<T> = {
  schema: { readonly [name: string]: Json };
  /** @param at where the value stands, as a JSON Pointer. @returns undefined where something was said. */
  read(value: unknown, at: string, say: Say): T | undefined;
};
export type Say = (at: string, what: string) => undefined;
export type Of<S> = S extends Shape<infer T> ? T : never;

const TEXT_MAX = 4096;
const ITEMS_MAX = 256;
const NAMES_MAX = 256;

export function text(bounds: { pattern?: RegExp; most?: number } = {}): Shape<string> {
  const { pattern, most = TEXT_MAX } = bounds;
  return {
    schema: { type: 'string', minLength: 1, maxLength: most, ...(pattern && { pattern: pattern.source }) },
    read: (value, at, say) => {
      if (typeof value !== 'string') return say(at, 'no text');
      // JSON Schema counts characters, not code units.
      const { length } = [...value];
      if (length < 1 || length > most) return say(at, `${length} characters: 1 to ${most} expected`);
      if (pattern !== undefined && !pattern.test(value)) return say(at, `not of the form ${pattern.source}`);
      return value;
    },
  };
}

export function number(least = -1e300, most = 1e300): Shape<number> {
  return {
    schema: { type: 'number', minimum: least, maximum: most },
    read: (value, at, say) => {
      if (typeof value !== 'number' || !Number.isFinite(value)) return say(at, 'no number');
      return value < least || value > most ? say(at, `${value}: ${least} to ${most} expected`) : value;
    },
  };
}

export function integer(least: number, most: number): Shape<number> {
  const within = number(least, most);
  return {
    schema: { ...within.schema, type: 'integer' },
    read: (value, at, say) => {
      if (typeof value === 'number' && !Number.isInteger(value)) return say(at, `${value} is no integer`);
      return within.read(value, at, say);
    },
  };
}

export const flag: Shape<boolean> = {
  schema: { type: 'boolean' },
  read: (value, at, say) => (typeof value === 'boolean' ? value : say(at, 'neither true nor false')),
};

export function oneOf<const T extends string>(...values: readonly T[]): Shape<T> {
  return {
    schema: { enum: [...values] },
    read: (value, at, say) => values.find((each) => each === value) ?? say(at, `none of ${values.join(', ')}`),
  };
}

/** The value, or null where there is none and that is known. */
export function nullable<T>(of: Shape<T>): Shape<T | null> {
  return {
    schema: { anyOf: [{ type: 'null' }, of.schema] },
    read: (value, at, say) => (value === null ? null : of.read(value, at, say)),
  };
}

export function list<T>(of: Shape<T>, least = 0, most = ITEMS_MAX): Shape<readonly T[]> {
  return {
    schema: { type: 'array', items: of.schema, minItems: least, maxItems: most },
    read: (value, at, say) => {
      if (!Array.isArray(value)) return say(at, 'no list');
      if (value.length < least || value.length > most) {
        return say(at, `${value.length} entries: ${least} to ${most} expected`);
      }
      const out = value.map((each, index) => of.read(each, `${at}/${index}`, say));
      return out.every(isThere) ? out : undefined;
    },
  };
}

/** Names that are not known before, all with values of one shape. */
export function dictionary<T>(of: Shape<T>, least = 0): Shape<{ readonly [name: string]: T }> {
  return {
    schema: { type: 'object', additionalProperties: of.schema, minProperties: least, maxProperties: NAMES_MAX },
    read: (value, at, say) => {
      if (!isObject(value)) return say(at, 'no object');
      const entries = Object.entries(value);
      if (entries.length < least || entries.length > NAMES_MAX) return say(at, `${entries.length} members`);
      const out = entries.map(([name, each]) => [name, of.read(each, pointer(at, name), say)] as const);
      const isWhole = out.every((entry): entry is [string, T] => isThere(entry[1]));
      return isWhole ? Object.fromEntries(out) : undefined;
    },
  };
}

type Members = { readonly [name: string]: Shape<unknown> };
type Values<M extends Members> = { readonly [K in keyof M]: Of<M[K]> };
type ObjectOf<R extends Members, O extends Members> = Values<R> & Partial<Values<O>>;

/** An object with these members, required ones and optional ones, and no other. */
export function object<R extends Members, O extends Members>(
  required: R,
  optional: O,
): Shape<ObjectOf<R, O>> & { members: readonly [R, O] } {
  const known: Members = { ...required, ...optional };
  const properties = Object.fromEntries(Object.entries(known).map(([name, of]) => [name, of.schema]));
  return {
    members: [required, optional],
    schema: { type: 'object', properties, required: Object.keys(required), additionalProperties: false },
    read: (value, at, say) => {
      if (!isObject(value)) return say(at, 'no object');
      let isWhole = true;
      const miss = (where: string, what: string): undefined => {
        isWhole = false;
        return say(where, what);
      };
      for (const name of Object.keys(required)) if (!Object.hasOwn(value, name)) miss(at, `${name} is missing`);
      for (const [name, each] of Object.entries(value)) {
        const of = Object.hasOwn(known, name) ? known[name] : undefined;
        if (of === undefined) miss(pointer(at, name), 'not known');
        else of.read(each, pointer(at, name), miss);
      }
      return isWhole ? (value as ObjectOf<R, O>) : undefined;
    },
  };
}

/** One of several objects, told apart by the text of one member. */
export function variants<T>(by: string, of: Readonly<Record<string, Shape<T>>>): Shape<T> {
  const names = Object.keys(of);
  return {
    schema: { anyOf: Object.values(of).map(({ schema }) => schema) },
    read: (value, at, say) => {
      if (!isObject(value)) return say(at, 'no object');
      const name = value[by];
      const found = typeof name === 'string' && Object.hasOwn(of, name) ? of[name] : undefined;
      return found === undefined
        ? say(pointer(at, by), `${JSON.stringify(name) ?? 'nothing'} is none of ${names.join(', ')}`)
        : found.read(value, at, say);
    },
  };
}

const isThere = <T>(value: T | undefined): value is T => value !== undefined;
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
/** RFC 6901 3. */
const pointer = (at: string, name: string): string => `${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
