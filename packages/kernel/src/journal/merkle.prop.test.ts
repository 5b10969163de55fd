import assert from 'node:assert/strict';
import { createHash, hash as digest } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { concat, hexOf } from '../bytes.ts';
import {
  consistencyRanges,
  Frontier,
  type Hash,
  inclusionRanges,
  isConsistent,
  leafOf,
  rootByInclusion,
  rootsOfRanges,
} from './merkle.ts';

const hash: Hash = (bytes) => digest('sha256', bytes, 'buffer');

/** RFC 6962 2.1 as it is written, to hold ours against. */
function rootAsWritten(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return hash(new Uint8Array());
  if (leaves.length === 1) return leaves[0] as Uint8Array;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  const [left, right] = [rootAsWritten(leaves.slice(0, split)), rootAsWritten(leaves.slice(split))];
  return createHash('sha256').update(Uint8Array.of(1)).update(left).update(right).digest();
}

const leavesOf = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, index) => leafOf(hash, hexOf(hash(Uint8Array.of(index, index >> 8)))));

async function* each(leaves: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* leaves;
}

test('the inputs of the Certificate Transparency reference give its roots', () => {
  const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
  const frontier = new Frontier(hash);
  const roots = inputs.map((input) => {
    frontier.append(hash(concat([Uint8Array.of(0), Buffer.from(input, 'hex')])));
    return hexOf(frontier.root());
  });
  assert.equal(hexOf(new Frontier(hash).root()), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  assert.equal(roots[0], '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
  assert.equal(roots[2], 'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77');
  assert.equal(roots[7], '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328');
});

test('property: a frontier, kept or taken up again anywhere, says the root of RFC 6962', () => {
  fc.assert(
    fc.property(fc.nat(130), fc.nat(130), (count, cut) => {
      const leaves = leavesOf(count);
      const kept = new Frontier(hash);
      for (const leaf of leaves.slice(0, cut)) kept.append(leaf);
      const again = new Frontier(hash, kept.size, kept.nodes);
      for (const leaf of leaves.slice(cut)) again.append(leaf);
      assert.deepEqual(hexOf(again.root()), hexOf(rootAsWritten(leaves)));
      assert.ok(again.nodes.length <= Math.log2(count + 1) + 1);
    }),
  );
});

test('property: an inclusion proof leads to the root, and from another place or leaf to none', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 130 }), fc.nat(129), async (size, any) => {
      const leaves = leavesOf(size);
      const index = any % size;
      const path = await rootsOfRanges(hash, inclusionRanges(index, size), each(leaves));
      const root = rootAsWritten(leaves);
      const leaf = leaves[index] as Uint8Array;
      const found = rootByInclusion(hash, { index, size, leaf, path });
      assert.deepEqual(Buffer.from(found ?? []), Buffer.from(root));
      const other = (index + 1) % size;
      const moved = rootByInclusion(hash, { index: other, size, leaf, path });
      assert.ok(size === 1 || moved === undefined || hexOf(moved) !== hexOf(root));
      assert.equal(rootByInclusion(hash, { index, size, leaf, path: [...path, leaf] }), undefined);
      assert.equal(rootByInclusion(hash, { index: size, size, leaf, path }), undefined);
    }),
  );
});

test('property: a consistency proof holds for the two trees, and for no altered one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 130 }), fc.nat(129), fc.nat(200), async (size, any, flip) => {
      const leaves = leavesOf(size);
      const earlierSize = 1 + (any % size);
      const earlier = { size: earlierSize, root: rootAsWritten(leaves.slice(0, earlierSize)) };
      const later = { size, root: rootAsWritten(leaves) };
      const proof = await rootsOfRanges(hash, consistencyRanges(earlierSize, size), each(leaves));
      assert.ok(isConsistent(hash, earlier, later, proof));
      const altered = { ...earlier, root: hash(earlier.root) };
      assert.ok(!isConsistent(hash, altered, later, proof));
      assert.ok(!isConsistent(hash, earlier, { ...later, root: hash(later.root) }, proof));
      assert.ok(!isConsistent(hash, { ...earlier, size: 0 }, later, proof));
      if (proof.length === 0) return;
      const wrong = proof.map((node, at) => (at === flip % proof.length ? hash(node) : node));
      assert.ok(!isConsistent(hash, earlier, later, wrong));
    }),
  );
});

test('leaves that are missing are told', async () => {
  await assert.rejects(rootsOfRanges(hash, [[0, 4]], each(leavesOf(3))), RangeError);
  assert.throws(() => new Frontier(hash, 3, []), RangeError);
});
