import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { importsOf } from './tidy-imports.ts';

/** Who may import whom. Same layer is allowed, except that one feature may not import another. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  kernel: [],
  dicom: ['kernel'],
  interop: ['kernel', 'dicom'],
  verifier: ['kernel'],
  model: ['kernel', 'dicom'],
  web: ['kernel', 'dicom', 'interop', 'model'],
  'platform/policy': ['kernel', 'platform/ports'],
  'platform/ports': ['kernel', 'dicom', 'interop', 'model'],
  'platform/bindings': ['kernel', 'dicom', 'interop', 'platform/ports'],
  'platform/journal': ['kernel', 'platform/ports'],
  'platform/holdings': ['kernel', 'dicom', 'interop', 'platform/ports', 'platform/journal'],
  'platform/features': [
    'kernel',
    'dicom',
    'model',
    'interop',
    'platform/ports',
    'platform/bindings',
    'platform/journal',
    'platform/holdings',
  ],
  'platform/adapters': [
    'kernel',
    'dicom',
    'interop',
    'model',
    'platform/ports',
    'platform/bindings',
    'platform/journal',
  ],
  'platform/apps': [
    'kernel',
    'verifier',
    'model',
    'dicom',
    'interop',
    'platform/ports',
    'platform/bindings',
    'platform/journal',
    'platform/holdings',
    'platform/policy',
    'platform/features',
    'platform/adapters',
    'verifier',
  ],
};
/** Must also run in a browser: no node:*, no Buffer. The verifier runs anywhere that Node does. */
const PURE: readonly string[] = ['kernel', 'dicom', 'interop', 'model'];
/** Named by its use, or not yet understood. */
const EMPTY_NAMES = /(^|[-./])(utils?|helpers?|common|misc|shared-code|managers?|base)\.[jt]sx?$/;
const LINES_MAX = 400;
const COLUMNS_MAX = 120;
/** Open work stands in the tracker. The words are written so that this line does not find itself. */
const LEFT_OPEN = /\b(TO[D]O|FIX[M]E|XX[X])\b/;

