import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import { type CheckpointFile, readCheckpointFile } from '@acervo/kernel/journal/checkpoint-file.ts';
import { archiveEvent } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import { lockWitness } from '../../journal/proven.repo.ts';
import type { HttpCaller } from '../../ports/http-caller.ts';
import type { Signer } from '../../ports/journal-keys.ts';
import type { Log } from '../../ports/log.ts';
import type { Db } from '../../ports/sql.ts';
import { type Seen, type WitnessState, witness } from './witness.ts';

/** An archive whose journal we witness. */
export type WitnessedArchive = {
  /** Where it answers, without a path. */
  url: string;
  /** How we are known there: a token, or what gets us one. Undefined: our certificate, or nobody asks. */
  token?: string | undefined;
  client?: { id: string; secret: string } | undefined;
  /** Its public key, where we were told it by another way. */
  trust?: string | undefined;
};

export type WitnessMetrics = {
  /** An attempt to witness another archive. */
  witnessed(outcome: 'signed' | 'unchanged' | 'refused' | 'failed'): void;
  /** Whether the last checkpoint of this archive was refused. */
  setWitnessRefusing(url: string, isRefusing: boolean): void;
};

export type WitnessAtPorts = {
  db: Db;
  call: HttpCaller;
  signer: Signer;
  name: string;
  /** What was witnessed. Written before a signature leaves, whole or not at all. */
  state: { read(): WitnessState; write(state: WitnessState): Promise<void> };
  metrics: WitnessMetrics;
  log: Log;
};

export type WitnessedAt =
  | { outcome: 'signed' | 'unchanged'; archive: string; number: number; size: number }
  | { outcome: 'refused'; archive: string; number: number; size: number; seen: number; refused: string };

/**
 * Fetch the newest checkpoint of another archive, sign it where it contains everything that we witnessed before, and
 * give the signature back. Where it does not, that archive was set back or altered: a line of the log, a metric, and an
 * event of our own journal, which its events cannot reach.
 * @throws {Failure} audit/undelivered, access/unknown, tls/... where it cannot be asked; database/unavailable
 */
export async function witnessAt(
  ports: WitnessAtPorts,
  of: WitnessedArchive,
  signal: AbortSignal,
): Promise<WitnessedAt> {
  const authorization = await authorizationOf(ports.call, of, signal);
  const before = seenAt(ports.state.read(), of.url);
  const path = `/api/journal/checkpoint?since=${before?.size ?? 0}`;
  const answer = await asked(ports.call, of, path, { method: 'GET', headers: authorization, signal });
  const file = await readCheckpointFile(answer);
  if (file === undefined) return told(ports, of, before, undefined, 'it answers with no checkpoint, or an altered one');
  const isKnown = file.witnesses.some(({ key }) => key === ports.signer.key);
  if (isKnown && before?.number === file.checkpoint.number && before.root === file.checkpoint.root) {
    return done(ports, of, file, 'unchanged');
  }
  const judged = await judge(ports, of, file);
  if ('refused' in judged) return told(ports, of, before, file, judged.refused);
  const { format, v, checkpoint, signature, witnesses } = judged.file;
  const mine = witnesses.filter(({ key }) => key === ports.signer.key);
  const body = JSON.stringify({ format, v, checkpoint, signature, witnesses: mine, keys: [], proofs: [] });
  const headers = { ...authorization, 'content-type': 'application/json' };
  await asked(ports.call, of, '/api/journal/witnesses', { method: 'POST', headers, body, signal });
  return done(ports, of, file, 'signed');
}

/** Another of our processes may do the same: what was seen is read and written by one at a time. */
async function judge(
  { db, signer, name, state }: WitnessAtPorts,
  { url, trust }: WitnessedArchive,
  file: CheckpointFile,
): Promise<{ file: CheckpointFile } | { refused: string }> {
  return db.transaction(async (sql) => {
    await lockWitness(sql);
    const at = new Date().toISOString();
    const seen = state.read();
    const { archive, number, size, root } = file.checkpoint;
    const known = seen.places?.[url];
    if (known !== undefined && known !== archive) {
      return { refused: `it calls itself ${archive}, and was ${known} up to ${seen.archives[known]?.size ?? 0}` };
    }
    const outcome = await witness(file, seen, { signer, name, trusted: trust, at });
    if ('refused' in outcome) return outcome;
    await state.write({ ...outcome.state, places: { ...seen.places, [url]: archive } });
    await insertEvents(sql, [archiveEvent('witness.signed', 'witness', { url, archive, number, size, root, name })]);
    return { file: outcome.file };
  });
}

const seenAt = ({ archives, places }: WitnessState, url: string): Seen | undefined => archives[places?.[url] ?? ''];

function done(
  { metrics }: WitnessAtPorts,
  { url }: WitnessedArchive,
  { checkpoint: { archive, number, size } }: CheckpointFile,
  outcome: 'signed' | 'unchanged',
): WitnessedAt {
  metrics.witnessed(outcome);
  metrics.setWitnessRefusing(url, false);
  return { outcome, archive, number, size };
}

async function told(
  { db, metrics, log }: WitnessAtPorts,
  { url }: WitnessedArchive,
  before: Seen | undefined,
  file: CheckpointFile | undefined,
  refused: string,
): Promise<WitnessedAt> {
  const { archive = '', number = 0, size = 0 } = file?.checkpoint ?? {};
  const facts = { url, archive, number, size, seen: before?.size ?? 0, refused };
  metrics.witnessed('refused');
  metrics.setWitnessRefusing(url, true);
  log.error('witness.refused', facts);
  await insertEvents(db, [{ ...archiveEvent('witness.refused', 'witness', facts), outcome: 'failure' }]);
  return { outcome: 'refused', ...facts };
}

type Call = Parameters<HttpCaller>[1];

async function asked(call: HttpCaller, { url }: WitnessedArchive, path: string, what: Call): Promise<string> {
  const { status, text } = await call(new URL(path, url), what);
  if (status === 200) return text;
  const code = status === 401 || status === 403 ? 'access/unknown' : 'audit/undelivered';
  throw new Failure(code, `${url}: ${what.method} ${path.split('?')[0]} is answered ${status}`);
}

/** RFC 6749 4.4: a token for what follows, by the secret; or the one that we were given. */
async function authorizationOf(
  call: HttpCaller,
  of: WitnessedArchive,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  if (of.token !== undefined) return { authorization: `Bearer ${of.token}` };
  if (of.client === undefined) return {};
  const { id, secret } = of.client;
  const basic = Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64');
  const headers = { authorization: `Basic ${basic}`, 'content-type': 'application/x-www-form-urlencoded' };
  const body = 'grant_type=client_credentials';
  const text = await asked(call, of, '/oidc/token', { method: 'POST', headers, body, signal });
  try {
    return { authorization: `Bearer ${String((JSON.parse(text) as { access_token: string }).access_token)}` };
  } catch (cause) {
    throw new Failure('access/unknown', `${of.url} gives no token: ${toFailure(cause).code}`, { cause });
  }
}
