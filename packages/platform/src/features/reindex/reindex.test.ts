import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { textElement } from '@acervo/dicom/data-set/build.ts';
import { T } from '@acervo/dicom/tags.ts';
import { newId } from '@acervo/kernel/id.ts';
import { seeing, testOp } from '@acervo/testkit/fakes/op.ts';
import { fillArchive, SMALL_PACKS, storeSmall } from '@acervo/testkit/filled-archive.ts';
import { openTestArchive } from '@acervo/testkit/open-archive.ts';
import { silentLog } from '@acervo/testkit/postgres.ts';
import type { Database } from '../../adapters/postgres/database.ts';
import { type Config, loadConfig } from '../../apps/config.ts';
import { openIndex } from '../../apps/open-index.ts';
import { rebuildIndex } from '../../apps/rebuild.ts';
import { type Envelope, type EventKind, envelopeOf } from '../../journal/event.ts';
import { type End, endCommitment, insertAsked } from '../commitment/commitment.repo.ts';
import { digestOf } from '../commitment/references.ts';
import { registerRequest } from '../commitment/register.ts';
import { importFacilities } from '../directory/facilities.ts';
import { endRole, removePerson } from '../directory/people.ts';
import { importSeed } from '../directory/seed.ts';
import { clearSensitive } from '../directory/sensitivity.ts';
import { linkPatients, unlinkPatient } from '../patients/link.ts';
import { resolveSome } from '../patients/resolve.ts';
import { breakGlass, endSharing, makeAgreement, refer, reviewGlass } from '../sharing/change.ts';
import { addSystem, removeSystem, setSystem } from '../systems/change.ts';
import type { ReindexFinding } from './survey.ts';

const configOf = (dataDir: string): Config =>
  loadConfig({
    ACERVO_DATA_DIR: dataDir,
    ACERVO_ACCESS: 'open',
    ACERVO_PG_WAL_SEGMENT_MIB: '1',
    ACERVO_PG_SHARED_BUFFERS_MIB: '16',
    ACERVO_DISK_FREE_MIN_MIB: '0',
  });

/**
 * Every table, less what is of one database and not of the archive: codes of UIDs (their UIDs are compared instead),
 * transaction ids, when a row was made. Nor work that is to be done (patient_work).
 */
const TABLES = {
  study: 'select s::text from study s order by study_key',
  attributes: 'select * from study_attributes order by study_key',
  identifier: 'select * from study_identifier order by study_key, place',
  series: 'select * from series order by study_key, series_key',
  instance: `select i.study_key, series_key, sop_uid, version, segment, file_at, file_bytes, head_bytes, digest,
    t.uid as transfer_syntax, c.uid as sop_class, instance_number, marks from instance i
    join uid_code t on t.code = transfer_syntax join uid_code c on c.code = sop_class
    order by study_key, series_key, sop_uid, version`,
  uid_code: 'select uid from uid_code order by uid',
  segment: 'select segment, writer, node, state, committed, records, chain, void_from from segment order by segment',
  patient_link: 'select * from patient_link order by institution, issuer, patient_id, person',
  patient_collision: 'select * from patient_collision order by institution, issuer, patient_id, kind',
  sharing: 'select * from sharing order by id',
  directory_state: 'select * from directory_state',
  institution: 'select * from institution order by code',
  facility: 'select * from facility order by clues',
  person: 'select * from person order by id',
  person_role: 'select * from person_role order by id',
  sensitivity: 'select * from sensitivity order by institution, patient_id, study_uid, label',
  known_system: 'select * from known_system order by ae_title',
  commitment: `select id, role, ae_title, transaction_uid, institution, sees, digest, reference_count, sop_references,
    state, failures, ended_at, last_problem from commitment order by id`,
  journal: 'select id, at, kind, institution, actor, study, event from journal order by id',
  journal_seal: 'select seq, id, hash from journal_seal order by seq',
};

