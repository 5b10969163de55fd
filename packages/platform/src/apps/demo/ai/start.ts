import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '@acervo/kernel/failure.ts';
import { sandboxWords } from '../../../adapters/onnx/sandbox.ts';
import { waitMs } from '../../../journal/sealer.ts';
import type { ModelStates } from '../../../ports/model-states.ts';
import type { Op } from '../../../ports/op.ts';
import type { Db } from '../../../ports/sql.ts';
import type { Config } from '../../config.ts';
import { openDirectory } from '../../directory.ts';
import { LOGINS } from './committee.ts';
import { type Committee, type Governed, govern, type Stands } from './govern.ts';
import { memberOf } from './members.ts';
import { submitDemoPackages } from './packages.ts';
import type { DemoSessions } from './sessions.ts';

/** Models at work, and who answers for them; or the line that says why there are none. */
export type StartedAi = { committee: Committee; governed: Governed } | { why: string };

export type AiPorts = {
  config: Config;
  db: Db;
  op: Op;
  sessions: DemoSessions;
  modelStates: ModelStates;
  http: string;
  signal: AbortSignal;
};

const PROBE_MIB = 64;
/** Every process reads states on within a second. */
const PLACED_MS_MAX = 60_000;
const POLL_MS = 100;

/**
 * Have the demo's models submitted, signed for and put to limited use, each step by the people and on the ways that an
 * archive asks for. Where models cannot be kept from the network, nothing is run and nothing is signed.
 * @throws {Failure} of what went wrong otherwise: it is not hidden
 */
export async function startAi(ports: AiPorts): Promise<StartedAi> {
  const { config, db, op } = ports;
  const why = whyNot(config);
  if (why !== undefined) return { why };
  const folder = join(config.dataDir, 'demostracion');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const [committee] = await Promise.all([committeeOf(ports, folder), submitDemoPackages({ config, db, op, folder })]);
  const governed = await govern(committee);
  await placed(ports, governed.stands);
  return { committee, governed };
}

function whyNot({ aiWorkers, inferenceSandbox }: Config): string | undefined {
  if (aiWorkers === 0) return 'ACERVO_AI_WORKERS es 0';
  try {
    sandboxWords(inferenceSandbox, PROBE_MIB);
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof Failure) || thrown.code !== 'model/no-sandbox') throw thrown;
    return 'este sistema no da a los modelos un espacio sin red (espacios de nombres de usuario, util-linux)';
  }
}

async function committeeOf({ db, op, http, sessions, signal }: AiPorts, folder: string): Promise<Committee> {
  const directory = await openDirectory(db, op.log);
  const people = LOGINS.map(async (login) => {
    const person = directory.personByLogin(login);
    if (person === undefined) throw new Failure('internal', `the directory does not know ${login}`);
    return [login, await memberOf({ http, sessions, folder, signal }, person)] as const;
  });
  return new Map(await Promise.all(people));
}

/** What comes in before the server knows that a model is in use goes to no model. */
async function placed({ modelStates, signal }: AiPorts, stands: readonly Stands[]): Promise<void> {
  const until = performance.now() + PLACED_MS_MAX;
  const inUse = stands.filter(({ state }) => state === 'limitado');
  const isKnown = ({ site, model }: Stands): boolean =>
    modelStates.runningAt(site).some((running) => running.model === model && running.stage === 'limitado');
  while (!inUse.every(isKnown) && performance.now() < until && !signal.aborted) await waitMs(POLL_MS, signal);
}
