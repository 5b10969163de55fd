import assert from 'node:assert/strict';
import { after } from 'node:test';
import { asJson, canonicalJson } from '@acervo/kernel/canonical-json.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { newId } from '@acervo/kernel/id.ts';
import {
  type Approval,
  approvalText,
  keyName,
  provePossession,
  signApproval,
} from '@acervo/model/lifecycle/approval.ts';
import { NATION, type SigningRole, type State } from '@acervo/model/lifecycle/states.ts';
import { goodManifest } from '@acervo/model/manifest/manifest.fixture.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { placeCluster } from '@acervo/testkit/made-cluster.ts';
import { embeddedOptions, silentLog, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { type Database, openDatabase } from '../../adapters/postgres/database.ts';
import { migrate } from '../../adapters/postgres/migrate.ts';
import type { Directory, Person, Role } from '../../ports/directory.ts';
import type { Op } from '../../ports/op.ts';
import type { Sql } from '../../ports/sql.ts';
import { type Approved, draftApproval, giveApproval } from './approvals.ts';
import { enrolKey } from './keys.ts';
import { ModelStatesMemory } from './memory.ts';
import type { Ports } from './refusing.ts';
import { takeStep } from './steps.ts';

export const SITE = 'HOSPITAL-A';
export const OTHER_SITE = 'HOSPITAL-B';
export const MODEL = { model: 'mx.ssa.cxr-tb', version: '1.0.0' };
export const NEWER = { ...MODEL, version: '1.1.0' };

/** Somebody of the directory with a key, and how he asks. */
export type Somebody = { id: string; op: Op; key: string; pair: CryptoKeyPair };

export type World = Ports & {
  db: Database;
  people(): Person[];
  /** Move the clock. */
  at(moment: string): void;
  hire(institution: string, ...roles: readonly [role: Role, institution: string][]): Promise<Somebody>;
  /** The roles of a person are others from now on. */
  regrant(who: Somebody, ...roles: readonly [role: Role, institution: string][]): void;
};

/** Where its database lies, for other processes that open it. */
export const folder = temporaryDirectory();
let shared: Promise<Database> | undefined;
const closing: (() => unknown)[] = [];
after(async () => {
  for (const close of closing.reverse()) await close();
});

/** One database for all tests of a file, emptied for each. */
async function emptyDatabase(): Promise<Database> {
  shared ??= openShared();
  const db = await shared;
  await db.asOwner((sql) =>
    sql.query(`truncate journal, model, model_package, model_package_file, approver_key, model_approval,
      model_transition, model_transition_approval, model_state`),
  );
  return db;
}

async function openShared(): Promise<Database> {
  const options = embeddedOptions(folder);
  await placeCluster(options, 'empty');
  const source = { kind: 'embedded', ...options } as const;
  const db = await openDatabase({ source, role: 'test', connectionsMax: 4, statementTimeoutMs: 0, log: silentLog });
  closing.push(() => db.close());
  await migrate(db, silentLog);
  return db;
}

export const startWorld = async (): Promise<World> =>
  worldOver(await emptyDatabase(), new Date('2026-11-29T12:00:00.000Z'));

/** A world in a database that is somebody else's. */
export function worldOver(db: Database, from: Date): World {
  let now = from;
  const people = new Map<string, Person>();
  const directory = directoryOf(people);
  const ports: Ports = { db, directory, now: () => now };
  const grants = (roles: readonly [Role, string][]) =>
    roles.map(([role, institution]) => ({ role, institution, from: '2020-01-01T00:00:00.000Z' }));
  return {
    ...ports,
    db,
    people: () => [...people.values()],
    at: (moment) => {
      now = new Date(moment);
    },
    hire: async (institution, ...roles) => {
      const id = newId();
      people.set(id, { id, login: id, name: 'x', institution, roles: grants(roles), isActive: true });
      const pair = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
      const key = await keyName(pair.publicKey);
      const authentication = { strength: 'second-factor', methods: ['pwd', 'otp', 'mfa'], at: new Date() } as const;
      const op = testOp({ institution, actor: { kind: 'person', id }, door: 'web', authentication });
      const at = now.toISOString();
      const proof = await provePossession({ persona: id, llave: key, momento: at }, pair.privateKey);
      await enrolKey(ports, op, { key, at, proof });
      return { id, op, key, pair };
    },
    regrant: ({ id }, ...roles) => {
      const known = people.get(id);
      assert.ok(known);
      people.set(id, { ...known, roles: grants(roles) });
    },
  };
}

function directoryOf(people: ReadonlyMap<string, Person>): Directory {
  return {
    revision: 1,
    institutions: () => [],
    institution: () => undefined,
    facility: () => undefined,
    person: (id) => people.get(id),
    personByLogin: () => undefined,
    rolesOf: () => [],
  };
}

/** A package as the registry keeps it. */
export async function registered(
  sql: Sql,
  { model, version }: { model: string; version: string },
  over: { useStatus?: 'demostracion' | 'clinico'; by?: string; isGolden?: boolean; threshold?: number } = {},
): Promise<string> {
  const good = goodManifest();
  const { useStatus = 'demostracion', by = newId(), isGolden = true, threshold = 0.31 } = over;
  const manifest = {
    ...good,
    id: model,
    version,
    regulatory: { ...good.regulatory, useStatus },
    outputs: good.outputs.map((output) => ({ ...output, operatingPoints: [{ id: 'nacional', threshold }] })),
  };
  const text = canonicalJson(asJson(manifest));
  const digest = newId().replaceAll('-', '').padEnd(64, '0');
  await sql.query(
    `insert into model (id, owner, name, received_at) values ($1, '*', $1, now()) on conflict (id) do nothing`,
    [model],
  );
  await sql.query(
    `insert into model_package (digest, model, version, manifest, manifest_digest, envelope_digest, signers,
       size_bytes, institution, received_at, received_by, judgement, event)
     values ($1, $2, $3, $4, $5, $5, '{}', 1, 'HUB', now(), $6, $7::jsonb, $8)`,
    [
      digest,
      model,
      version,
      text,
      'b'.repeat(64),
      by,
      JSON.stringify({ golden: [{ case: 0, isReproduced: isGolden, what: '', largestDifference: 0 }] }),
      newId(),
    ],
  );
  await sql.query('insert into model_package_file (package, path, sha256, size_bytes) values ($1, $2, $3, 1)', [
    digest,
    manifest.risk,
    'c'.repeat(64),
  ]);
  return digest;
}

/** The people who decide, each in the office that is his. */
export async function committee(world: World) {
  const [validator, authority, officer, chief, physicist] = await Promise.all([
    world.hire('HUB', ['validator', NATION]),
    world.hire('HUB', ['authority', NATION]),
    world.hire('HUB', ['data-protection-officer', NATION]),
    world.hire(SITE, ['site-chief', SITE]),
    world.hire(SITE, ['medical-physicist', SITE]),
  ]);
  return { validator, authority, officer, chief, physicist };
}
export type Committee = Awaited<ReturnType<typeof committee>>;

export type Step = { to: State; site?: string; percentage?: number };

/** Somebody signs what the archive proposes. */
export async function approve(
  world: World,
  who: Somebody,
  role: SigningRole,
  { to, site, percentage }: Step,
  over: { approval?: Partial<Approval>; of?: typeof MODEL; op?: Op; alter?: (text: string) => string } = {},
): Promise<Approved> {
  const { of = MODEL, op = who.op, alter = (text) => text } = over;
  const draft = await draftApproval(world, who.op, of, { to, site: site ?? null, role, percentage });
  const text = approvalText({ ...draft.approval, ...over.approval });
  const signature = await signApproval(text, who.pair.privateKey);
  return giveApproval(world, op, of, { text: alter(text), signature, key: who.key });
}

/** All signatures that a demonstration needs, and its steps up to a stage. */
export async function demonstrate(
  world: World,
  { validator, authority, officer, chief, physicist }: Committee,
  upTo: 'demostracion' | 'instalado' | 'silencioso' | 'limitado',
  of = MODEL,
): Promise<void> {
  const reason = 'demostración';
  await takeStep(world, validator.op, of, { to: 'recibido', site: null, reason });
  const nation = { to: 'demostracion' } as const;
  await approve(world, validator, 'validator', nation, { of });
  await approve(world, authority, 'authority', nation, { of });
  await approve(world, officer, 'data-protection-officer', nation, { of });
  await takeStep(world, authority.op, of, { to: 'demostracion', site: null, reason });
  if (upTo === 'demostracion') return;
  await takeStep(world, chief.op, of, { to: 'instalado', site: SITE, reason });
  if (upTo === 'instalado') return;
  await approve(world, chief, 'site-chief', { to: 'silencioso', site: SITE }, { of });
  await takeStep(world, chief.op, of, { to: 'silencioso', site: SITE, reason });
  if (upTo === 'silencioso') return;
  await limit(world, { chief, physicist }, 10, of);
}

export async function limit(
  world: World,
  { chief, physicist }: Pick<Committee, 'chief' | 'physicist'>,
  percentage: number,
  of = MODEL,
): Promise<void> {
  const step = { to: 'limitado', site: SITE, percentage } as const;
  await approve(world, chief, 'site-chief', step, { of });
  await approve(world, physicist, 'medical-physicist', step, { of });
  await takeStep(world, chief.op, of, { ...step, reason: 'uso limitado' });
}

/** Refused by these rules, among others. */
export const refusedBy =
  (...rules: readonly string[]) =>
  (thrown: unknown): boolean => {
    assert.ok(thrown instanceof Failure, String(thrown));
    for (const rule of rules) assert.ok(thrown.rules.includes(rule), `${thrown.rules.join()} without ${rule}`);
    return true;
  };

/** What a server knows of it. */
export const viewOf = async (world: World): Promise<ModelStatesMemory> => {
  const memory = new ModelStatesMemory(world.db, silentLog, world.now);
  await memory.refresh();
  return memory;
};