async function dump(database: Database): Promise<Record<string, object[]>> {
  const entries = Object.entries(TABLES).map(async ([name, text]) => [name, await database.query(text)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

/** One of a system each: added, changed, removed. */
async function describeSystems(db: Database): Promise<void> {
  const op = testOp();
  for (const aeTitle of ['CT1', 'CT2', 'CT3']) await addSystem(db, op, { aeTitle, institution: 'HGM' });
  await setSystem(db, op, 'CT2', { host: 'ct2.hgm.example', port: 104 });
  await removeSystem(db, op, 'CT3');
}

/** One of a kind each: made, ended, reviewed. */
async function share(db: Database): Promise<void> {
  const op = testOp({ institution: 'HGM' });
  const between = { owner: 'IMSS', receiver: 'HGM', validity: { from: '2026-01-01T00:00:00Z' } };
  const agreement = { ...between, purposes: ['TREATMENT'], modalities: ['CT'], reference: 'Convenio 1' };
  const { id } = await makeAgreement(db, op, agreement);
  await makeAgreement(db, op, { ...agreement, reference: 'Convenio 2' });
  await refer(db, op, { ...between, issuer: 'IMSS', patientId: 'P', reason: 'Oncología' });
  const glass = { owner: 'IMSS', subject: { studyUid: '2.25.1' }, reason: 'Urgencia' };
  const broken = await breakGlass(db, op, glass, 'p1');
  await breakGlass(db, op, glass, 'p2');
  await reviewGlass(db, op, broken.id, 'Justificado');
  await endSharing(db, op, 'agreement', id);
}

/** Of institutions, people, roles and marks some stay, some end; of the catalogue there are two editions. */
async function describeDirectory(db: Database): Promise<void> {
  const op = testOp();
  const role = { role: 'steward', institution: 'HGM' } as const;
  const mark = { institution: 'HGM', label: 'vip', reason: 'known' } as const;
  await importSeed(db, op, {
    institutions: [{ code: 'HGM', name: 'Hospital General', state: '09', facilities: ['DFSSA000999'] }],
    people: ['ana', 'eva', 'luis'].map((login) => ({ login, name: login, institution: 'HGM', roles: [role] })),
    sensitivities: [
      { ...mark, patientId: 'P', issuer: 'HGM' },
      { ...mark, patientId: 'Q' },
      { ...mark, study: '1.2.3' },
    ],
  });
  await importSeed(db, op, { institutions: [{ code: 'HGM', name: 'Hospital General de México', state: '09' }] });
  await endRole(db, op, 'ana', role);
  await removePerson(db, op, 'luis');
  await clearSensitive(db, op, { ...mark, patientId: 'Q' });
  for (const [count, edition] of [
    [1500, '2026-01-31'],
    [1200, '2026-02-28'],
  ] as const) {
    const head = 'CLUES,NOMBRE DE LA UNIDAD,CLAVE DE LA INSTITUCION';
    const lines = Array.from({ length: count }, (_, index) => `JCSSA${String(index).padStart(6, '0')},Ñ ${index},SSA`);
    await importFacilities(db, op, Buffer.from([head, ...lines].join('\n')), { edition });
  }
}

/** What is owed, what was reported, given up and asked again; what we asked of others. */
async function commitments(db: Database): Promise<void> {
  const op = testOp({ ...seeing('HGM'), institution: 'HGM' });
  const request = (nth: number) => ({
    transactionUid: `2.25.${nth}`,
    references: { '1.2.840': ['1.2.3', `1.2.${nth}`] },
  });
  const ids: string[] = [];
  for (let nth = 1; nth <= 4; nth++) ids.push((await registerRequest(db, op, 'CT1', request(nth))) ?? '');
  const end = async (id: string, state: End['state'], kind: EventKind, facts: Envelope['facts']): Promise<void> => {
    const { failures = null, problem = null } = facts as Partial<End>;
    await endCommitment(db, { id, state, failures, problem }, envelopeOf(op, kind, {}, { commitment: id, ...facts }));
  };
  const failures = { '0112': { '1.2.840': ['1.2.3'] } };
  await end(ids[0] ?? '', 'reported', 'commitment.reported', { failures });
  await end(ids[1] ?? '', 'abandoned', 'commitment.abandoned', { problem: 'ul/aborted: away' });
  await end(ids[2] ?? '', 'reported', 'commitment.reported', { failures: {} });
  assert.equal(await registerRequest(db, op, 'CT1', request(3)), ids[2]);
  for (let nth = 5; nth <= 7; nth++) {
    const { references, transactionUid } = request(nth);
    const id = newId();
    const digest = digestOf(references);
    await insertAsked(
      db,
      { id, aeTitle: 'VNA', institution: 'HGM', references, transactionUid, referenceCount: 2, digest },
      op,
    );
    if (nth === 6) await end(id, 'answered', 'commitment.answered', { failures });
    if (nth === 7) await end(id, 'refused', 'commitment.answered', { refused: 'status 0213', problem: 'status 0213' });
  }
}

/** Patients who are linked by their CURP and by hand, unlinked, and in doubt; of two studies nobody has looked yet. */
async function decidePatients(archive: Awaited<ReturnType<typeof openTestArchive>>): Promise<void> {
  const curp = textElement(T.OtherPatientIDs, 'LO', 'SABC560626MDFLRN01');
  const send = (study: number, institution: string, patientName: string, patientId = 'P'): Promise<unknown> =>
    storeSmall(archive, { name: 'patients', study, number: 1, patientName, patientId, also: [curp] }, institution);
  await send(1, 'HGM', 'SANCHEZ^CARMEN');
  await send(2, 'IMSS', 'SANCHEZ^CARMEN');
  await send(3, 'SSA', 'SANCHEZ^C');
  await send(4, 'SSA', 'RUIZ^EVA', 'Q');
  const { database: db } = archive;
  const op = testOp();
  while ((await resolveSome(db, op)) > 0);
  const [hgm, imss, ssa] = ['HGM', 'IMSS', 'SSA'].map((institution) => ({ institution, issuer: 'TEST', id: 'P' }));
  if (hgm === undefined || imss === undefined || ssa === undefined) return;
  await unlinkPatient(db, op, imss, 'sisters');
  await unlinkPatient(db, op, ssa, 'sisters');
  await linkPatients(db, op, [imss, ssa], 'not of the third');
}

async function dumpOf(config: Config): Promise<Record<string, object[]>> {
  const index = await openIndex(config, { role: 'test', connectionsMax: 3, log: silentLog });
  return dump(index.database).finally(() => index.close());
}

async function rebuild(config: Config, signal = new AbortController().signal): Promise<ReindexFinding[]> {
  const findings: ReindexFinding[] = [];
  const hears = { finding: (finding: ReindexFinding) => void findings.push(finding), progress: () => {} };
  await rebuildIndex(config, { role: 'test', log: silentLog, signal, hears });
  return findings;
}

test('a rebuilt index equals the lost one, table by table', async (t) => {
  const archive = await openTestArchive(t, undefined, SMALL_PACKS);
  const config = configOf(archive.dataDir);
  await fillArchive(archive);
  await describeSystems(archive.database);
  await share(archive.database);
  await describeDirectory(archive.database);
  await commitments(archive.database);
  await decidePatients(archive);
  await assert.rejects(rebuild(config), { code: 'config/invalid' }, 'not while another process has it open');
  await archive.close();
  // Two more lives: their segments come later, their events are numbered on.
  const second = await openTestArchive(t, archive.dataDir, SMALL_PACKS);
  await storeSmall(second, { name: 'filled', study: 1, number: 500 });
  await storeSmall(second, { name: 'filled', study: 1, number: 2, fill: 77 });
  await second.close();
  const before = await dumpOf(config);
  for (const [name, rows] of Object.entries(before)) assert.ok(rows.length > 0, `${name} is empty`);

  const ending = new AbortController();
  setTimeout(() => ending.abort(), 0);
  await assert.rejects(rebuild(config, ending.signal), 'ended half way');
  await assert.rejects(
    openTestArchive(t, archive.dataDir),
    { code: 'config/invalid' },
    'nobody serves from half an index',
  );

  assert.deepEqual(await rebuild(config), []);
  assert.deepEqual(await dumpOf(config), before);
  assert.deepEqual(await rebuild(config), []);
  assert.deepEqual(await dumpOf(config), before, 'again');

  const later = await openTestArchive(t, archive.dataDir, SMALL_PACKS);
  assert.equal((await storeSmall(later, { name: 'filled', study: 1, number: 500 })).kind, 'resent');
  assert.equal((await storeSmall(later, { name: 'filled', study: 8, number: 1 })).kind, 'stored');
  // Whose studies are whose is looked at again, and comes to what it came to before.
  while ((await resolveSome(later.database, testOp())) > 0);
  await later.close();
  const after = await dumpOf(config);
  for (const table of ['patient_link', 'patient_collision']) assert.deepEqual(after[table], before[table]);
  assert.deepEqual(after['journal_seal']?.slice(0, before['journal_seal']?.length), before['journal_seal']);
  assert.equal(after['journal_seal']?.length, after['journal']?.length, 'the sealer goes on without a gap');
});

test('what a killed process left open is ended, and what it did not make durable is cut', async (t) => {
  const archive = await openTestArchive(t, undefined, SMALL_PACKS);
  await archive.close();
  const config = configOf(archive.dataDir);
  const store = `
    import { openArchive } from '@acervo/platform/apps/archive.ts';
    import { loadConfig } from '@acervo/platform/apps/config.ts';
    import { newId } from '@acervo/kernel/id.ts';
import { fillArchive } from '@acervo/testkit/filled-archive.ts';
    import { silentLog } from '@acervo/testkit/postgres.ts';
    const archive = await openArchive(loadConfig(), { role: 'test', connectionsMax: 4, log: silentLog });
    await fillArchive(archive);
    process.kill(process.pid, 'SIGKILL');`;
  const env = {
    PATH: process.env['PATH'],
    ACERVO_DATA_DIR: archive.dataDir,
    ACERVO_ACCESS: 'open',
    ACERVO_DISK_FREE_MIN_MIB: '0',
    ACERVO_SEAL_INTERVAL_MS: '3600000',
    ...SMALL_PACKS,
  };
  assert.throws(() =>
    execFileSync(process.execPath, ['--input-type=module-typescript', '-e', store], { env, stdio: 'inherit' }),
  );
  assert.deepEqual(await rebuild(config), []);
  const rebuilt = await dumpOf(config);
  assert.equal(rebuilt['instance']?.length, 34);
  assert.ok(rebuilt['segment']?.every((row) => 'state' in row && row.state === 'sealed'));
  // The events of a killed process are in the packs; they are numbered when the archive is opened.
  const later = await openTestArchive(t, archive.dataDir, SMALL_PACKS);
  await later.close();
  const { journal, journal_seal: seals } = await dumpOf(config);
  assert.equal(seals?.length, journal?.length);
});
