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
    const upper = keyOf(bits[index] as number) >>> HALF_BITS;
    uppers[upper] = (uppers[upper] as number) + 1;
  }
  const places = ranks.map((rank) => {
    const [upper, before] = placeOf(uppers, rank);
    return { upper, rank: rank - before };
  });
  const lowers = lowersOf(
    bits,
    places.map(({ upper }) => upper),
  );
  return places.map(({ upper, rank }) => {
    const [lower] = placeOf(lowers.get(upper) as Uint32Array, rank);
    return valueOf(((upper << HALF_BITS) | lower) >>> 0);
  });
}

/** Counts by the lower half of what has one of these upper halves, in one pass for all of them. */
function lowersOf(bits: Uint32Array, wanted: readonly number[]): Map<number, Uint32Array> {
  const each = [...new Set(wanted)];
  const counts = new Uint32Array(each.length * HALVES);
  const slots = new Uint32Array(HALVES).fill(each.length);
  for (const [slot, upper] of each.entries()) slots[upper] = slot;
  for (let index = 0; index < bits.length; index++) {
    const key = keyOf(bits[index] as number);
    const slot = slots[key >>> HALF_BITS] as number;
    if (slot === each.length) continue;
    const at = slot * HALVES + (key & (HALVES - 1));
    counts[at] = (counts[at] as number) + 1;
  }
  return new Map(each.map((upper, slot) => [upper, counts.subarray(slot * HALVES, (slot + 1) * HALVES)]));
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
