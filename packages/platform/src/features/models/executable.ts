import { latin1Text } from '@acervo/kernel/bytes.ts';

/** Names of files that some program would run, unpack or unpickle. */
const NAMES: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/\.(pkl|pickle|joblib|dill|npy|npz)$/i, 'pickle'],
  [/\.(pt|pth|ckpt|bin|torchscript|mar)$/i, 'PyTorch, TorchScript'],
  [/\.(h5|keras|pb|tflite|mlmodel|engine|plan|trt)$/i, 'a model of another runtime'],
  [/\.(py|pyc|pyd|ipynb)$/i, 'Python'],
  [/\.(sh|bash|js|mjs|cjs|ts|wasm|so|dll|dylib|exe|jar|class|rb|pl|lua|r)$/i, 'a program'],
  [/\.(zip|tar|tgz|gz|bz2|xz|zst|7z|rar|whl|egg)$/i, 'an archive'],
];

/** First bytes that no file of a package has, whatever its name. */
const STARTS: readonly (readonly [start: string, what: string])[] = [
  ['PK\x03\x04', 'a ZIP archive (PyTorch, TorchScript, a bomb)'],
  ['PK\x05\x06', 'a ZIP archive'],
  ['\x80\x02', 'pickle'],
  ['\x80\x03', 'pickle'],
  ['\x80\x04', 'pickle'],
  ['\x80\x05', 'pickle'],
  ['\x1f\x8b', 'gzip'],
  ['BZh', 'bzip2'],
  ['\xfd7zXZ', 'xz'],
  ['\x28\xb5\x2f\xfd', 'Zstandard'],
  ['\x7fELF', 'a program (ELF)'],
  ['MZ', 'a program (PE)'],
  ['#!', 'a script'],
  ['\x89HDF', 'HDF5'],
];

/** What in the file could be executed or unpacked; undefined where nothing could. */
export function executableIn(path: string, bytes: Uint8Array): string | undefined {
  const byName = NAMES.find(([pattern]) => pattern.test(path))?.[1];
  const start = latin1Text(bytes.subarray(0, 8));
  return byName ?? STARTS.find(([prefix]) => start.startsWith(prefix))?.[1];
}

/** What else a package has beside what its manifest names: texts, tables and pictures that nothing runs. */
const PLAIN = /(^|\/)(LICENSE|NOTICE|README)$|\.(json|md|txt|csv|pdf|png|jpe?g)$/;

/**
 * A file that the manifest does not name and that is of no kind that is known to be inert. There are more names of
 * what programs run than a list can have (`.pyw`, `.yaml` of MONAI, `.so.1`, none at all): the list is of the others.
 */
export const isStray = (path: string, named: ReadonlySet<string>): boolean => !named.has(path) && !PLAIN.test(path);

const DEPTH_MAX = 64;

/**
 * What a MONAI bundle would execute: `_target_` names any import, a text that begins with `$` is evaluated. Judged by
 * the letters alone, nothing is resolved.
 */
export function monaiExpressionIn(value: unknown, depth = 0): string | undefined {
  if (depth > DEPTH_MAX) return 'nested without end';
  if (typeof value === 'string') return value.startsWith('$') ? 'a text that MONAI evaluates ($...)' : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  if (Object.hasOwn(value, '_target_')) return 'a MONAI configuration that imports (_target_)';
  for (const each of Object.values(value)) {
    const found = monaiExpressionIn(each, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}
