import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { latin1Text } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { BundleLine } from '@acervo/kernel/journal/bundle.ts';
import { OBJECTS_FOLDER, type SignedCaseManifest } from '@acervo/kernel/journal/case-file.ts';
import { seeing, testOp } from '@acervo/testkit/fakes/op.ts';
import { smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { temporaryDirectory } from '@acervo/testkit/postgres.ts';
import type { Envelope } from '../../journal/event.ts';
import { ANA, OTHERS, openUsed, verified, written } from './case-file.fixture.ts';
import { caseFileRoute } from './case-file.route.ts';
import { makeCaseFile } from './case-file.ts';
import { namesOther } from './concerning.ts';

const AUDITOR = testOp({ institution: 'HGM', ...seeing('HGM') });
const refused = (code: string) => (thrown: unknown) => thrown instanceof Failure && thrown.code === code;

/** Unpacked as anybody would: by tar. */
function unpacked(path: string) {
  const folder = join(temporaryDirectory(), 'unpacked');
  mkdirSync(folder);
  execFileSync('tar', ['xf', path, '-C', folder]);
  const text = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const lines = text('journal.jsonl')
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as BundleLine).line.event as unknown as Envelope);
  return { folder, text, lines, ...(JSON.parse(text('manifest.json')) as SignedCaseManifest) };
}

