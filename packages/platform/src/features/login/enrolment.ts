import { Failure } from '@acervo/kernel/failure.ts';
import { isInstitution } from '@acervo/kernel/id.ts';
import { envelopeOf } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import type { Op } from '../../ports/op.ts';
import type { Db, Sql } from '../../ports/sql.ts';
import { digestOf, isSecret, newSecret } from './cookie.ts';
import { putCredential, putRecoveryCodes } from './credentials.repo.ts';
import type { Credentials } from './credentials.ts';
import {
  claimEnrolment,
  hasEnrolmentOf,
  insertEnrolment,
  liveEnrolment,
  releaseEnrolment,
  withdrawEnrolments,
} from './enrolment.repo.ts';
import { weaknessOf } from './password.ts';
import { deletePayloadsOf } from './payload.repo.ts';
import { needsSecondFactor, type People } from './ports.ts';
import { newRecoveryCodes, recoveryDigest } from './recovery.ts';
import type { SecretBox } from './secret-box.ts';
import { asPerson, type Sessions } from './session.ts';
import { newTotpSecret } from './totp.ts';
import { deleteKeysOf } from './webauthn.repo.ts';
import type { NewKey, WebAuthn } from './webauthn.ts';
import { type KeyQuestion, questionOf } from './webauthn-pages.ts';

const HOURS = 24;
const TOTP_FORM = 'enrolment totp';
/** Whom the first link is for: nobody who is in the directory. */
const FIRST = '';
const LOGIN = /^[A-Za-z0-9][A-Za-z0-9._@-]{1,63}$/;

/** What is told on the form. */
export type Told = {
  login: string;
  name: string;
  institution: string;
  password: string;
  again: string;
  code: string;
  /** The secret of the second factor that the form showed, sealed. */
  totp: string;
  /** What a browser made for the form's question, where a key was made; and what it is called. */
  credential: string;
  keyName: string;
};

/** Why a form is shown again. */
export type Trouble =
  | 'login'
  | 'name'
  | 'institution'
  | 'taken'
  | 'short'
  | 'long'
  | 'repeats'
  | 'again'
  | 'code'
  | 'key';

export type EnrolmentForm = {
  isFirst: boolean;
  /** Of the directory, or '' for the first. */
  id: string;
  person: { login: string; name: string } | undefined;
  isSecondFactorNeeded: boolean;
  secret: Uint8Array;
  totp: string;
  key: KeyQuestion;
};

export type EnrolmentPorts = {
  db: Db;
  people: People;
  credentials: Credentials;
  sessions: Sessions;
  box: SecretBox;
  webauthn: WebAuthn;
  publicUrl: string;
};

/** A link, once, by which somebody sets a password and a second factor. @returns its code, kept nowhere */
export async function issueEnrolment(db: Db, op: Op, person: string): Promise<string> {
  op.allow('administer', op.institution);
  const code = newSecret();
  await db.transaction(async (sql) => {
    await withdrawEnrolments(sql, person);
    await insertEnrolment(sql, digestOf(code), person, HOURS);
  });
  return code;
}

export const issueFirstEnrolment = (db: Db, op: Op): Promise<string> => issueEnrolment(db, op, FIRST);

/** True once a link for the first administrator was made, used or not. */
export const wasFirstIssued = (sql: Sql): Promise<boolean> => hasEnrolmentOf(sql, FIRST);

/** What the link leads to; undefined where it counts no more. */
export async function enrolmentForm(
  { db, people, box, webauthn }: EnrolmentPorts,
  code: string,
  totp?: string,
): Promise<EnrolmentForm | undefined> {
  const person = isSecret(code) ? await liveEnrolment(db, digestOf(code)) : undefined;
  if (person === undefined) return undefined;
  const known = person === FIRST ? undefined : people.directory.person(person);
  if (person !== FIRST && known?.isActive !== true) return undefined;
  // A form that is shown again has the secret that the telephone may already have.
  const secret = (totp === undefined ? undefined : secretOf(box, code, totp)) ?? newTotpSecret();
  const owner = { id: person, login: known?.login ?? 'acervo', name: known?.name ?? 'Acervo' };
  // What is enrolled takes the place of what was: an authenticator may have a key here already.
  const options = await webauthn.creationOptions(boundTo(code), owner);
  return {
    key: questionOf(webauthn, options, true),
    isFirst: person === FIRST,
    id: person,
    person: known && { login: known.login, name: known.name },
    isSecondFactorNeeded: person === FIRST || needsSecondFactor(people.directory, person, new Date()),
    secret,
    totp: box.sealText(TOTP_FORM, { secret: Buffer.from(secret).toString('base64url'), code: digestOf(code) }),
  };
}

