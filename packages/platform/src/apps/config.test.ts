import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { type Environment, effectiveSettings, environmentForImages, loadConfig, packsDirectory } from './config.ts';
import { describeConfig } from './describe-config.ts';
import { SETTINGS } from './settings.ts';

function refusal(env: Environment): string {
  try {
    loadConfig(env);
  } catch (thrown) {
    assert.ok(thrown instanceof Failure && thrown.code === 'config/invalid');
    return thrown.detail;
  }
  return 'accepted';
}

function fileOf(text: string): string {
  const file = join(temporaryDirectory(), 'acervo.conf');
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

test('every default is within its own range', () => {
  const config = loadConfig({});
  assert.equal(config.httpPort, 8080);
  assert.equal(config.access, 'enforced');
  assert.equal(config.databaseUrl, undefined);
  assert.equal(config.dataDir, resolve('data'));
  assert.equal(packsDirectory(config), resolve('data/packs'));
  assert.deepEqual(config.httpCorsOrigins, []);
});

test('the environment wins over the file, the file over the default', () => {
  const file = fileOf('# of the hospital\nACERVO_HTTP_PORT=1\nACERVO_DIMSE_PORT = 2\nACERVO_AE_TITLE="MY AE"\n');
  const config = loadConfig({ ACERVO_CONFIG_FILE: file, ACERVO_HTTP_PORT: '0', HOME: '/' });
  assert.deepEqual([config.httpPort, config.dimsePort, config.aeTitle, config.pduBytesMax], [0, 2, 'MY AE', 131_072]);
  assert.deepEqual(
    effectiveSettings({ ACERVO_HTTP_PORT: '0' }, file).filter(({ from }) => from !== 'default'),
    [
      { env: 'ACERVO_HTTP_PORT', text: '0', from: 'environment' },
      { env: 'ACERVO_DIMSE_PORT', text: '2', from: 'file' },
      { env: 'ACERVO_AE_TITLE', text: 'MY AE', from: 'file' },
    ],
  );
});

test('an unknown name or a bad value is refused by name', () => {
  const cases: [Environment, RegExp][] = [
    [{ ACERVO_HTPP_PORT: '1' }, /^ACERVO_HTPP_PORT is not a setting/],
    [{ ACERVO_HTTP_PORT: '65536' }, /^ACERVO_HTTP_PORT is "65536"; expected an integer from 0 to 65535/],
    [{ ACERVO_HTTP_PORT: '8o80' }, /^ACERVO_HTTP_PORT/],
    [{ ACERVO_HTTP_PORT: 'off' }, /^ACERVO_HTTP_PORT is off, so ACERVO_TLS_CERT_FILE must be set/],
    [{ ACERVO_HTTPS_PORT: 'off' }, /^ACERVO_HTTPS_PORT is "off"/],
    [{ ACERVO_AE_TITLE: 'SEVENTEEN--------' }, /^ACERVO_AE_TITLE/],
    [{ ACERVO_AE_TITLE: 'A\\B' }, /^ACERVO_AE_TITLE/],
    [{ ACERVO_INSTITUTION: 'a/b' }, /^ACERVO_INSTITUTION/],
    [{ ACERVO_ACCESS: 'maybe' }, /^ACERVO_ACCESS is "maybe"; expected one of enforced \| open/],
    [{ ACERVO_ACCESS: 'open', ACERVO_DIMSE_HOST: '0.0.0.0' }, /ACERVO_DIMSE_HOST must be a loopback address/],
    [{ ACERVO_BLOBS: 's3://bucket' }, /^ACERVO_BLOBS/],
    [{ ACERVO_HTTP_CORS_ORIGINS: 'https://a.example/path' }, /^ACERVO_HTTP_CORS_ORIGINS/],
    [{ ACERVO_PG_WAL_SEGMENT_MIB: '3' }, /a power of two/],
    [{ ACERVO_DATABASE_URL: 'mysql://u:secret@h/d' }, /^ACERVO_DATABASE_URL is \(withheld\)/],
    [{ ACERVO_CONFIG_FILE: '/nonexistent' }, /^ACERVO_CONFIG_FILE: cannot read/],
    [{ ACERVO_CONFIG_FILE: fileOf('PATH=/bin') }, /:1: PATH is not a setting/],
    [{ ACERVO_CONFIG_FILE: fileOf('\nhello') }, /:2: expected NAME=value/],
    [{ ACERVO_CONFIG_FILE: fileOf('ACERVO_WHAT=1') }, /ACERVO_WHAT is not a setting/],
  ];
  for (const [env, expected] of cases) assert.match(refusal(env), expected);
  assert.equal(refusal({ ACERVO_TEST_SCALE: '2', ACERVO_REQUIRE_PEERS: '1' }), 'accepted');
  assert.equal(refusal({ ACERVO_DATABASE_URL: 'postgresql://acervo@/acervo?host=/run/postgresql' }), 'accepted');
  assert.equal(refusal({ ACERVO_ACCESS: 'open', ACERVO_HTTP_HOST: '::1' }), 'accepted');
  assert.equal(refusal({ ACERVO_DIMSE_PORT: 'off' }), 'accepted');
});

test('a secret comes from a file, and is never shown', () => {
  const url = 'postgresql://acervo:hunter2@db/acervo';
  const env = { ACERVO_DATABASE_URL_FILE: fileOf(`${url}\n`) };
  assert.equal(loadConfig(env).databaseUrl, url);
  assert.doesNotMatch(JSON.stringify(effectiveSettings(env)), /hunter2/);
  assert.match(refusal({ ...env, ACERVO_DATABASE_URL: url }), /set both itself and by its file/);
});

test('the document names every setting, and its sample file is valid', () => {
  const text = describeConfig();
  for (const { env } of Object.values(SETTINGS)) assert.ok(text.includes(`\`${env}\``), env);
  const sample = text.slice(text.indexOf('```sh\n') + 6, text.lastIndexOf('```'));
  assert.deepEqual(loadConfig({}, fileOf(sample.replaceAll(/^#(ACERVO_)/gm, '$1'))), loadConfig({}));
});

test('who works on strangers’ images gets no setting, and keeps what else the host says', () => {
  const env = {
    ACERVO_DATABASE_URL: 'postgres://a:hunter2@db/x',
    TMPDIR: '/tmp',
    GLIBC_TUNABLES: 'glibc.malloc.arena_max=2',
  };
  assert.deepEqual(environmentForImages(env), {
    TMPDIR: '/tmp',
    GLIBC_TUNABLES: 'glibc.malloc.arena_max=2:glibc.malloc.hugetlb=1',
  });
  assert.deepEqual(environmentForImages({}), { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' });
});