test('a case file holds what concerns one study, and whoever has the key alone can check it', async (t) => {
  const { archive, ports, study } = await openUsed(t);
  const made = await makeCaseFile(ports, AUDITOR, { study, reason: 'la paciente lo pide', withObjects: true });
  const path = await written(made);
  const [{ key }] = archive.journalKeys.signers();
  const { status, stdout } = verified(path, '--key', key);
  assert.equal(status, 0, stdout);
  assert.match(stdout, new RegExp(`^consistent up to ${made.checkpoint.size}, nothing later witnessed\n`));
  assert.match(stdout, /"objects":4,"verified":4/);
  const { folder, text, lines, manifest } = unpacked(path);
  execFileSync('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], { cwd: folder });
  const kinds = lines.map(({ kind }) => kind);
  for (const kind of [
    'instance.stored',
    'instance.conflicted',
    'study.retrieved',
    'agreement.made',
    'agreement.ended',
    'referral.made',
    'glass.broken',
    'secondary-use.refused',
    'export.finished',
    'case-file.made',
  ] as const) {
    assert.ok(kinds.includes(kind), kind);
  }
  assert.ok(!kinds.includes('patient.linked') && manifest.withheld.length === 1, 'it names another patient, too');
  assert.deepEqual(new Set(lines.map(({ v }) => v)), new Set([1, 2]), 'envelopes of both versions in one chain');
  assert.deepEqual(manifest.patient, ANA);
  assert.deepEqual([manifest.objects.count, manifest.objects.isIncluded], [4, true]);
  const mine = smallObject({ name: 'case', study: 1, number: 2, patientName: 'RUIZ^ANA', patientId: ANA.id });
  const file = readFileSync(join(folder, `${OBJECTS_FOLDER}${mine.seriesUid}/${mine.sopInstanceUid}.dcm`));
  assert.ok(file.subarray(-mine.dataSet.length).equals(mine.dataSet), 'as it was received');
  for (const said of ['EXPEDIENTE VERIFICABLE', 'CASE FILE', study, key]) assert.ok(text('LEEME.txt').includes(said));
  assert.match(text('accesos.html'), /lang="es-MX"[\s\S]*Dra\. Ruiz[\s\S]*Obtuvo el expediente/);
  const shared = text('compartido.txt');
  for (const said of ['con IMSS', 'envío ANA-1', `urgencia ${study}`]) assert.ok(shared.includes(said), said);
  assert.ok(!shared.includes('UNREAD'), 'an agreement by which nobody read');
});

test('nothing of another study or patient is in it but hashes', async (t) => {
  const { ports, study, otherStudy, alsoStudy } = await openUsed(t);
  const wanted = { study, reason: 'x', withObjects: true };
  const bytes = latin1Text(readFileSync(await written(await makeCaseFile(ports, AUDITOR, wanted))));
  assert.ok(bytes.includes(ANA.id) && bytes.includes(study));
  for (const word of [OTHERS.patient, OTHERS.name, otherStudy, alsoStudy, 'UNREAD', 'ISSSTE']) {
    assert.ok(!bytes.includes(word), `it tells of ${word}`);
  }
  // And the other way round: theirs tells nothing of her.
  const theirs = latin1Text(
    readFileSync(await written(await makeCaseFile(ports, AUDITOR, { ...wanted, study: otherStudy }))),
  );
  assert.ok(theirs.includes(OTHERS.patient) && !theirs.includes(ANA.id) && !theirs.includes(study));
});

test('facts that name somebody else are told apart in each of their forms', () => {
  const of = { patient: { ...ANA }, study: '1.2.3' };
  const other = { ...ANA, id: 'B' };
  for (const facts of [
    { patient: other },
    { patient: ANA, with: other },
    { deep: [{ other }] },
    { shared: { record: { issuer: 'TEST', patientId: 'B' } } },
    { shared: { record: { subject: { issuer: 'ELSE', patientId: ANA.id } } } },
    { studyUid: '1.2.4' },
  ]) {
    assert.ok(namesOther(facts, of), JSON.stringify(facts));
  }
  for (const facts of [{}, { patient: ANA }, { studyUid: '1.2.3', patientId: '' }, { patientId: ANA.id, issuer: '' }]) {
    assert.ok(!namesOther(facts, of), JSON.stringify(facts));
  }
  assert.ok(namesOther({ patient: ANA }, { ...of, patient: null }));
});

test('who may not audit there gets what is absent; the making is a fact before it leaves', async (t) => {
  const { archive, ports, study } = await openUsed(t);
  const wanted = { study, reason: 'x', withObjects: false };
  const stranger = testOp({ institution: 'IMSS', ...seeing('IMSS') });
  await assert.rejects(makeCaseFile(ports, stranger, wanted), refused('retrieve/not-found'));
  await assert.rejects(makeCaseFile(ports, AUDITOR, { ...wanted, study: '1.2.3' }), refused('retrieve/not-found'));
  const there = { ...wanted, institution: 'ISSSTE' };
  await assert.rejects(makeCaseFile(ports, AUDITOR, there), refused('retrieve/not-found'));
  await assert.rejects(makeCaseFile(ports, testOp(), wanted), refused('retrieve/ambiguous'));
  // Who may audit and not export has everything but the objects.
  const officer = testOp({ ...AUDITOR, ...seeing('HGM'), view: () => ({ institutions: new Map(), others: [] }) });
  await assert.rejects(makeCaseFile(ports, officer, { ...wanted, withObjects: true }), refused('access/denied'));
  const count = async (): Promise<number> =>
    (await archive.database.query(`select from journal where kind = 'case-file.made'`)).length;
  assert.equal(await count(), 0);
  const made = await makeCaseFile(ports, officer, wanted);
  assert.equal(await count(), 1);
  const { text, lines } = unpacked(await written(made));
  const making = lines.find(({ kind }) => kind === 'case-file.made');
  assert.deepEqual(making?.facts, { aspect: 'record', reason: 'x' });
  assert.doesNotMatch(text('SHA256SUMS'), /objects\//);
});

test('a damaged object leaves as it is, and the case file says so', async (t) => {
  const { archive, ports, study } = await openUsed(t);
  const mine = smallObject({ name: 'case', study: 1, number: 2, patientName: 'RUIZ^ANA', patientId: ANA.id });
  const [place] = await archive.database.query<{ segment: number; at: number }>(
    'select segment, file_at + file_bytes - 1 as at from instance where sop_uid = $1',
    [mine.sopInstanceUid],
  );
  assert.ok(place);
  const path = join(archive.dataDir, 'packs/0000', `${String(place.segment).padStart(8, '0')}.tar`);
  const bytes = readFileSync(path);
  bytes[Number(place.at)] = (bytes[Number(place.at)] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  const made = await makeCaseFile(ports, AUDITOR, { study, reason: 'x', withObjects: true });
  const { status, stdout } = verified(await written(made));
  assert.equal(status, 3);
  assert.match(stdout, new RegExp(`^object\\.damaged ${mine.sopInstanceUid}: [^\n]*\nconsistent up to`));
});

test('over HTTP it is a download; what is not understood is refused', async (t) => {
  const { archive, ports, study } = await openUsed(t);
  const route = caseFileRoute(ports);
  const ask = (uid: string, body: object) => {
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield new TextEncoder().encode(JSON.stringify(body));
    }
    const url = `/api/studies/${uid}/case-file`;
    const request = { method: 'POST', url, rawQuery: '', params: { study: uid }, query: new URLSearchParams() };
    const headers = { 'content-type': 'application/json' };
    return route.handle({ ...request, headers, body: chunks(), parts: () => chunks() as never }, AUDITOR);
  };
  const { status, headers, body } = await ask(study, { reason: 'x', institution: 'HGM', objects: true });
  assert.deepEqual([status, headers['content-type'], headers['cache-control']], [200, 'application/x-tar', 'no-store']);
  const path = await written({ bytes: () => body as AsyncGenerator<Uint8Array> });
  assert.equal(verified(path, '--key', archive.journalKeys.signers()[0].key).status, 0);
  for (const wrong of [{}, { reason: ' ' }, { reason: 'x', more: 1 }, { reason: 'x', institution: '../x' }]) {
    await assert.rejects(ask(study, wrong), refused('request/invalid'), JSON.stringify(wrong));
  }
  await assert.rejects(ask('x', { reason: 'x' }), refused('request/invalid'));
  await assert.rejects(ask('1.2.3', { reason: 'x' }), refused('retrieve/not-found'));
});
