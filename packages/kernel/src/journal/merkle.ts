import { bytesOfHex, equalBytes } from '../bytes.ts';

/** SHA-256, of the platform: a browser's and Node's differ. */
export type Hash = (bytes: Uint8Array) => Uint8Array;

const HASH_BYTES = 32;
/** What is hashed next, written over each time: a million lines hash two million of them. */
const LEAF = new Uint8Array(1 + HASH_BYTES);
const NODE = new Uint8Array(1 + 2 * HASH_BYTES).fill(0x01, 0, 1);

/** The leaf of a journal line: RFC 6962 2.1 over the 32 bytes of the line's hash. */
export function leafOf(hash: Hash, lineHash: string): Uint8Array {
  LEAF.set(bytesOfHex(lineHash), 1);
  return hash(LEAF);
}

function nodeOf(hash: Hash, left: Uint8Array, right: Uint8Array): Uint8Array {
  NODE.set(left, 1);
  NODE.set(right, 1 + HASH_BYTES);
  return hash(NODE);
}

/** A complete subtree: its leaves are `index * 2**level` and the `2**level - 1` that follow. */
export type Place = { level: number; index: number };

/**
 * The right edge of a Merkle tree (RFC 6962 2.1): the roots of its complete subtrees, the largest first. It is all
 * that is needed to append a leaf, and to say the root of everything so far; about log2(size) hashes each.
 */
export class Frontier {
  readonly #hash: Hash;
  readonly #nodes: Uint8Array[];
  #size: number;

  constructor(hash: Hash, size = 0, nodes: readonly Uint8Array[] = []) {
    if (nodes.length !== placesOf(0, size).length) throw new RangeError(`no frontier of ${size} leaves`);
    this.#hash = hash;
    this.#size = size;
    this.#nodes = [...nodes];
  }

  get size(): number {
    return this.#size;
  }

  get nodes(): readonly Uint8Array[] {
    return this.#nodes;
  }

  /** @param completed  hears of every subtree that this leaf completes, itself among them */
  append(leaf: Uint8Array, completed?: (place: Place, node: Uint8Array) => void): void {
    let node = leaf;
    let index = this.#size;
    completed?.({ level: 0, index }, node);
    for (let level = 1; index % 2 === 1; level++) {
      node = nodeOf(this.#hash, this.#nodes.pop() as Uint8Array, node);
      index = (index - 1) / 2;
      completed?.({ level, index }, node);
    }
    this.#nodes.push(node);
    this.#size += 1;
  }

  root(): Uint8Array {
    return joined(this.#hash, this.#nodes);
  }
}

/** Root of neighbouring subtrees, the largest first: the smaller ones hang at the right. */
function joined(hash: Hash, nodes: readonly Uint8Array[]): Uint8Array {
  const last = nodes.at(-1);
  if (last === undefined) return hash(new Uint8Array());
  return nodes.slice(0, -1).reduceRight((right, left) => nodeOf(hash, left, right), last);
}

/** Leaves `from` up to, not including, `to`; `from` is a multiple of the largest power of two within. */
export type Range = readonly [from: number, to: number];

/** The complete subtrees of a range, the largest first. */
function placesOf(from: number, to: number): Place[] {
  const places: Place[] = [];
  for (let at = from; at < to; ) {
    const level = Math.floor(Math.log2(to - at));
    places.push({ level, index: at / 2 ** level });
    at += 2 ** level;
  }
  return places;
}

/** The largest power of two below a number. */
const splitOf = (count: number): number => 2 ** (Math.ceil(Math.log2(count)) - 1);

/** What proves that a leaf stands at its place in a tree of `size` leaves (RFC 6962 2.1.1). */
export function inclusionRanges(index: number, size: number): Range[] {
  const ranges: Range[] = [];
  let [from, to] = [0, size];
  while (to - from > 1) {
    const middle = from + splitOf(to - from);
    ranges.push(index < middle ? [middle, to] : [from, middle]);
    if (index < middle) to = middle;
    else from = middle;
  }
  return ranges.reverse();
}

/** What proves that a tree of `size` leaves begins with the one of `earlier` (RFC 6962 2.1.2). */
export function consistencyRanges(earlier: number, size: number): Range[] {
  if (earlier === 0) return [];
  const ranges: Range[] = [];
  let [from, to] = [0, size];
  while (to !== earlier) {
    const middle = from + splitOf(to - from);
    ranges.push(earlier <= middle ? [middle, to] : [from, middle]);
    if (earlier <= middle) to = middle;
    else from = middle;
  }
  if (from > 0) ranges.push([from, to]);
  return ranges.reverse();
}

const keyOf = ({ level, index }: Place): string => `${level}/${index}`;

/**
 * The roots of ranges, in one reading of the leaves from the first one on, with memory for what is asked alone.
 * @param leaves  in order; reading ends behind the last one that is needed
 */
export async function rootsOfRanges(
  hash: Hash,
  ranges: readonly Range[],
  leaves: AsyncIterable<Uint8Array>,
): Promise<Uint8Array[]> {
  const wanted = new Set(ranges.flatMap(([from, to]) => placesOf(from, to)).map(keyOf));
  const end = Math.max(0, ...ranges.map(([, to]) => to));
  const found = new Map<string, Uint8Array>();
  const frontier = new Frontier(hash);
  for await (const leaf of leaves) {
    if (frontier.size === end) break;
    frontier.append(leaf, (place, node) => {
      const key = keyOf(place);
      if (wanted.has(key)) found.set(key, node);
    });
  }
  if (frontier.size < end) throw new RangeError(`${frontier.size} of ${end} leaves`);
  return ranges.map(([from, to]) =>
    joined(
      hash,
      placesOf(from, to).map((place) => found.get(keyOf(place)) as Uint8Array),
    ),
  );
}

/** The root that a leaf and its proof lead to (RFC 9162 2.1.3.2); undefined for a proof of another form. */
export function rootByInclusion(
  hash: Hash,
  { index, size, leaf, path }: { index: number; size: number; leaf: Uint8Array; path: readonly Uint8Array[] },
): Uint8Array | undefined {
  if (!(index >= 0 && index < size)) return undefined;
  let [at, last, root] = [index, size - 1, leaf];
  for (const node of path) {
    if (last === 0) return undefined;
    if (at % 2 === 1 || at === last) {
      root = nodeOf(hash, node, root);
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)];
    } else root = nodeOf(hash, root, node);
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 ? root : undefined;
}

export type Tree = { size: number; root: Uint8Array };

/** Whether a proof shows that the later tree begins with the earlier one (RFC 9162 2.1.4.2). */
export function isConsistent(hash: Hash, earlier: Tree, later: Tree, proof: readonly Uint8Array[]): boolean {
  if (earlier.size === later.size) return proof.length === 0 && equalBytes(earlier.root, later.root);
  if (!(earlier.size > 0 && earlier.size < later.size)) return false;
  const isPower = Number.isInteger(Math.log2(earlier.size));
  const [first, ...rest] = isPower ? [earlier.root, ...proof] : proof;
  if (first === undefined) return false;
  let [at, last] = [earlier.size - 1, later.size - 1];
  while (at % 2 === 1) [at, last] = [(at - 1) / 2, Math.floor(last / 2)];
  let [before, after] = [first, first];
  for (const node of rest) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      before = nodeOf(hash, node, before);
      after = nodeOf(hash, node, after);
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)];
    } else after = nodeOf(hash, after, node);
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 && equalBytes(before, earlier.root) && equalBytes(after, later.root);
}
