import { spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { Failure } from '@acervo/kernel/failure.ts';

/** `required`: no run without a namespace of its own; `none`: an operator takes the risk where there are none. */
export type Sandbox = 'required' | 'none';

/** Nobody, within the namespace; outside it is the user that Acervo runs as, without its capabilities. */
const NOBODY = 65534;
const PROBE_MS = 5_000;
const NAMESPACE = ['unshare', '--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`, '--net'];
const ENV = { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C' };

/**
 * Words before a command that shall see no network, write no file, gain no privilege, claim no more memory, and end
 * with its parent even while a model keeps it from hearing of that.
 * @param dataMiB limit of writable memory (RLIMIT_DATA): an allocation beyond it fails, and nothing else does
 * @throws {Failure} model/no-sandbox
 */
export function sandboxWords(sandbox: Sandbox, dataMiB: number): readonly string[] {
  const limits = ['prlimit', `--data=${dataMiB * 2 ** 20}`, '--core=0', '--fsize=0', '--nofile=64'];
  const words = [
    ...limits,
    ...(sandbox === 'required' ? NAMESPACE : []),
    'setpriv',
    '--no-new-privs',
    '--pdeathsig=KILL',
  ];
  if (sandbox === 'required') probe(words);
  return words;
}

/** In a namespace of its own there is a loopback that is down, and nothing else. */
function probe(words: readonly string[]): void {
  const { status, stdout } = spawnSync('env', [...words, 'readlink', '/proc/self/ns/net'], {
    timeout: PROBE_MS,
    env: ENV,
    encoding: 'utf8',
  });
  if (status === 0 && stdout.trim() !== networkNamespace()) return;
  const detail =
    'inference runs in a network namespace of its own, and this system grants none (user namespaces, util-linux): ' +
    'allow them, or take the risk with ACERVO_INFERENCE_SANDBOX=none';
  throw new Failure('model/no-sandbox', detail);
}

/** Which network this process sees. */
export const networkNamespace = (): string => readlinkSync('/proc/self/ns/net');

/** What a sandboxed process is given of the environment: nothing of the host's. */
export const sandboxEnvironment = (): Record<string, string> => ({ ...ENV });
