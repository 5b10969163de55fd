import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import fc from 'fast-check';
import { readDataSet } from '../data-set/read.ts';
import { writeDataSet } from '../data-set/write.ts';
import type { Code } from './code.ts';
import type { ContentItem, Relationship, Said } from './content.ts';
import { readContent } from './read.ts';
import { mayStandIn } from './relations.ts';
import { contentDataSet } from './write.ts';

/** Records of the reader have a prototype. */
const plain = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record<T>(model, { noNullPrototype: true });
const UTF8 = { terms: ['ISO_IR 192'] };
const EXPLICIT = { explicitVr: true, littleEndian: true };
const text = (maxLength: number) =>
  fc
    .string({ unit: fc.constantFrom('a', 'B', '7', 'ñ', 'é', '山', ' ', '-', '^'), minLength: 1, maxLength })
    .map((each) => `x${each.trim()}`.slice(0, maxLength));
const uid = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }).map((each) => `2.25.${each}`);
const code: fc.Arbitrary<Code> = fc.record(
  { value: text(40), scheme: text(16), meaning: text(64), version: text(16) },
  { noNullPrototype: true, requiredKeys: ['value', 'scheme', 'meaning'] },
);
const single = fc.double({ noNaN: true, noDefaultInfinity: true, min: -3e38, max: 3e38 }).map(Math.fround);
const numbers = fc.array(fc.integer({ min: 1, max: 65535 }), { minLength: 1, maxLength: 4 });
const image = fc.record(
  { sopClassUid: uid, sopInstanceUid: uid, frames: numbers, segments: numbers },
  { noNullPrototype: true, requiredKeys: ['sopClassUid', 'sopInstanceUid'] },
);
const points = (least: number, most = least) => fc.array(single, { minLength: least, maxLength: most });
const double = fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => (each === 0 ? 0 : each));

const said: fc.Arbitrary<Said> = fc.oneof(
  plain({ type: fc.constant('CODE' as const), code }),
  plain({ type: fc.constant('NUM' as const), value: double, unit: code }),
  plain({ type: fc.constant('NUM' as const), missing: code }),
  plain({ type: fc.constant('TEXT' as const), text: text(200) }),
  plain({ type: fc.constant('PNAME' as const), name: text(60) }),
  fc.constant({ type: 'DATETIME' as const, at: '20260102030405.25-0600' }),
  fc.constant({ type: 'DATE' as const, at: '20260102' }),
  fc.constant({ type: 'TIME' as const, at: '030405' }),
  plain({ type: fc.constant('UIDREF' as const), uid }),
  plain({ type: fc.constant('IMAGE' as const), image }),
  plain({
    type: fc.constant('SCOORD3D' as const),
    graphic: fc.constant('POINT' as const),
    points: points(3),
    frameOfReferenceUid: uid,
  }),
  plain({
    type: fc.constant('SCOORD3D' as const),
    graphic: fc.constant('ELLIPSOID' as const),
    points: points(18),
    frameOfReferenceUid: uid,
  }),
);

const BY: readonly Relationship[] = [
  'CONTAINS',
  'HAS OBS CONTEXT',
  'HAS ACQ CONTEXT',
  'HAS CONCEPT MOD',
  'HAS PROPERTIES',
  'INFERRED FROM',
];

/** Children only where the standard lets them stand: the first relationship that it allows. */
function placed(item: ContentItem, children: readonly ContentItem[]): ContentItem {
  const fit = children.flatMap((child): ContentItem[] => {
    const relationship = BY.find((by) => mayStandIn(item.type, by, child.type));
    return relationship === undefined ? [] : [{ ...child, relationship }];
  });
  return fit.length > 0 ? { ...item, children: fit } : item;
}

