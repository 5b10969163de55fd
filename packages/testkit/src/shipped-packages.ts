/** What of package-lock.json (version 3) is read here. */
export type Lockfile = { packages: Readonly<Record<string, LockedPackage>> };
type Names = Readonly<Record<string, string>>;
export type LockedPackage = {
  version?: string;
  license?: string;
  link?: boolean;
  dependencies?: Names;
  devDependencies?: Names;
  optionalDependencies?: Names;
  peerDependencies?: Names;
  peerDependenciesMeta?: Readonly<Record<string, { optional?: boolean }>>;
};

/** A package that runs with the archive, or is part of the page that it serves. */
export type ShippedPackage = { name: string; version: string; license: string };

/** The bundler puts these into the page; types leave nothing there. */
const PAGE = 'packages/web';
const IS_TYPES = /^@types\//;

/** Everything that ships, and what it needs in turn, by name and version. */
export function shippedPackages({ packages }: Lockfile): ShippedPackage[] {
  const root = packages[''] ?? {};
  const page = packages[PAGE] ?? {};
  const found = new Map<string, ShippedPackage>();
  const visit = (from: string, names: readonly string[]): void => {
    for (const name of names) {
      const path = resolved(packages, from, name);
      // What no lock names is optional, and not for any platform that was locked.
      if (path === undefined || found.has(path)) continue;
      const { version = '', license = '', ...rest } = packages[path] ?? {};
      found.set(path, { name, version, license });
      visit(path, needed(rest));
    }
  };
  visit('', needed(root));
  const bundled = Object.keys(page.devDependencies ?? {}).filter((name) => !IS_TYPES.test(name));
  visit(PAGE, [...needed(page), ...bundled]);
  return [...found.values()].sort((a, b) => (`${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1));
}

function needed({
  dependencies,
  optionalDependencies,
  peerDependencies,
  peerDependenciesMeta,
}: LockedPackage): string[] {
  const peers = Object.keys(peerDependencies ?? {}).filter(
    (name) => peerDependenciesMeta?.[name]?.optional !== true && !IS_TYPES.test(name),
  );
  return [...Object.keys(dependencies ?? {}), ...Object.keys(optionalDependencies ?? {}), ...peers];
}

/** Where Node finds a package from a folder: in its own node_modules, or in one further up. */
function resolved(packages: Lockfile['packages'], from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
    const path = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`;
    if (packages[path] !== undefined && packages[path].link !== true) return path;
    if (folder === '') return undefined;
  }
}

/** Licences whose packages may ship: they ask for their text to be kept, and for nothing of ours. */
const PERMISSIVE: ReadonlySet<string> = new Set([
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'Unlicense',
]);
/** The choice is ours. */
const isPermissive = (license: string): boolean =>
  license
    .replace(/^\((.+)\)$/, '$1')
    .split(' OR ')
    .some((each) => PERMISSIVE.has(each));

/** Others that were decided on, each by its name; NOTICE tells of them, decision record 0022 why. */
const DECIDED: readonly { name: RegExp; license: RegExp }[] = [
  // libvips: a library of its own, linked dynamically, which an operator may exchange.
  { name: /^@img\/sharp-libvips-/, license: /^LGPL-3\.0-or-later$/ },
  // sharp with libvips in it, for platforms that Acervo does not run on.
  { name: /^@img\/sharp-(?:win32-\w+|wasm32)$/, license: /^Apache-2\.0 AND LGPL-3\.0-or-later(?: AND MIT)?$/ },
];

/** Those that nobody has decided on. */
export const undecided = (packages: readonly ShippedPackage[]): ShippedPackage[] =>
  packages.filter(
    ({ name, license }) =>
      !isPermissive(license) && !DECIDED.some((each) => each.name.test(name) && each.license.test(license)),
  );
