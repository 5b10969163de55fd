import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { assertAuditMessage, auditSchemaRng } from '@acervo/testkit/audit-schema.ts';
import { type Authority, authority, type Issued } from '@acervo/testkit/certificates.ts';
import { smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { parseXml } from '@acervo/testkit/parse-xml.ts';
import { needsPeer } from '@acervo/testkit/peers.ts';
import { type ArchiveProcess, scratch, startArchive } from '../harness/archive-process.ts';
import { rsyslogIn } from '../harness/rsyslog.ts';
import { associate } from '../harness/sender.ts';
import { logged } from '../harness/tls-archive.ts';

const STUDIES = 1000;
const NAME = 'NUÑEZ PEÑA';
const ARRIVED_MS_MAX = 90_000;
const AGAIN_MS = 100;
const SAMPLE = 40;

const message = (line: string): string => line.slice(line.indexOf('\ufeff') + 1);
const idOf = (line: string): string => /"urn:uuid:([0-9a-f-]{36})"/.exec(line)?.[1] ?? line;

/** One object each of many studies: an event each. */
async function store(archive: ArchiveProcess, from: number, to: number): Promise<void> {
  const objects = Array.from({ length: to - from }, (_, index) =>
    smallObject({ name: 'audit', study: from + index + 1, number: 1, patientName: `${NAME}^MARÍA` }),
  );
  const association = await associate(archive, objects);
  for (const object of objects) assert.equal((await association.store(object)).status, 0x0000);
  await association.release();
}

/** Ids of the events in the journal segments. */
function journalIds(dataDir: string): string[] {
  const folder = join(dataDir, 'journal');
  const lines = readdirSync(folder).flatMap((file) => readFileSync(join(folder, file), 'utf8').split('\n'));
  return lines.filter((line) => line !== '').map((line) => (JSON.parse(line) as { event: { id: string } }).event.id);
}

async function until(isSo: () => boolean, what: () => string): Promise<void> {
  const end = performance.now() + ARRIVED_MS_MAX;
  while (!isSo()) {
    assert.ok(performance.now() < end, what());
    await pause(AGAIN_MS);
  }
}

test('rsyslog over TLS, killed in the midst of 1,000 events: every one arrives at least once', async (t) => {
  if (!needsPeer(t, 'openssl') || !needsPeer(t, 'xmllint') || !needsPeer(t, 'rsyslogd')) return;
  const folder = scratch(t, 'audit');
  const national = authority(folder, 'nacional');
  const own = national.issue('acervo');
  const receiver = national.issue('auditoria', { hosts: ['127.0.0.1'] });
  const rsyslog = await rsyslogIn(t, folder, { ...receiver, caFile: national.caFile });
  await rsyslog.start();
  const dataDir = join(folder, 'data');
  const archive = await startArchive(t, dataDir, {
    ACERVO_AUDIT_SYSLOG: `syslog+tls://127.0.0.1:${rsyslog.port}`,
    ACERVO_TLS_CERT_FILE: own.certFile,
    ACERVO_TLS_KEY_FILE: own.keyFile,
    ACERVO_TLS_CA_FILE: national.caFile,
    ACERVO_SEAL_INTERVAL_MS: '100',
  });
  await store(archive, 0, STUDIES / 2);
  await until(
    () => rsyslog.lines().length > 0,
    () => `nothing arrived\n${rsyslog.logText()}\n${archive.logText()}`,
  );
  const storing = store(archive, STUDIES / 2, STUDIES);
  await until(
    () => rsyslog.lines().length > STUDIES / 4,
    () => `no quarter arrived\n${rsyslog.logText()}`,
  );
  await rsyslog.kill();
  const before = rsyslog.lines().length;
  await storing;
  await logged(archive, /"audit\.unexported"/);
  await rsyslog.start();
  const missing = (): string[] => {
    const arrived = new Set(rsyslog.lines().map(idOf));
    return journalIds(dataDir).filter((id) => !arrived.has(id));
  };
  await until(
    () => journalIds(dataDir).length >= STUDIES && missing().length === 0,
    () => `${missing().length} of ${journalIds(dataDir).length} are missing\n${archive.logText().slice(-2000)}`,
  );
  await logged(archive, /"audit\.exported-again"/);
  const lines = rsyslog.lines();
  const [events, distinct] = [journalIds(dataDir).length, new Set(lines.map(idOf)).size];
  t.diagnostic(
    `${events} events, ${before} lines when killed, ${lines.length} at the end: ${lines.length - distinct} twice`,
  );
  assert.ok(before < events, 'it was killed in the midst');
  assert.match(await metricsOf(archive), /^acervo_audit_export_failures_total\{reason="audit\/undelivered"\} [1-9]/m);
  const asked = await fetch(`${archive.http}/fhir/AuditEvent?_count=5&agent:identifier=TESTSCU`);
  assert.equal(asked.headers.get('content-type'), 'application/fhir+json; charset=utf-8');
  const { entry } = (await asked.json()) as { entry: { resource: { id: string } }[] };
  const ids = new Set(journalIds(dataDir));
  assert.deepEqual([entry.length, entry.every(({ resource }) => ids.has(resource.id))], [5, true]);
  const { fhirVersion } = (await (await fetch(`${archive.http}/fhir/metadata`)).json()) as { fhirVersion: string };
  assert.equal(fhirVersion, '4.0.1');
  assert.equal(await archive.stop(), 0);

  assert.ok(lines.every((line) => /^<85>1 \S+Z \S+ acervo \d+ DICOM\+RFC3881 - \ufeff<AuditMessage>/.test(line)));
  assert.ok(!lines.some((line) => line.includes('NUÑEZ')), 'no name leaves');
  for (const line of lines) assertAuditMessage(parseXml(message(line)));
  const schema = join(folder, 'audit-message.rng');
  writeFileSync(schema, auditSchemaRng());
  const step = Math.ceil(lines.length / SAMPLE);
  const files = lines
    .filter((_, index) => index % step === 0)
    .map((line, index) => {
      const file = join(folder, `message-${index}.xml`);
      writeFileSync(file, message(line));
      return file;
    });
  execFileSync('xmllint', ['--noout', '--relaxng', schema, ...files], { stdio: 'pipe' });
});

type Parties = { own: Issued; receiver: Issued; ours: string; theirs: string };

/** An archive, and an rsyslog that trusts other authorities, or has a certificate of one. */
async function strangers(t: TestContext, name: string, choose: (home: Authority, abroad: Authority) => Parties) {
  const folder = scratch(t, name);
  const parties = choose(authority(folder, 'nacional'), authority(folder, 'extranjera'));
  const rsyslog = await rsyslogIn(t, folder, { ...parties.receiver, caFile: parties.theirs });
  await rsyslog.start();
  const archive = await startArchive(t, join(folder, 'data'), {
    ACERVO_AUDIT_SYSLOG: `syslog+tls://127.0.0.1:${rsyslog.port}`,
    ACERVO_TLS_CERT_FILE: parties.own.certFile,
    ACERVO_TLS_KEY_FILE: parties.own.keyFile,
    ACERVO_TLS_CA_FILE: parties.ours,
    ACERVO_SEAL_INTERVAL_MS: '100',
  });
  await store(archive, 0, 3);
  return { archive, rsyslog };
}

const metricsOf = async ({ http }: ArchiveProcess): Promise<string> => (await fetch(`${http}/metrics`)).text();

test('a receiver of another authority gets nothing, and the log says why', async (t) => {
  if (!needsPeer(t, 'openssl') || !needsPeer(t, 'rsyslogd')) return;
  const { archive, rsyslog } = await strangers(t, 'audit-stranger', (home, abroad) => ({
    own: home.issue('acervo'),
    receiver: abroad.issue('auditoria', { hosts: ['127.0.0.1'] }),
    ours: home.caFile,
    theirs: home.caFile,
  }));
  await logged(archive, /"audit\.unexported".*"code":"tls\/untrusted"/);
  assert.deepEqual(rsyslog.lines(), []);
  assert.match(await metricsOf(archive), /^acervo_audit_export_failures_total\{reason="tls\/untrusted"\} [1-9]/m);
  assert.equal(await archive.stop(), 0, 'and nothing else is held up');
});

test('a receiver that does not trust us is never believed to have taken anything', async (t) => {
  if (!needsPeer(t, 'openssl') || !needsPeer(t, 'rsyslogd')) return;
  const { archive, rsyslog } = await strangers(t, 'audit-distrust', (home, abroad) => ({
    own: abroad.issue('acervo'),
    receiver: home.issue('auditoria', { hosts: ['127.0.0.1'] }),
    ours: home.caFile,
    theirs: home.caFile,
  }));
  await logged(archive, /"audit\.unexported"/);
  // Long enough for what was sent to settle, had it been taken; it is tried again and again meanwhile.
  let metrics = '';
  const failed = /^acervo_audit_export_failures_total\{\S+\} ([4-9]|\d\d)/m;
  for (const end = performance.now() + ARRIVED_MS_MAX; performance.now() < end && !failed.test(metrics); ) {
    metrics = await metricsOf(archive);
    await pause(AGAIN_MS);
  }
  assert.match(metrics, failed);
  assert.match(metrics, /^acervo_audit_export_seq 0$/m);
  assert.match(metrics, /^acervo_audit_messages_sent_total 0$/m);
  assert.deepEqual(rsyslog.lines(), []);
  assert.equal(await archive.stop(), 0);
});
