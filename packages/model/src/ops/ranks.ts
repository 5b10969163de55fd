const HALF_BITS = 16;
const HALVES = 2 ** HALF_BITS;
const SIGN = 0x8000_0000;

/**
 * The values at some places of the sorted data, without sorting it: `data.toSorted()[rank]` for each rank. Floating
 * point numbers of 32 bits are in the order of their bits, negative ones turned round; they are counted by their upper
 * half, and in the few halves that a rank falls into by the lower one.
 */
export function valuesAt(data: Float32Array, ranks: readonly number[]): number[] {
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  const uppers = new Uint32Array(HALVES);
  for (let index = 0; index < bits.length; index++) {
    const key = keyOf(bits[index] as number) >>> HALF_BITS;
    uppers[key] = (uppers[key] as number) + 1;
  }
  const lowers = new Map<number, Uint32Array>();
  return ranks.map((rank) => {
    const [upper, before] = placeOf(uppers, rank);
    const within = lowers.get(upper) ?? lowersOf(bits, upper);
    lowers.set(upper, within);
    const [lower] = placeOf(within, rank - before);
    return valueOf(((upper << HALF_BITS) | lower) >>> 0);
  });
}

function lowersOf(bits: Uint32Array, upper: number): Uint32Array {
  const counts = new Uint32Array(HALVES);
  for (let index = 0; index < bits.length; index++) {
    const key = keyOf(bits[index] as number);
    if (key >>> HALF_BITS !== upper) continue;
    const lower = key & (HALVES - 1);
    counts[lower] = (counts[lower] as number) + 1;
  }
  return counts;
}

/** The count in which a rank lies, and how many there are before it. */
function placeOf(counts: Uint32Array, rank: number): [place: number, before: number] {
  let before = 0;
  for (let place = 0; place < counts.length; place++) {
    const count = counts[place] as number;
    if (rank < before + count) return [place, before];
    before += count;
  }
  return [counts.length - 1, before];
}

/** Larger for a larger number; what is no number is the largest, as it is last where typed arrays are sorted. */
function keyOf(bits: number): number {
  if ((bits & 0x7fff_ffff) > 0x7f80_0000) return 0xffff_ffff;
  return (bits & SIGN ? ~bits : bits | SIGN) >>> 0;
}

function valueOf(key: number): number {
  const bits = key & SIGN ? key & 0x7fff_ffff : ~key;
  return new Float32Array(Uint32Array.of(bits).buffer)[0] as number;
}