const { tree } = fc.letrec<{ tree: ContentItem; leaf: ContentItem }>((tie) => ({
  leaf: fc.tuple(said, code).map(([what, concept]) => ({ ...what, concept })),
  tree: fc
    .tuple(
      code,
      fc.constantFrom('SEPARATE' as const, 'CONTINUOUS' as const),
      fc.array(
        fc.tuple(tie('leaf'), fc.array(tie('leaf'), { maxLength: 3 })).map(([item, inside]) => placed(item, inside)),
        { maxLength: 5 },
      ),
      fc.oneof({ maxDepth: 3 }, fc.constant([]), fc.array(tie('tree'), { maxLength: 2 })),
    )
    .map(([concept, continuity, leaves, trees]) =>
      placed({ type: 'CONTAINER', continuity, concept, template: { id: '1500', resource: 'DCMR' } }, [
        ...leaves,
        ...trees,
      ]),
    ),
}));

test('a content tree is read as it was written', () =>
  fc.assert(
    fc.property(tree, (root) => {
      const bytes = writeDataSet(contentDataSet(root, UTF8.terms), EXPLICIT);
      const { dataSet } = readDataSet(bytes, { syntax: EXPLICIT });
      assert.deepEqual(readContent(dataSet, UTF8), root);
    }),
    { numRuns: 300 },
  ));

const TITLE: Code = { value: '126000', scheme: 'DCM', meaning: 'Imaging Measurement Report' };
const root = (...children: ContentItem[]): ContentItem => ({
  type: 'CONTAINER',
  continuity: 'SEPARATE',
  concept: TITLE,
  children,
});
const BAD: readonly (readonly [what: string, item: ContentItem, says: RegExp])[] = [
  ['no relationship', { type: 'TEXT', text: 'x', concept: TITLE }, /^1\.1: CONTAINER none TEXT$/],
  [
    'one that it must not have',
    { relationship: 'SELECTED FROM', type: 'TEXT', text: 'x', concept: TITLE },
    /SELECTED FROM/,
  ],
  ['no concept name', { relationship: 'CONTAINS', type: 'TEXT', text: 'x' }, /concept name/],
  ['no text', { relationship: 'CONTAINS', type: 'TEXT', text: '', concept: TITLE }, /TEXT/],
  ['no number', { relationship: 'CONTAINS', type: 'NUM', value: Number.NaN, unit: TITLE, concept: TITLE }, /NUM/],
  ['no UID', { relationship: 'CONTAINS', type: 'UIDREF', uid: '1..2', concept: TITLE }, /UIDREF/],
  [
    'frame 0',
    { relationship: 'CONTAINS', type: 'IMAGE', image: { sopClassUid: '1.2', sopInstanceUid: '1.3', frames: [0] } },
    /frames/,
  ],
  [
    'a circle of three',
    { relationship: 'CONTAINS', type: 'SCOORD', graphic: 'CIRCLE', points: [1, 2, 3, 4, 5, 6] },
    /CIRCLE/,
  ],
  ['coordinates of no image', { relationship: 'CONTAINS', type: 'SCOORD', graphic: 'POINT', points: [1, 2] }, /SCOORD/],
  [
    'a long meaning',
    { relationship: 'CONTAINS', type: 'CODE', code: { ...TITLE, meaning: 'x'.repeat(65) }, concept: TITLE },
    /meaning/,
  ],
  [
    'a backslash',
    { relationship: 'CONTAINS', type: 'CODE', code: { ...TITLE, value: 'a\\b' }, concept: TITLE },
    /backslash/,
  ],
];

test('what the standard does not allow is refused, with its place', () => {
  for (const [what, item, says] of BAD)
    assert.throws(() => contentDataSet(root(item), UTF8.terms), { message: says }, what);
  assert.throws(() => contentDataSet({ type: 'TEXT', text: 'x', concept: TITLE }, UTF8.terms), /root/);
});

test('a report that is damaged is a Failure', () => {
  const good = contentDataSet(
    root({ relationship: 'CONTAINS', type: 'UIDREF', uid: '1.2', concept: TITLE }),
    UTF8.terms,
  );
  for (const [tag] of good.elements) {
    const elements = new Map(good.elements);
    elements.delete(tag);
    try {
      readContent({ ...good, elements }, UTF8);
    } catch (thrown) {
      assert.ok(thrown instanceof Failure && thrown.code === 'parse/malformed', String(thrown));
    }
  }
});
