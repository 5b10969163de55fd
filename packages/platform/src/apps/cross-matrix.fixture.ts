import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { EXPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { newId } from '@acervo/kernel/id.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import type { Staff } from '@acervo/testkit/test-people.ts';
import { type TestServer, testServer, tokenOf } from '@acervo/testkit/test-server.ts';
import { describePerson, grantRole } from '../features/directory/people.ts';
import { importSeed } from '../features/directory/seed.ts';
import { type Submitted, submitDemoModel } from '../features/models/demo-model.fixture.ts';
import { type Image, image, storeImage } from '../features/retrieve/retrieve.fixture.ts';
import { breakGlass, makeAgreement, refer } from '../features/sharing/change.ts';
import { associate, receiver, startDestination } from '../features/transfer/transfer.fixture.ts';
import { freshExternal, freshSigner } from './cross-matrix-models.fixture.ts';

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

const PERSONS: Staff = {
  'radiologist-A': { institution: A, role: 'radiologist' },
  'radiologist-B': { institution: B, role: 'radiologist' },
  'officer-A': { institution: A, role: 'data-protection-officer' },
  'steward-A': { institution: A, role: 'steward' },
  'chief-A': { institution: A, role: 'site-chief' },
};

export type Matrix = TestServer & {
  fetch(who: Who, method: string, path: string, body?: object): Promise<Answer>;
  stow(who: Who, path: string, sent: Image): Promise<Answer>;
  /** Something of A that may be ended or reviewed once. */
  fresh(kind: Fresh): Promise<string>;
  /** A sound package, the same each time; A has it already. */
  model: Submitted;
};

type Fresh = 'agreement' | 'referral' | 'glass' | 'person' | 'signer' | 'external';

export type Answer = { status: number; body: string };

export async function startMatrix(t: TestContext): Promise<Matrix> {
  const archive = await testServer(t, {
    env: { ACERVO_ACCESS: 'enforced' },
    access: { systems: await systemsOf(t), tokens: [tokenOf('A', A), tokenOf('B', B)] },
    people: PERSONS,
  });
  await fill(archive);
  const model = await submitDemoModel(archive, A, SECRET);
  // Somebody of A is there, whom only A may know of.
  await associate(t, archive, [{ abstractSyntax: '1.2.840.10008.1.1', transferSyntaxes: [EXPLICIT_LE] }], {
    callingAet: 'SYS_A',
  });
  return {
    ...archive,
    model,
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

async function fill(archive: TestServer): Promise<void> {
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
  const sensitivities = [{ institution: A, label: 'vip', patientId: MARKED, reason: 'matrix' }];
  await importSeed(database, testOp(), { sensitivities });
  const validity = { from: '2026-01-01T00:00:00Z' };
  const between = { owner: A, receiver: C };
  await makeAgreement(database, testOp(), { ...between, purposes: ['TREATMENT'], validity, reference: SECRET });
  await refer(database, testOp(), { ...between, issuer: ISSUER, patientId: 'PA-CT', reason: SECRET, validity });
  const subjectOf = { owner: A, subject: { studyUid: KEPT.study }, reason: SECRET };
  await breakGlass(database, testOp({ institution: C }), subjectOf, 'radiologist-C');
}

async function fresh(archive: TestServer, kind: Fresh): Promise<string> {
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
