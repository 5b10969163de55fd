/**
 * A seeded source of pseudo-random numbers (xoshiro128**, Blackman and Vigna), so that a sample or a
 * fuzzing run can be made again from its seed alone. Not for secrets.
 */
export type Random = {
  /** A whole number in [0, 2^32). */
  uint32(): number;
  /** A whole number in [0, bound); `bound` is at least 1 and at most 2^32. */
  below(bound: number): number;
  /** A number in [0, 1). */
  unit(): number;
  /** True with the probability given. */
  chance(probability: number): boolean;
  /** One of the values; they are not empty. */
  pick<T>(values: readonly T[]): T;
  /** A source of its own: what it gives depends on this one's seed and the label, not on what was drawn. */
  fork(label: string): Random;
};

/** @example createRandom('sample').below(6) === createRandom('sample').below(6) // always */
export function createRandom(seed: string | number): Random {
  const uint32 = xoshiro(String(seed));
  const below = (bound: number): number => Math.floor((uint32() / 0x1_0000_0000) * bound);
  return {
    uint32,
    below,
    unit: () => uint32() / 0x1_0000_0000,
    chance: (probability) => uint32() / 0x1_0000_0000 < probability,
    pick: <T>(values: readonly T[]): T => {
      if (values.length === 0) throw new RangeError('pick from nothing');
      return values[below(values.length)] as T;
    },
    fork: (label) => createRandom(`${seed}/${label}`),
  };
}

const ROUNDS_BEFORE_USE = 16;

function xoshiro(seed: string): () => number {
  // The 1 keeps the state from being all zeros, where the generator would stand still.
  let [s0, s1, s2, s3] = [fnv1a(seed, 1), fnv1a(seed, 2), fnv1a(seed, 3), fnv1a(seed, 4) | 1];
  const next = (): number => {
    const result = Math.imul(rotate(Math.imul(s1, 5), 7), 9);
    const shifted = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= shifted;
    s3 = rotate(s3, 11);
    return result >>> 0;
  };
  for (let round = 0; round < ROUNDS_BEFORE_USE; round++) next();
  return next;
}

/** A 32-bit hash of a text (FNV-1a), another one for each `variant`. */
function fnv1a(text: string, variant: number): number {
  let hash = 0x811c9dc5 ^ Math.imul(variant, 0x9e3779b1);
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash;
}

const rotate = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits));
