import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { EXPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { newId } from '@acervo/kernel/id.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { silentLog, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { describePerson, grantRole } from '../features/directory/people.ts';
import { importSeed } from '../features/directory/seed.ts';
import { type Image, image, storeImage, type TestArchive } from '../features/retrieve/retrieve.fixture.ts';
import { breakGlass, makeAgreement, refer } from '../features/sharing/change.ts';
import { associate, receiver, startDestination } from '../features/transfer/transfer.fixture.ts';
import type { Role } from '../ports/directory.ts';
import type { Identities } from '../ports/identity.ts';
import { loadConfig } from './config.ts';
import { freshExternal, freshSigner, modelsOf } from './cross-matrix-models.fixture.ts';
import { startServer } from './server.ts';

export const A = 'HOSPITAL-A';
export const B = 'HOSPITAL-B';
const C = 'HOSPITAL-C';
/** A patient that fewer see. */
export const MARKED = 'PA-VIP';
export const SECRET = 'secreto de A';
/** Issuer of Patient ID of everything that is stored here. */
const ISSUER = 'TEST';

/** What is asked for: a study of an institution that is there, or one that is nowhere. */
export type Subject = {
  institution: string;
  study: string;
  series: string;
  sop: string;
  patient: string;
};

const subject = (institution: string, study: string, patient: string): Subject => ({
  institution,
  study,
  series: `${study}.1`,
  sop: `${study}.1.1`,
  patient,
});
export const SHARED = subject(A, '2.25.7100', 'PA-CT');
export const KEPT = subject(A, '2.25.7200', 'PA-MR');
export const ABSENT = subject(A, '2.25.7900', 'PA-NO');
export const NOWHERE = subject('HOSPITAL-0', '2.25.7901', 'P0-NO');

/** Tokens of both institutions may do everything; persons of B treat patients. */
export type Who = 'A' | 'B' | 'radiologist-A' | 'radiologist-B' | 'officer-A' | 'steward-A' | 'chief-A';

const PERSONS: Readonly<Record<string, { institution: string; role: Role }>> = {
  'radiologist-A': { institution: A, role: 'radiologist' },
  'radiologist-B': { institution: B, role: 'radiologist' },
  'officer-A': { institution: A, role: 'data-protection-officer' },
  'steward-A': { institution: A, role: 'steward' },
  'chief-A': { institution: A, role: 'site-chief' },
};

export type Matrix = TestArchive & {
  /** Ids of persons in the directory. */
  ids: ReadonlyMap<string, string>;
  fetch(who: Who, method: string, path: string, body?: object): Promise<Answer>;
  stow(who: Who, path: string, sent: Image): Promise<Answer>;
  /** Something of A that may be ended or reviewed once. */
  fresh(kind: Fresh): Promise<string>;
  /** Sends a sound package, the same each time; A has it already. */
  submit(who: Who, owner: string): Promise<Answer>;
};

type Fresh = 'agreement' | 'referral' | 'glass' | 'person' | 'signer' | 'external';

export type Answer = { status: number; body: string };

export async function startMatrix(t: TestContext): Promise<Matrix> {
  const directory = temporaryDirectory();
  const file = join(directory, 'access.json');
  writeFileSync(file, JSON.stringify({ systems: await systemsOf(t), tokens: [tokenOf('A', A), tokenOf('B', B)] }));
  const config = loadConfig({
    ACERVO_DATA_DIR: join(directory, 'data'),
    ACERVO_HTTP_PORT: '0',
    ACERVO_DIMSE_PORT: '0',
    ACERVO_ACCESS_FILE: file,
    ACERVO_SEAL_INTERVAL_MS: '50',
    ACERVO_PG_WAL_SEGMENT_MIB: '1',
    ACERVO_PG_SHARED_BUFFERS_MIB: '16',
    ACERVO_DISK_FREE_MIN_MIB: '0',
  });
  const ids = new Map<string, string>();
  const server = await startServer(config, silentLog, identitiesOf(ids));
  t.after(() => server.close());
  const archive = { server, url: `http://127.0.0.1:${server.httpPort}`, directory };
  await fill(archive);
  await hire(archive, ids);
  const submit = await modelsOf(archive, A, SECRET);
  // Somebody of A is there, whom only A may know of.
  await associate(t, archive, [{ abstractSyntax: '1.2.840.10008.1.1', transferSyntaxes: [EXPLICIT_LE] }], {
    callingAet: 'SYS_A',
  });
  return {
    ...archive,
    ids,
    submit,
    fetch: async (who, method, path, body) => {
      const scheme = who in PERSONS ? 'Person' : 'Bearer';
      const response = await fetch(archive.url + path, {
        method,
        headers: { authorization: `${scheme} ${who}`, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: Buffer.from(await response.arrayBuffer()).toString('latin1') };
    },
    stow: async (who, path, { dataSet, ...sent }) => {
      const file = concat([writeFileHead({ ...sent, sourceAet: 'MATRIX' }), dataSet]);
      const headers = { authorization: `Bearer ${who}`, 'content-type': 'application/dicom' };
      const response = await fetch(archive.url + path, { method: 'POST', headers, body: new Uint8Array(file) });
      return { status: response.status, body: await response.text() };
    },
    fresh: (kind) => fresh(archive, kind),
  };
}

const tokenOf = (name: string, institution: string) => ({
  name,
  sha256: createHash('sha256').update(name).digest('hex'),
  institution,
  actions: ['store', 'read', 'query', 'export', 'administer', 'audit'],
});

/** Each institution has a system that asks and one that objects may be moved to. */
async function systemsOf(t: TestContext): Promise<object[]> {
  const systems: object[] = [];
  for (const [name, institution] of [
    ['A', A],
    ['B', B],
  ] as const) {
    const { port } = await startDestination(t, receiver(), `TO_${name}`);
    systems.push({ aeTitle: `SYS_${name}`, institution });
    systems.push({ aeTitle: `TO_${name}`, institution, host: '127.0.0.1', port, isMoveDestination: true });
  }
  return systems;
}

/** What issues sessions and tokens is a port; here a header says who it is. The directory is the real one. */
function identitiesOf(ids: ReadonlyMap<string, string>): Identities {
  return {
    of: ({ headers }) => {
      const login = /^Person (.+)$/.exec(headers['authorization'] ?? '')?.[1];
      if (login === undefined) return Promise.resolve(undefined);
      const id = ids.get(login) ?? 'nobody';
      return Promise.resolve({ kind: 'person', id, strength: 'second-factor', purpose: '', institution: '' });
    },
  };
}

/** @param ids  gets the id of each, by login */
async function hire({ server }: TestArchive, ids: Map<string, string>): Promise<void> {
  const { database } = server.archive;
  const people = Object.entries(PERSONS).map(([login, { institution, role }]) => {
    return { login: login.toLowerCase(), name: login, institution, roles: [{ role, institution }] };
  });
  const institutions = [A, B].map((code) => ({ code, name: code }));
  const sensitivities = [{ institution: A, label: 'vip', patientId: MARKED, reason: 'matrix' } as const];
  await importSeed(database, testOp(), { institutions, people, sensitivities });
  const rows = await database.query<{ id: string; login: string }>('select id::text as id, login from person');
  for (const login of Object.keys(PERSONS)) {
    ids.set(login, rows.find((row) => row.login === login.toLowerCase())?.id ?? '');
  }
}

async function fill(archive: TestArchive): Promise<void> {
  const store = (of: Subject, modality: string, name = 'PEREZ^ANA'): Promise<unknown> => {
    const { study, institution, patient: id } = of;
    const sent = image({
      study,
      series: 1,
      number: 1,
      transferSyntaxUid: EXPLICIT_LE,
      modality,
      patient: { id, name },
    });
    return storeImage(archive, sent, institution);
  };
  await store(SHARED, 'CT');
  await store(KEPT, 'MR');
  await store(subject(B, '2.25.8000', 'PB'), 'CT');
  // Of one patient two things are told that cannot be: it waits for A's steward.
  await store(subject(A, '2.25.7300', 'PA-DOUBT'), 'MR');
  await store(subject(A, '2.25.7301', 'PA-DOUBT'), 'MR', 'RAMIREZ^JUAN');
  const { database } = archive.server.archive;
  const validity = { from: '2026-01-01T00:00:00Z' };
  const between = { owner: A, receiver: C };
  await makeAgreement(database, testOp(), { ...between, purposes: ['TREATMENT'], validity, reference: SECRET });
  await refer(database, testOp(), { ...between, issuer: ISSUER, patientId: 'PA-CT', reason: SECRET, validity });
  const subjectOf = { owner: A, subject: { studyUid: KEPT.study }, reason: SECRET };
  await breakGlass(database, testOp({ institution: C }), subjectOf, 'radiologist-C');
}

async function fresh(archive: TestArchive, kind: Fresh): Promise<string> {
  const { database } = archive.server.archive;
  if (kind === 'person') {
    const { person } = await describePerson(database, testOp(), {
      login: `m-${newId()}`,
      name: 'matrix',
      institution: A,
    });
    await grantRole(database, testOp(), person, { role: 'validator', institution: A });
    return person;
  }
  const between = { owner: A, receiver: C };
  const validity = { from: '2026-01-01T00:00:00Z' };
  if (kind === 'signer') return freshSigner(archive, A);
  if (kind === 'external') return freshExternal(archive, A);
  if (kind === 'agreement') {
    const of = { ...between, purposes: ['AUDIT'], validity, reference: SECRET };
    return (await makeAgreement(database, testOp(), of)).id;
  }
  if (kind === 'referral') {
    const of = { ...between, issuer: ISSUER, patientId: newId(), reason: SECRET, validity };
    return (await refer(database, testOp(), of)).id;
  }
  const of = { owner: A, subject: { studyUid: KEPT.study }, reason: SECRET };
  return (await breakGlass(database, testOp({ institution: C }), of, 'radiologist-C')).id;
}

/** The same answer but for what was asked for, and the ids of requests. */
export function shown({ status, body }: Answer, of: Subject): string {
  const words = [of.sop, of.series, of.study, of.patient, of.institution];
  const without = words.reduce((text, word) => text.replaceAll(word, '*'), body);
  return `${status} ${without.replace(/urn:uuid:[^"]*/g, '')}`;
}

/** Ask until it is so: running servers follow what is shared within a second or two. */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 30_000;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Failure('internal', `never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.ok(true);
}
