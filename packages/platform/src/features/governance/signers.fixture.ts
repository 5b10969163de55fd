import assert from 'node:assert/strict';
import { keyName, provePossession, signApproval } from '@acervo/model/lifecycle/approval.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import type { Role } from '../../ports/directory.ts';
import { grantRole } from '../directory/people.ts';
import { Browser, codeNow, enrolBy, logIn, sessionOf } from '../login/login.fixture.ts';
import { type startWithPeople, until } from '../login/people.fixture.ts';

type Started = Awaited<ReturnType<typeof startWithPeople>>;
export type Answered = {
  status: number;
  body: { rules?: string[]; document?: string; id?: string } & Record<string, unknown>;
};

/** Somebody with one role, logged in with a second factor. */
export async function personOf({ url, db, add }: Started, login: string, role: Role, institution: string) {
  const { id, link } = await add(login, 'technician');
  const { secret } = await enrolBy(url, link);
  await grantRole(db, testOp(), id, { role, institution });
  const browser = new Browser(url);
  await logIn(browser, login, codeNow(secret));
  await until(async () => (await sessionOf(browser)).person?.roles.includes(role) === true);
  const ask = async (method: string, path: string, body?: object): Promise<Answered> => {
    const { person } = await sessionOf(browser);
    const headers = {
      'x-acervo-csrf': person?.csrf ?? '',
      'sec-fetch-site': 'same-origin',
      'content-type': 'application/json',
    };
    const answer = await browser.ask(path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    return { status: answer.status, body: (await answer.json()) as Answered['body'] };
  };
  return { id, ask, cookie: () => browser.cookie('acervo') ?? '' };
}

/** The same with a key that the browser made and keeps. */
export async function signerOf(started: Started, login: string, role: Role, institution: string) {
  const person = await personOf(started, login, role, institution);
  // WebCrypto of a browser does the same: not to be taken out again.
  const pair = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
  const key = await keyName(pair.publicKey);
  const at = new Date().toISOString();
  const proof = await provePossession({ persona: person.id, llave: key, momento: at }, pair.privateKey);
  const enrolled = await person.ask('POST', '/api/approver-keys', { key, at, proof });
  assert.equal(enrolled.status, 200, JSON.stringify(enrolled.body));
  return { ...person, sign: (text: string) => signApproval(text, pair.privateKey), key };
}

/** Sign what the archive proposes. @param version  path of a version  @param asked  query of the draft */
export async function approveOver(
  who: Awaited<ReturnType<typeof signerOf>>,
  version: string,
  asked: string,
): Promise<Answered> {
  const draft = await who.ask('GET', `${version}/approvals/draft?${asked}`);
  const document = draft.body.document ?? '';
  assert.equal(draft.status, 200, JSON.stringify(draft.body));
  const signature = await who.sign(document);
  return who.ask('POST', `${version}/approvals`, { document, signature, key: who.key });
}
