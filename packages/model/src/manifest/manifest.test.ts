import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { goodManifest } from './manifest.fixture.ts';
import { manifestJsonSchema, readManifest } from './manifest.ts';

type Change = readonly [what: string, path: readonly (string | number)[], value: unknown];

/** What must not pass, one change of a good manifest each. */
const BAD: readonly Change[] = [
  ['another schema', ['schema'], 'mx.imagen.modelo/v2'],
  ['a member that nobody knows', ['extra'], true],
  ['a member within', ['artifact', 'command'], 'sh'],
  ['an operation that is none', ['inputs', 0, 'pipeline', 1], { op: 'eval', code: '1' }],
  ['executable configuration of MONAI', ['inputs', 0, 'pipeline', 1], { _target_: 'os.system' }],
  ['a parameter that is none', ['inputs', 0, 'pipeline', 2], { op: 'photometric', to: 'MONOCHROME2', lambda: 'x' }],
  ['a VOI mode without its bounds', ['inputs', 0, 'pipeline', 3], { op: 'voi', mode: 'fixed' }],
  ['a size without end', ['inputs', 0, 'pipeline', 4, 'size'], [1e9, 1e9]],
  ['another version of the operations', ['inputs', 0, 'pipelineVersion'], 'ops/2'],
  ['a path out of the package', ['artifact', 'file'], '../model.onnx'],
  ['an absolute path', ['card'], '/etc/passwd'],
  ['a hidden file', ['golden', 0, 'dicom'], ['.ssh/id']],
  ['a digest of 63 digits', ['artifact', 'sha256'], 'a'.repeat(63)],
  ['a threshold above 1', ['outputs', 0, 'operatingPoints', 0, 'threshold'], 1.5],
  ['a tag in small letters', ['inputs', 0, 'select', 'all', 0, 'tag'], '0008006f'],
  ['a rejection without reason', ['inputs', 0, 'select', 'reject', 0], { tag: '00280301', eq: 'YES' }],
  ['text for a number', ['resources', 'deadlineMs'], '60000'],
  ['a fraction for an integer', ['artifact', 'sizeBytes'], 1.5],
  ['no outputs', ['outputs'], []],
  ['a code with a backslash', ['outputs', 0, 'encode', 0, 'finding', 'code'], 'a\\b'],
  ['a meaning that no LO holds', ['outputs', 0, 'encode', 0, 'finding', 'meaning'], 'x'.repeat(65)],
  ['an empty meaning in English', ['outputs', 0, 'encode', 0, 'finding', 'meaning_en'], ''],
  ['a member of another encoding', ['outputs', 0, 'encode', 0, 'segment'], {}],
  ['a segmentation of nothing', ['outputs', 0, 'encode', 0], { to: 'dicom-seg' }],
  ['an encoding that is none', ['outputs', 0, 'encode', 0], { to: 'dicom-ps' }],
  ['null for a text', ['name'], null],
  ['a member missing', ['supplier'], { org: 'x' }],
];

const CODING = { code: '52988006', scheme: 'SCT', meaning: 'Lesión' };
const SEGMENT = { label: 'Lesión', category: CODING, property: CODING, cielab: [1, 2, 65_535] };

const GOOD: readonly Change[] = [
  ['a registration', ['regulatory', 'registroSanitario'], '1234E2026 SSA'],
  ['a series', ['inputs', 0, 'select'], { level: 'series', all: [{ tag: '00080060', in: ['CT'] }] }],
  ['the window of the header', ['inputs', 0, 'pipeline', 3], { op: 'voi', mode: 'header' }],
  ['a segmentation', ['outputs', 0, 'encode', 0], { to: 'dicom-seg', segment: SEGMENT }],
  ['a meaning in English', ['outputs', 0, 'encode', 0, 'finding', 'meaning_en'], 'Opacity'],
  ['letters outside of ASCII', ['name'], 'Detección 🫁'],
];

function changed([, path, value]: Change): unknown {
  const copy: unknown = structuredClone(goodManifest());
  let at = copy as Record<string | number, unknown>;
  for (const step of path.slice(0, -1)) at = at[step] as Record<string | number, unknown>;
  at[path.at(-1) as string | number] = value;
  return copy;
}

/** The published schema, as another program reads it. */
const published = z.fromJSONSchema(manifestJsonSchema() as Parameters<typeof z.fromJSONSchema>[0]);

test('a good manifest passes, and by its published schema too', () => {
  assert.ok('manifest' in readManifest(goodManifest()));
  assert.equal(published.safeParse(goodManifest()).success, true);
  for (const change of GOOD) {
    assert.deepEqual(readManifest(changed(change)), { manifest: changed(change) }, change[0]);
    assert.equal(published.safeParse(changed(change)).success, true, change[0]);
  }
});

test('each of these is refused, and by the published schema too', () => {
  for (const change of BAD) {
    assert.ok('breaches' in readManifest(changed(change)), change[0]);
    assert.equal(published.safeParse(changed(change)).success, false, change[0]);
  }
});

test('each member that is required is missed, and by the published schema too', () => {
  for (const name of Object.keys(goodManifest()).filter((each) => each !== 'pccp' && each !== 'monitoring')) {
    const { [name as 'card']: _, ...rest } = goodManifest();
    assert.deepEqual(readManifest(rest), { breaches: [{ at: '', what: `${name} is missing` }] });
    assert.equal(published.safeParse(rest).success, false, name);
  }
});

test('a breach says where it stands', () => {
  const read = readManifest(changed(['', ['outputs', 0, 'a/b'], 1]));
  assert.deepEqual(read, { breaches: [{ at: '/outputs/0/a~1b', what: 'not known' }] });
});

test('decode stands first and layout last: more than a schema says', () => {
  const read = readManifest(changed(['', ['inputs', 0, 'pipeline'], [{ op: 'layout', to: 'NCHW' }, { op: 'decode' }]]));
  assert.ok('breaches' in read && read.breaches[0]?.at === '/inputs/0/pipeline');
});

test('a prototype is no member', () => {
  const read = readManifest(JSON.parse(JSON.stringify(goodManifest()).replace('{', '{"__proto__":{"x":1},')));
  assert.ok('breaches' in read);
});
