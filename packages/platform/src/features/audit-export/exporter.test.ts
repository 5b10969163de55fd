import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { migratedDatabase, silentLog, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { fileBlobStore } from '../../adapters/fs/blob-store.ts';
import { envelopeOf } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import { Sealer } from '../../journal/sealer.ts';
import type { AuditReceiver } from '../../ports/audit-receiver.ts';
import { sealedAfter } from './audit-export.repo.ts';
import { Exporter } from './exporter.ts';

const NEVER = new AbortController().signal;

/** A receiver that remembers the events that it was sent, in order, and does what it is told to. */
class Receiver implements AuditReceiver {
  readonly name = 'syslog+tls://audit.hgm.mx:6514';
  readonly got: string[] = [];
  readonly connections: number[] = [];
  isUp = true;
  #open: { isOpen: boolean }[] = [];

  deliver(frames: readonly Uint8Array[]): Promise<void> {
    if (!this.isUp) return Promise.reject(new Failure('audit/undelivered', 'down'));
    const texts = frames.map((frame) => new TextDecoder().decode(frame));
    this.got.push(...texts.map((text) => /urn:uuid:([0-9a-f-]{36})/.exec(text)?.[1] ?? ''));
    this.connections.push(frames.length);
    return Promise.resolve();
  }

  watch() {
    if (!this.isUp) return Promise.reject(new Failure('audit/undelivered', 'down'));
    const connection = { isOpen: true };
    this.#open.push(connection);
    return Promise.resolve({ isOpen: () => connection.isOpen, close: () => {} });
  }

  /** It dies: what it had read and not written is lost. */
  die(lost: number): void {
    this.isUp = false;
    this.got.splice(this.got.length - lost);
    for (const connection of this.#open) connection.isOpen = false;
    this.#open = [];
  }
}

async function prepared(t: TestContext) {
  const db = await migratedDatabase(t);
  const journalBlobs = fileBlobStore(temporaryDirectory());
  const sealer = new Sealer(db, journalBlobs, silentLog);
  t.after(() => sealer.close());
  const receiver = new Receiver();
  const told = { seq: 0, lag: 0, sent: 0 };
  const exporter = (settleMs: number): Exporter =>
    new Exporter({
      db,
      journalBlobs,
      receiver,
      source: { aeTitle: 'ACERVO', id: 'ACERVO@here', site: 'HGM' },
      header: { hostname: 'here', appName: 'acervo', procId: '1' },
      metrics: {
        auditMessagesSent: (count) => {
          told.sent += count;
        },
        auditExportFailed: () => {},
        setAuditExport: (seq, lag) => Object.assign(told, { seq, lag }),
      },
      settleMs,
    });
  /** @returns the ids of so many events more, in the order of the journal */
  const happen = async (count: number): Promise<string[]> => {
    const events = Array.from({ length: count }, (_, index) =>
      envelopeOf(testOp(), 'study.retrieved', { institution: 'HGM', study: `1.2.${index}` }, { aspect: 'objects' }),
    );
    await insertEvents(db, events);
    await sealer.sealAll();
    return events.map(({ id }) => id);
  };
  return { db, receiver, told, exporter, happen };
}

const cursorOf = async ({ db }: Awaited<ReturnType<typeof prepared>>): Promise<number | undefined> =>
  (await db.query<{ seq: number }>('select seq from audit_cursor'))[0]?.seq;

test('everything is sent once and in order to a receiver that stays; the next process goes on', async (t) => {
  const at = await prepared(t);
  const events = await at.happen(1200);
  const first = at.exporter(0);
  assert.equal(await first.step(NEVER), 'sent');
  assert.equal(first.isProven, false, 'sent, and nobody knows');
  while ((await first.step(NEVER)) === 'sent');
  assert.deepEqual(at.receiver.connections, [500, 500, 200]);
  assert.deepEqual(at.receiver.got.toSorted(), events.toSorted());
  await first.step(NEVER);
  assert.deepEqual([await cursorOf(at), at.told.seq, at.told.lag, first.isProven], [1200, 1200, 0, true]);
  const more = await at.happen(3);
  const second = at.exporter(0);
  assert.equal(await second.step(NEVER), 'standby', 'one at a time');
  await first.close();
  assert.equal(await second.step(NEVER), 'idle');
  assert.deepEqual(at.receiver.got.slice(1200).toSorted(), more.toSorted());
});

test('what a receiver had and lost when it died is sent again, also after its connection ended in order', async (t) => {
  const at = await prepared(t);
  const events = await at.happen(700);
  const exporter = at.exporter(60_000);
  while ((await exporter.step(NEVER)) === 'sent');
  assert.equal(at.receiver.got.length, 700);
  assert.equal(await cursorOf(at), 0, 'nothing has settled');
  assert.ok(at.told.lag > 0);
  at.receiver.die(150);
  await assert.rejects(exporter.step(NEVER), /audit\/undelivered: the receiver ended a connection/);
  await assert.rejects(exporter.step(NEVER), /audit\/undelivered: down/);
  assert.equal(exporter.isProven, false);
  at.receiver.isUp = true;
  while ((await exporter.step(NEVER)) === 'sent');
  assert.deepEqual([...new Set(at.receiver.got)].toSorted(), events.toSorted());
  assert.equal(at.receiver.got.length, 550 + 700, 'and what it had kept comes twice');
});

test('an exporter that died before its messages settled leaves them to be sent again', async (t) => {
  const at = await prepared(t);
  const events = await at.happen(5);
  await at.exporter(60_000).step(NEVER);
  // Its lease runs out.
  await at.db.query(`update audit_cursor set leased_until = now() - interval '1 s'`);
  const next = at.exporter(0);
  await next.step(NEVER);
  assert.deepEqual(at.receiver.got.toSorted(), [...events, ...events].toSorted());
  await next.step(NEVER);
  assert.equal(await cursorOf(at), 5);
});

test('an event that names thousands of objects is told without them', async (t) => {
  const { db, exporter, receiver } = await prepared(t);
  const references = { '1.2.840.10008.5.1.4.1.1.2': Array.from({ length: 10_000 }, (_, index) => `1.2.3.${index}`) };
  const facts = { aeTitle: 'WS1', transaction: '1.2.9', references };
  const large = envelopeOf(testOp(), 'commitment.requested', { institution: 'HGM' }, facts);
  await insertEvents(db, [large]);
  // What jsonb cannot hold does not stop the others.
  const odd = envelopeOf(testOp(), 'commitment.requested', {}, { transaction: '\0'.repeat(20_000) });
  await insertEvents(db, [odd]);
  const sealer = new Sealer(db, fileBlobStore(temporaryDirectory()), silentLog);
  await sealer.sealAll();
  await sealer.close();
  const [row] = await sealedAfter(db, 0, 10);
  assert.ok((row?.event?.length ?? 0) < 1000);
  assert.deepEqual(JSON.parse(row?.event ?? ''), { ...large, facts: { aeTitle: 'WS1', transaction: '1.2.9' } });
  await exporter(0).step(NEVER);
  assert.deepEqual(receiver.got, [large.id, odd.id]);
});

test('whoever lost the cursor to another process does not move it', async (t) => {
  const at = await prepared(t);
  await at.happen(5);
  const slow = at.exporter(0);
  await slow.step(NEVER);
  await at.db.query(`update audit_cursor set lessee = gen_random_uuid()`);
  await assert.rejects(slow.step(NEVER), /another process/);
  assert.equal(await cursorOf(at), 0);
  assert.equal(await slow.step(NEVER), 'standby');
});
