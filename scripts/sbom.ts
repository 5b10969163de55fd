// `npm run sbom [-- --format cyclonedx|spdx] [--to FILE]`: the software that ships, as npm knows it by the lockfile.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Lockfile, shippedPackages } from '../packages/testkit/src/shipped-packages.ts';

const ROOT = join(import.meta.dirname, '..');
const NPM_BYTES_MAX = 64 * 1024 ** 2;

type Bom = {
  metadata?: { component?: { name: string } };
  components?: { name: string; version: string; 'bom-ref': string }[];
  dependencies?: { ref: string; dependsOn?: string[] }[];
  packages?: { name: string; versionInfo: string; SPDXID: string }[];
  relationships?: { spdxElementId: string; relatedSpdxElement: string }[];
};

const { values } = parseArgs({
  options: { format: { type: 'string', default: 'cyclonedx' }, to: { type: 'string' } },
});
const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lockfile;
const shipped = new Set(shippedPackages(lock).map(({ name, version }) => `${name}@${version}`));
const printed = `${JSON.stringify(onlyShipped(bomOf(values.format)), undefined, 2)}\n`;
if (values.to === undefined) process.stdout.write(printed);
else writeFileSync(values.to, printed);

/** Of everything that is locked, tools and peers of the tests among it. */
function bomOf(format: string): Bom {
  const args = ['sbom', `--sbom-format=${format}`, '--package-lock-only', '--offline'];
  const text = execFileSync('npm', args, {
    cwd: ROOT,
    maxBuffer: NPM_BYTES_MAX,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(text) as Bom;
}

function onlyShipped(bom: Bom): Bom {
  const { components, dependencies, packages, relationships } = bom;
  const isOurs = (name: string): boolean => name === 'acervo' || name.startsWith('@acervo/');
  const kept = new Set<string>();
  const keep = (name: string, version: string, ref: string): boolean => {
    const isKept = isOurs(name) || shipped.has(`${name}@${version}`);
    if (isKept) kept.add(ref);
    return isKept;
  };
  const left = {
    components: components?.filter(({ name, version, 'bom-ref': ref }) => keep(name, version, ref)),
    packages: packages?.filter(({ name, versionInfo, SPDXID: ref }) => keep(name, versionInfo, ref)),
  };
  const listed = everyRef(bom);
  const isThere = (ref: string): boolean => kept.has(ref) || !listed.has(ref);
  // npm calls it by the folder in which it lies.
  if (bom.metadata?.component !== undefined) bom.metadata.component.name = 'acervo';
  return {
    ...bom,
    ...left,
    dependencies: dependencies
      ?.filter(({ ref }) => isThere(ref))
      .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter(isThere) })),
    relationships: relationships?.filter((each) => isThere(each.spdxElementId) && isThere(each.relatedSpdxElement)),
  } as Bom;
}

/** What the document describes itself, its root, is no component and stays. */
function everyRef({ components = [], packages = [] }: Bom): Set<string> {
  return new Set([...components.map((each) => each['bom-ref']), ...packages.map((each) => each.SPDXID)]);
}