export type Enrolled = { login: string; recoveryCodes: readonly string[] };

/** Set what the form says. @returns codes to keep, or why the form is shown again */
export async function enrol(ports: EnrolmentPorts, op: Op, code: string, told: Told): Promise<Enrolled | Trouble> {
  const { db, credentials } = ports;
  const form = await enrolmentForm(ports, code, told.totp);
  if (form === undefined) throw new Failure('access/denied', 'enrolment link that does not count');
  const trouble = troubleOf(form, told);
  if (trouble !== undefined) return trouble;
  const second = await secondOf(ports, op, form, { code, told });
  if (typeof second === 'string') return second;
  const { totp, key } = second;
  const password = await credentials.hasher.hash(told.password);
  if (!(await claimEnrolment(db, digestOf(code)))) throw new Failure('access/denied', 'enrolment link was used');
  try {
    const person = await personOf(ports, op, form.id, told);
    if (person === 'taken') {
      await releaseEnrolment(db, digestOf(code));
      return 'taken';
    }
    const recoveryCodes = totp === undefined && key === undefined ? [] : newRecoveryCodes();
    await ports.sessions.endAllOf(op, person, 'credential-changed');
    await db.transaction(async (sql) => {
      await putCredential(sql, person, { password, totpSecret: totp?.secret ?? null, totpStep: totp?.step ?? 0 });
      const digests = recoveryCodes.map((each) => recoveryDigest(each) ?? '');
      await putRecoveryCodes(sql, person, digests);
      await deletePayloadsOf(sql, person);
      await deleteKeysOf(sql, person);
      const secondFactor = totp !== undefined || key !== undefined;
      const facts = { person, secondFactor, isFirst: form.isFirst };
      await insertEvents(sql, [envelopeOf(asPerson(op, person), 'person.enrolled', { institution: '' }, facts)]);
      if (key !== undefined && !(await ports.webauthn.register(sql, op, person, key, told.keyName))) {
        throw new Failure('access/denied', "a key that is somebody else's");
      }
    });
    return { login: form.person?.login ?? told.login, recoveryCodes };
  } catch (thrown) {
    await releaseEnrolment(db, digestOf(code));
    throw thrown;
  }
}

type Second = { totp: { secret: Uint8Array; step: number } | undefined; key: NewKey | undefined };

/** A key, a code, or neither where neither is asked for. */
async function secondOf(
  { credentials, box, webauthn }: EnrolmentPorts,
  op: Op,
  form: EnrolmentForm,
  { code, told }: { code: string; told: Told },
): Promise<Second | Trouble> {
  const typed = told.code.trim();
  if (told.credential !== '') {
    const key = await webauthn.made(op, boundTo(code), told.credential);
    if (key === undefined) return 'key';
    if (typed === '') return { totp: undefined, key };
    const totp = totpOf(credentials, secretOf(box, code, told.totp), typed);
    return totp === undefined ? 'code' : { totp, key };
  }
  if (!form.isSecondFactorNeeded && typed === '') return { totp: undefined, key: undefined };
  const totp = totpOf(credentials, secretOf(box, code, told.totp), typed);
  return totp === undefined ? 'code' : { totp, key: undefined };
}

const totpOf = (credentials: Credentials, secret: Buffer | undefined, typed: string): Second['totp'] =>
  secret && credentials.sealedTotp(secret, typed);

const boundTo = (code: string): string => `enrol ${digestOf(code)}`;

function troubleOf(form: EnrolmentForm, told: Told): Trouble | undefined {
  if (form.isFirst) {
    if (!LOGIN.test(told.login)) return 'login';
    if (told.name.trim() === '' || told.name.length > 128) return 'name';
    if (!isInstitution(told.institution)) return 'institution';
  }
  const weakness = weaknessOf(told.password, form.person?.login ?? told.login);
  if (weakness !== undefined) return weakness === 'login' ? 'repeats' : weakness;
  return told.password === told.again ? undefined : 'again';
}

async function personOf({ people }: EnrolmentPorts, op: Op, known: string, told: Told): Promise<string> {
  if (known !== FIRST) return known;
  const { login, institution } = told;
  if (people.directory.personByLogin(login) !== undefined) return 'taken';
  const roles = [{ role: 'administrator' as const, institution: '*' }];
  return people.add(op, { login, name: told.name.trim(), institution, roles });
}

function secretOf(box: SecretBox, code: string, totp: string): Buffer | undefined {
  const opened = box.openText(TOTP_FORM, totp) as { secret: string; code: string } | undefined;
  return opened?.code === digestOf(code) ? Buffer.from(opened.secret, 'base64url') : undefined;
}
