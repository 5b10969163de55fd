import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '@acervo/kernel/failure.ts';
import { provePossession, signApproval } from '@acervo/model/lifecycle/approval.ts';
import { waitMs } from '../../../journal/sealer.ts';
import { type ApproverKey, makeApproverKey, openApproverKey } from '../../approver-key-file.ts';
import { readPrivateFile } from '../../private-file.ts';
import type { DemoSessions } from './sessions.ts';

/** A server reads the directory every second. */
const KNOWN_MS_MAX = 60_000;
const POLL_MS = 200;
const PASSPHRASE_BYTES = 24;

export type Signature = { signature: string; key: string };

/** One of the committee: asks by HTTP with a session, signs with a key that no archive has. */
export type Member = {
  id: string;
  /** @throws {Failure} internal, with what the archive answered */
  ask<Answer>(path: string, body?: object): Promise<Answer>;
  /** The first time it makes the key, or opens it, and binds it to the person. */
  sign(text: string): Promise<Signature>;
};

export type MemberPorts = {
  http: string;
  sessions: DemoSessions;
  /** Where keys lie, each sealed by the passphrase that lies beside them: the demo's people are whoever runs it. */
  folder: string;
  signal: AbortSignal;
};

type Key = { key: string; revokedAt: string | null };

/** @returns once the running server knows the person */
export async function memberOf(ports: MemberPorts, { id, login }: { id: string; login: string }): Promise<Member> {
  const { http, sessions, folder, signal } = ports;
  const token = sessions.open(id);
  const ask: Member['ask'] = async <Answer>(path: string, body?: object): Promise<Answer> => {
    const headers = { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) };
    const sent = body && { method: 'POST', body: JSON.stringify(body) };
    const answer = await fetch(http + path, { headers, signal, ...sent });
    if (answer.ok) return (await answer.json()) as Answer;
    throw new Failure('internal', `${path} answered ${answer.status}: ${await answer.text()}`);
  };
  await known(() => ask<{ keys: Key[] }>('/api/approver-keys'), signal);
  let opened: Promise<ApproverKey> | undefined;
  return {
    id,
    ask,
    sign: async (text) => {
      opened ??= enrolledKey(ask, id, join(folder, `${login}.json`), await passphraseIn(folder));
      const { name, privateKey } = await opened;
      return { signature: await signApproval(text, privateKey), key: name };
    },
  };
}

async function enrolledKey(ask: Member['ask'], person: string, file: string, passphrase: string): Promise<ApproverKey> {
  const key = existsSync(file) ? await openApproverKey(file, passphrase) : await makeApproverKey(file, passphrase);
  const { keys } = await ask<{ keys: Key[] }>('/api/approver-keys');
  if (keys.some((each) => each.key === key.name)) return key;
  const at = new Date().toISOString();
  const proof = await provePossession({ persona: person, llave: key.name, momento: at }, key.privateKey);
  await ask('/api/approver-keys', { key: key.name, at, proof });
  return key;
}

/** @throws {Failure} config/invalid where others may read it */
async function passphraseIn(folder: string): Promise<string> {
  const file = join(folder, 'frase.txt');
  const made = `${randomBytes(PASSPHRASE_BYTES).toString('base64url')}\n`;
  await writeFile(file, made, { mode: 0o600, flag: 'wx' }).catch((thrown: unknown) => {
    if (!existsSync(file)) throw thrown;
  });
  return readPrivateFile(file, 'the passphrase of the demo').trim();
}

/** A person of the directory is known to the server a moment after it was written. */
async function known(ask: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  const until = performance.now() + KNOWN_MS_MAX;
  for (;;) {
    try {
      await ask();
      return;
    } catch (thrown) {
      if (signal.aborted || performance.now() > until) throw thrown;
      await waitMs(POLL_MS, signal);
    }
  }
}
