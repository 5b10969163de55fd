import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { createRandom } from '@acervo/kernel/random.ts';
import { approvalText, signApproval } from '@acervo/model/lifecycle/approval.ts';
import { NATION, type SigningRole, type State } from '@acervo/model/lifecycle/states.ts';
import { openDatabase } from '@acervo/platform/adapters/postgres/database.ts';
import {
  committee,
  folder,
  MODEL,
  registered,
  SITE,
  type Somebody,
  startWorld,
} from '@acervo/platform/features/governance/governance.fixture.ts';
import { packageOf } from '@acervo/platform/features/governance/governance.repo.ts';
import { factsOf } from '@acervo/platform/features/governance/package-facts.ts';
import { embeddedOptions, silentLog } from '@acervo/testkit/postgres.ts';
import type { Act, Plan } from './governance.worker.ts';

const WORKER = join(import.meta.dirname, 'governance.worker.ts');
const DAY_MS = 24 * 3_600_000;
const ROUNDS_MAX = 60;

type World = Awaited<ReturnType<typeof startWorld>>;
type Step = { from: State; to: State; site: string | null; percentage?: number };

/** Signatures and steps of a demonstration up to limited use, all signed beforehand. */
async function planOf(world: World): Promise<Omit<Plan, 'dataDir' | 'people'>> {
  await registered(world.db, MODEL);
  const row = await packageOf(world.db, MODEL.model, MODEL.version);
  assert.ok(row);
  const { digests } = await factsOf(row);
  const { validator, authority, officer, chief, physicist } = await committee(world);
  let nonces = 0;
  const sign = async (who: Somebody, rol: SigningRole, { from, to, site, percentage }: Step): Promise<Act> => {
    const text = approvalText({
      t: 'aprobacion/v1',
      ...digests,
      de: from,
      a: to,
      sitio: site,
      porcentaje: percentage ?? null,
      rol,
      persona: who.id,
      institucion: site ?? NATION,
      conflicto: 'ninguno',
      vence: new Date(Date.now() + 30 * DAY_MS).toISOString(),
      nonce: String(nonces++).padStart(22, '0'),
    });
    return { kind: 'sign', who: who.id, text, signature: await signApproval(text, who.pair.privateKey), key: who.key };
  };
  const step = (who: Somebody, { to, site, percentage }: Step): Act => ({
    kind: 'step',
    who: who.id,
    to,
    site,
    ...(percentage !== undefined && { percentage }),
  });
  const shown: Step = { from: 'recibido', to: 'demostracion', site: null };
  const silent: Step = { from: 'instalado', to: 'silencioso', site: SITE };
  const limited: Step = { from: 'silencioso', to: 'limitado', site: SITE, percentage: 10 };
  const acts = [
    step(validator, { from: 'borrador', to: 'recibido', site: null }),
    await sign(validator, 'validator', shown),
    await sign(authority, 'authority', shown),
    await sign(officer, 'data-protection-officer', shown),
    step(authority, shown),
    step(chief, { from: 'no_instalado', to: 'instalado', site: SITE }),
    await sign(chief, 'site-chief', silent),
    step(chief, silent),
    await sign(chief, 'site-chief', limited),
    await sign(physicist, 'medical-physicist', limited),
    step(chief, limited),
  ];
  return { ...MODEL, acts };
}

/** Run the plan, and kill whoever does it after some acts that are new. @returns whether all of it is done */
async function round(planFile: string, known: Set<number>, acts: number, waitMs: number): Promise<boolean> {
  const child = spawn(process.execPath, [WORKER, planFile], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let isWhole = false;
  let left = acts;
  for await (const line of createInterface(child.stdout)) {
    if (line === 'whole') isWhole = true;
    if (/^\d+$/.test(line) && !known.has(Number(line))) {
      known.add(Number(line));
      left -= 1;
      // Between one act and the next, or in the middle of it.
      if (left === 0) setTimeout(() => child.kill('SIGKILL'), waitMs);
    }
  }
  await exited;
  return isWhole;
}

test('kill -9 between approvals and steps: nothing is lost, and nothing is there twice', async (t) => {
  const world = await startWorld();
  world.at(new Date().toISOString());
  const plan = await planOf(world);
  const planFile = join(folder, 'plan.json');
  writeFileSync(planFile, JSON.stringify({ ...plan, dataDir: folder, people: world.people() } satisfies Plan));
  const random = createRandom(20261129);
  const acknowledged = new Set<number>();
  let rounds = 0;
  let isWhole = false;
  while (!isWhole && rounds < ROUNDS_MAX) {
    rounds += 1;
    isWhole = await round(planFile, acknowledged, 1 + random.below(3), random.below(40));
  }
  t.diagnostic(`${rounds} rounds, ${acknowledged.size} acts acknowledged`);
  const database = await openDatabase({
    source: { kind: 'embedded', ...embeddedOptions(folder) },
    role: 'test',
    connectionsMax: 1,
    statementTimeoutMs: 0,
    log: silentLog,
  });
  t.after(() => database.close());
  const [counts] = await database.query(
    `select (select count(*)::int from model_approval) as approvals,
       (select count(*)::int from journal where kind = 'model.approved') as approved,
       (select count(*)::int from model_transition) as steps,
       (select count(*)::int from journal where kind = 'model.stepped') as stepped,
       (select count(*)::int from model_transition_approval) as used,
       (select state from model_state where site = $1) as state`,
    [SITE],
  );
  assert.deepEqual(counts, { approvals: 6, approved: 6, steps: 5, stepped: 5, used: 6, state: 'limitado' });
  assert.ok(isWhole && rounds > 3, 'it was killed often enough to prove something');
});
