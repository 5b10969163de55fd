import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { tidy } from './tidy.ts';
import { importsOf } from './tidy-imports.ts';

/** Complaints about a tree of these files. */
function complaintsOf(files: Record<string, string>): string[] {
  const root = mkdtempSync(join(tmpdir(), 'acervo-tidy-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return tidy(root).sort();
  } finally {
    rmSync(root, { recursive: true });
  }
}

const FEATURE = 'packages/platform/src/features/store/store.ts';

test('every form of import is seen', () => {
  const text = [
    "import a from './a.ts';",
    "import type { B } from './b.ts';",
    'import {\n  c,\n  type D,\n} from "./c.ts";',
    "import d, { e } from './d.ts';",
    "import * as f from './e.ts';",
    "export { g } from './f.ts';",
    "export * from './g.ts';",
    "import './h.ts';",
    "  const i = await import('./i.ts');",
    "const text = 'import x';",
  ].join('\n');
  const seen = importsOf(text).map(({ specifier }) => specifier);
  assert.deepEqual(
    seen.sort(),
    [...'abcdefghi'].map((name) => `./${name}.ts`),
  );
});

test('imports go one way', () => {
  const multiline = "import {\n  x,\n} from '../query/query.ts';\nimport { a } from '../../adapters/fs/fs.ts';\n";
  const complaints = complaintsOf({
    'packages/dicom/src/ul/pdu.ts': "import net from 'node:net';\nimport { x } from '@acervo/interop/x.ts';\n",
    'packages/dicom/src/ul/pdu.test.ts': "import net from 'node:net';\n",
    'packages/verifier/src/check.ts': "import { hash } from 'node:crypto';\nimport { x } from '@acervo/dicom/x.ts';\n",
    [FEATURE]: multiline,
    'packages/platform/src/features/query/query.ts': "export { y } from '../../holdings/y.ts';\n",
    'packages/platform/src/holdings/y.ts': "import { t } from '@acervo/testkit/t.ts';\n",
    'packages/platform/src/apps/server.ts':
      "import { x } from '../features/query/query.ts';\nimport '../adapters/fs/fs.ts';\n",
    'packages/platform/src/adapters/fs/fs.ts': "import { c } from '../../apps/config.ts';\n",
    'packages/stray/src/x.ts': 'export const x = 1;\n',
  });
  assert.deepEqual(complaints, [
    'packages/dicom/src/ul/pdu.ts:1 dicom must not import node:net',
    'packages/dicom/src/ul/pdu.ts:2 dicom must not import interop',
    'packages/platform/src/adapters/fs/fs.ts:1 platform/adapters must not import platform/apps',
    `${FEATURE}:1 feature store imports feature query: use holdings or the journal`,
    `${FEATURE}:4 platform/features must not import platform/adapters`,
    'packages/platform/src/holdings/y.ts:1 platform/holdings must not import testkit',
    'packages/stray/src/x.ts:1 stray is no layer of the architecture',
    'packages/verifier/src/check.ts:2 verifier must not import dicom',
  ]);
});

test('each banned thing is found, in sources and not in tests', () => {
  const cases: [string, string][] = [
    ['const a = b as unknown as string;', 'double cast'],
    ["stream.on('data', f);", "on('data'): pull with for await"],
    ['console.log(1);', 'console: use op.log'],
    ['export default 1;', 'default export'],
    ['class A extends B {}', 'inheritance'],
    ['class StoreManager {}', 'class named Manager or Base'],
    ['const p = process.env.PORT;', 'process.env outside apps/config.ts'],
    ["const q = 'select a from b where c';", 'SQL outside *.repo.ts'],
    ['const q = `\n insert into t values (1)`;', 'SQL outside *.repo.ts'],
  ];
  for (const [text, what] of cases) {
    assert.deepEqual(complaintsOf({ [FEATURE]: `${text}\n` }), [`${FEATURE}:1 ${what}`]);
    const elsewhere = { 'packages/platform/src/features/store/store.test.ts': text };
    assert.deepEqual(complaintsOf(elsewhere), [], text);
  }
  const buffer = complaintsOf({
    'packages/kernel/src/a.ts': 'const a = Buffer.alloc(1);\nconst b: ArrayBuffer = c;\n',
  });
  assert.deepEqual(buffer, ['packages/kernel/src/a.ts:1 kernel must not use Buffer']);
});

test('what is allowed where it belongs', () => {
  const files = {
    'packages/platform/src/apps/config.ts': 'export const port = process.env.PORT;\n',
    'packages/platform/src/features/store/store.repo.ts': "const q = 'select a from b';\n",
    'packages/platform/src/journal/record.ts': "const q = 'insert into journal values ($1)';\n",
    'packages/kernel/src/failure.ts': 'export class Failure extends Error {}\n',
    'packages/dicom/src/generated/dictionary.ts': `${'x'.repeat(500)}\n`,
  };
  assert.deepEqual(complaintsOf(files), []);
});

test('sizes, names and open work, everywhere', () => {
  const open = `// TO${'DO'}: later\n`;
  const complaints = complaintsOf({
    'test/peers/long.test.ts': 'x;\n'.repeat(401),
    'scripts/wide.js': `${'x'.repeat(121)}\n`,
    'packages/kernel/src/utils.ts': 'export const a = 1;\n',
    'packages/kernel/src/a.test.ts': open,
  });
  assert.deepEqual(complaints, [
    'packages/kernel/src/a.test.ts:1 open work',
    'packages/kernel/src/utils.ts:1 file name says nothing',
    'scripts/wide.js:1 line over 120 columns',
    'test/peers/long.test.ts:400 file over 400 lines: split by reason to change',
  ]);
});