const BANNED: readonly [RegExp, string][] = [
  [/\bas unknown as\b/, 'double cast'],
  [/@ts-(ignore|nocheck)/, 'silenced compiler'],
  [/\bconsole\.\w+\(/, 'console: use op.log'],
  [/\.on\('data'/, "on('data'): pull with for await"],
  [/^export default\b/, 'default export'],
  [/\bclass\s+\w+\s+extends\s+(?!Error\b)/, 'inheritance'],
  [/\bclass\s+(\w+Manager|Base[A-Z]\w*)\b/, 'class named Manager or Base'],
];
const SQL =
  /[`'"]\s*(select\s[^`'"]*\sfrom\s|insert\s+into\s|update\s+\w+\s+set\s|delete\s+from\s|(create|alter)\s+table\s)/g;
/** Where SQL stands. Commands of the schema's steps stand in files of their own. */
const MAY_HOLD_SQL = /\.repo\.ts$|^packages\/platform\/src\/(journal|adapters\/postgres)\//;
const MAY_READ_ENVIRONMENT =
  /^packages\/platform\/src\/apps\/config\.ts$|^(packages\/testkit|scripts|bin|bench|test)\//;

type Place = { layer: string; feature: string | undefined };
type Say = (line: number, what: string) => void;

/** Every breach of the house style below `root`, as `path:line what`. */
export function tidy(root: string): string[] {
  const complaints: string[] = [];
  for (const path of sources(root)) {
    const text = readFileSync(join(root, path), 'utf8');
    const say: Say = (line, what) => complaints.push(`${path}:${line} ${what}`);
    sizes(path, text, say);
    if (!path.startsWith('packages/')) continue;
    if (!isTest(path)) {
      banned(path, text, say);
      directions(path, text, say);
    }
  }
  return complaints;
}

function sizes(path: string, text: string, say: Say): void {
  const lines = text.split('\n');
  if (lines.length - 1 > LINES_MAX) say(LINES_MAX, `file over ${LINES_MAX} lines: split by reason to change`);
  if (EMPTY_NAMES.test(path)) say(1, 'file name says nothing');
  lines.forEach((line, index) => {
    if (line.length > COLUMNS_MAX) say(index + 1, `line over ${COLUMNS_MAX} columns`);
    if (LEFT_OPEN.test(line)) say(index + 1, 'open work');
  });
}

function banned(path: string, text: string, say: Say): void {
  const { layer } = placeOf(path);
  const own = path === 'packages/testkit/src/tidy.ts' || path === 'packages/testkit/src/tidy-imports.ts';
  text.split('\n').forEach((line, index) => {
    if (isComment(line) || own) return;
    for (const [pattern, what] of BANNED) if (pattern.test(line)) say(index + 1, what);
    if (/\bprocess\.env\b/.test(line) && !MAY_READ_ENVIRONMENT.test(path)) {
      say(index + 1, 'process.env outside apps/config.ts');
    }
    if (/\bBuffer\b/.test(line) && PURE.includes(layer)) say(index + 1, `${layer} must not use Buffer`);
  });
  if (MAY_HOLD_SQL.test(path) || layer === 'testkit') return;
  for (const found of text.matchAll(SQL)) say(lineAt(text, found.index), 'SQL outside *.repo.ts');
}

function directions(path: string, text: string, say: Say): void {
  const from = placeOf(path);
  if (from.layer === 'testkit') return;
  const allowed = MAY_IMPORT[from.layer];
  if (allowed === undefined) return say(1, `${from.layer} is no layer of the architecture`);
  for (const { specifier, index } of importsOf(text)) {
    const line = lineAt(text, index);
    if (specifier.startsWith('node:') && PURE.includes(from.layer))
      say(line, `${from.layer} must not import ${specifier}`);
    const to = targetOf(path, specifier);
    if (to === undefined) continue;
    if (to.layer !== from.layer && !allowed.includes(to.layer)) say(line, `${from.layer} must not import ${to.layer}`);
    const isForeign = from.feature !== undefined && to.feature !== undefined && from.feature !== to.feature;
    if (isForeign) say(line, `feature ${from.feature} imports feature ${to.feature}: use holdings or the journal`);
  }
}

function targetOf(path: string, specifier: string): Place | undefined {
  if (specifier.startsWith('.')) return placeOf(join(path, '..', specifier));
  const [, name, rest] = /^@acervo\/([^/]+)\/(.+)$/.exec(specifier) ?? [];
  return name === undefined ? undefined : placeOf(`packages/${name}/src/${rest}`);
}

function placeOf(path: string): Place {
  const [, name = '', , part = '', feature = ''] = path.split('/');
  const isFeature = name === 'platform' && part === 'features';
  return { layer: name === 'platform' ? `platform/${part}` : name, feature: isFeature ? feature : undefined };
}

/** A fixture serves the tests beside it, and none of what ships imports it. */
const isTest = (path: string): boolean => /\.(test|fixture)\.tsx?$/.test(path);
const isComment = (line: string): boolean => /^\s*(\/\/|\/?\*)/.test(line);
const lineAt = (text: string, index: number): number => text.slice(0, index).split('\n').length;

/** Sources of the project, relative to `root`. Generated ones have their generator's style. */
function* sources(root: string): Generator<string> {
  for (const top of ['packages', 'test', 'scripts', 'bench', 'bin']) {
    if (statSync(join(root, top), { throwIfNoEntry: false })) yield* below(root, join(root, top));
  }
}

function* below(root: string, directory: string): Generator<string> {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.name === 'node_modules' || entry.name === 'generated' || /^dist(\.|$)/.test(entry.name)) continue;
    if (entry.isDirectory()) yield* below(root, path);
    else if (/\.[jt]sx?$/.test(entry.name)) yield relative(root, path);
  }
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '../../..');
  const complaints = tidy(root);
  for (const complaint of complaints) process.stdout.write(`${complaint}\n`);
  if (complaints.length > 0) process.exitCode = 1;
}
