import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { needsPeer } from '@acervo/testkit/peers.ts';
import { scratch, startArchive } from '../harness/archive-process.ts';
import { freePort } from '../harness/orthanc.ts';

const ROOT = join(import.meta.dirname, '../..');
const MS_MAX = 180_000;
const TOKEN = 'guide-token';
const GUIDES = ['connect-your-pacs.md', 'conecta-tu-pacs.md'];

const blocksOf = (guide: string): string[] =>
  [...readFileSync(join(ROOT, 'docs/guides', guide), 'utf8').matchAll(/^```sh\n(.*?)^```/gms)].map(
    ([, code]) => `${code}`,
  );

test('the guides say the same commands in both languages', () => {
  const [english, spanish] = GUIDES.map(blocksOf);
  assert.ok((english?.length ?? 0) > 5);
  const spoken = (blocks: readonly string[] | undefined): string =>
    `${blocks?.join('')}`.replaceAll(/#.*|--lang \w\w/g, '');
  assert.equal(spoken(spanish), spoken(english));
});

for (const guide of GUIDES) {
  test(`every command of ${guide} does what it says`, async (t) => {
    for (const command of ['storescu', 'findscu', 'getscu', 'movescu', 'storescp', 'curl']) {
      if (!needsPeer(t, command)) return;
    }
    const folder = scratch(t, 'guide');
    const dataDir = join(folder, 'data');
    const sha256 = createHash('sha256').update(TOKEN).digest('hex');
    const accessFile = join(folder, 'access.json');
    writeFileSync(accessFile, JSON.stringify({ tokens: [{ name: 'viewer', sha256, institution: 'HGM' }] }));
    const env = { ACERVO_ACCESS: 'enforced', ACERVO_ACCESS_FILE: accessFile };
    const archive = await startArchive(t, dataDir, env);
    const object = smallObject({ name: 'Núñez^Guía', study: 1, number: 1 });
    writeFileSync(join(folder, 'object.dcm'), concat([writeFileHead(object), object.dataSet]));
    // The commands are said at the top of a checkout; what they leave must not lie there.
    const place = join(folder, 'checkout');
    mkdirSync(place);
    for (const each of ['bin', 'node_modules', 'packages', 'package.json'])
      symlinkSync(join(ROOT, each), join(place, each));
    const script = ['set -eu', 'trap "kill $(jobs -p) 2>/dev/null || true" EXIT', ...blocksOf(guide)].join('\n');
    const { code, output } = await bash(script, place, {
      ...env,
      ACERVO_DATA_DIR: dataDir,
      ARCHIVE_HOST: '127.0.0.1',
      ACERVO_DIMSE_PORT: `${archive.dimsePort}`,
      ACERVO_HTTP_PORT: new URL(archive.http).port,
      MY_PORT: `${await freePort()}`,
      FILE: join(folder, 'object.dcm'),
      STUDY: object.studyUid,
      TOKEN,
      TCP_NODELAY: '1',
    });
    assert.equal(code, 0, output);
    for (const left of ['fetched', 'moved', 'received']) {
      assert.equal(readdirSync(join(place, left)).length, 1, `${left}\n${output}`);
    }
    assert.ok(output.includes(`"${object.studyUid}"`), `DICOMweb names the study\n${output}`);
  });
}

async function bash(script: string, cwd: string, env: Readonly<Record<string, string>>) {
  const child = spawn('bash', ['-c', script], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: MS_MAX,
    killSignal: 'SIGKILL',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const [code] = (await once(child, 'exit')) as [number | null];
  return { code, output };
}
