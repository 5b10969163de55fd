import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CpuProfile, flameGraphSvg, framesOf, hottest } from './flame-graph.ts';

const frame = (functionName: string, url = '') => ({ functionName, url, lineNumber: 9 });
const STORE = 'file:///x/packages/platform/src/holdings/store.ts';

/** all -> store (twice, from two nodes) -> write; and waiting. */
const PROFILE: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(root)'), children: [2, 3, 5] },
    { id: 2, callFrame: frame('store', STORE), children: [4] },
    { id: 3, callFrame: frame('store', STORE) },
    { id: 4, callFrame: frame('write<T> & "more"') },
    { id: 5, callFrame: frame('(idle)') },
  ],
  startTime: 1000,
  samples: [2, 4, 3, 5, 4],
  timeDeltas: [10, 20, 30, 1000, 40],
};

test('frames of one name are one, and waiting is none', () => {
  const root = framesOf(PROFILE);
  assert.equal(root.micros, 100);
  assert.deepEqual(
    root.children.map(({ name, micros, ownMicros }) => [name, micros, ownMicros]),
    [['store platform/holdings/store.ts:10', 100, 40]],
  );
  assert.equal(root.children[0]?.children[0]?.micros, 60);
});

test('only what was sampled in a span counts', () => {
  assert.equal(framesOf(PROFILE, [[1000, 1030]]).micros, 30);
  assert.equal(
    framesOf(PROFILE, [
      [1000, 1010],
      [2090, 2200],
    ]).micros,
    50,
  );
});

test('the hottest functions are those that take the time themselves', () => {
  assert.deepEqual(hottest(framesOf(PROFILE), 1), [{ name: 'write<T> & "more"', share: 0.6 }]);
});

test('the picture is XML that tells every name and share', () => {
  const svg = flameGraphSvg(framesOf(PROFILE), 'a < b');
  assert.match(svg, /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" width="1200" height="\d+"/);
  assert.match(svg, /<title>write&lt;T&gt; &amp; "more": 60\.0 %<\/title><rect x="0\.0" y="\d+" width="720\.0"/);
  assert.match(svg, />a &lt; b<\/text>/);
  assert.equal(svg.match(/<g>/g)?.length, 3);
});
