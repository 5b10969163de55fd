import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textElement } from '@acervo/dicom/data-set/build.ts';
import { T } from '@acervo/dicom/tags.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { newId } from '@acervo/kernel/id.ts';
import { goodManifest } from '@acervo/model/manifest/manifest.fixture.ts';
import { seeing, testOp } from '@acervo/testkit/fakes/op.ts';
import { storeSmall } from '@acervo/testkit/filled-archive.ts';
import { smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import type { Envelope } from '../../journal/event.ts';
import type { Op } from '../../ports/op.ts';
import { openAssessed, person, putTask } from './assessment.fixture.ts';
import { decisionsOf, shownOf } from './assessment.repo.ts';
import { decide } from './decide.ts';
import { listIncidents, reportIncident, seenIncident } from './incident.ts';
import { assessmentProjection } from './projection.ts';
import { resultsTold } from './told.ts';
import { why } from './why.ts';

type Opened = Awaited<ReturnType<typeof openAssessed>>;

const failsWith = (code: string) => (thrown: unknown) => thrown instanceof Failure && thrown.code === code;
const refuses = (action: string): Pick<Op, 'allow'> => ({
  allow: (asked) => {
    if (asked === action) throw new Failure('access/denied', asked);
  },
});
const ACCEPTED = { decision: 'accepted', reason: null, shownAt: null } as const;

async function toldBy({ ports, held, named }: Opened, op: Op) {
  return (await resultsTold(ports)(op, held, [named])).get(named.id);
}

async function events({ ports }: Opened): Promise<Envelope[]> {
  const rows = await ports.db.query<{ event: string }>(`select event from journal where kind like 'ai.%' order by id`);
  return rows.map(({ event }) => JSON.parse(event) as Envelope);
}

test('time to a decision counts from when the archive first showed it to this person, by its own clock', async (t) => {
  const opened = await openAssessed(t);
  const { ports, task } = opened;
  const ana = person('p-1');
  await toldBy(opened, ana);
  await toldBy(opened, ana);
  const [shown, ...others] = await shownOf(ports.db, [task]);
  assert.ok(shown);
  assert.deepEqual([shown.person, others.length], ['p-1', 0], 'the first time stands');
  const claim = '2020-01-01T00:00:00.000Z';
  const made = await decide(ports, ana, task, { ...ACCEPTED, shownAt: claim });
  assert.equal(made.secondsToDecide, (Date.parse(made.at) - Date.parse(shown.at)) / 1_000);
  assert.ok((made.secondsToDecide ?? -1) >= 0 && (made.secondsToDecide ?? 1e9) < 600, 'whatever the client claims');
  const [row] = await decisionsOf(ports.db, [task]);
  assert.deepEqual([row?.claimedShownAt, row?.shownAt], [claim, shown.at]);
  const unseen = await decide(ports, person('p-2'), task, ACCEPTED);
  assert.equal(unseen.secondsToDecide, null, 'who was shown nothing took no time that is known');
  await toldBy(opened, testOp({ institution: 'HGM' }));
  assert.equal((await shownOf(ports.db, [task])).length, 1, 'a program is nobody who looks');
  const read = await ports.db.query(
    `select distinct actor from journal
     where kind = 'study.retrieved' and event::jsonb #>> '{facts,aspect}' = 'ai-result' order by actor`,
  );
  assert.deepEqual(read, [{ actor: 'p-1' }, { actor: 'tester' }], 'and both have read of the study');
});

test('a later decision stands above an earlier one, and none of them is changed', async (t) => {
  const opened = await openAssessed(t);
  const { ports, task } = opened;
  const first = await decide(ports, person('p-1'), task, ACCEPTED);
  const second = await decide(ports, person('p-2'), task, { ...ACCEPTED, decision: 'rejected', reason: 'artefacto' });
  const told = await toldBy(opened, person('p-1'));
  assert.deepEqual(told?.decisions, [second, first]);
  assert.deepEqual([first.by, second.by], ['Dra. Ruiz', 'p-2']);
  const app = (text: string) => ports.db.query(text);
  await assert.rejects(app(`update ai_decision set decision = 'accepted'`));
  await assert.rejects(app('delete from ai_decision'));
});

test('what results say of themselves is told, RESEARCH before PRODUCT, nothing where nobody knows', async (t) => {
  const opened = await openAssessed(t);
  const { archive, held, named } = opened;
  let number = 1;
  const made = async (word?: string): Promise<string> => {
    number += 1;
    const also = word === undefined ? [] : [textElement(T.ContentQualification, 'CS', word)];
    const object = { name: 'assessment', study: 1, number, also };
    await storeSmall(archive, object, 'HGM');
    return smallObject(object).sopInstanceUid;
  };
  const [research, product, service, none] = [
    await made('RESEARCH'),
    await made('PRODUCT'),
    await made('SERVICE'),
    await made(),
  ];
  for (const [results, told] of [
    [[research], 'RESEARCH'],
    [[product], 'PRODUCT'],
    [[product, research], 'RESEARCH'],
    [[product, service], null],
    [[product, none], null],
    [['2.25.77'], null],
  ] as const) {
    const of = await resultsTold(opened.ports)(person('p-1'), held, [{ ...named, results }]);
    assert.equal(of.get(named.id)?.contentQualification, told, results.join());
  }
});

test('who modifies or rejects a result says why', async (t) => {
  const { ports, task } = await openAssessed(t);
  for (const decision of ['modified', 'rejected'] as const) {
    await assert.rejects(decide(ports, person('p-1'), task, { ...ACCEPTED, decision }), failsWith('request/invalid'));
  }
  await decide(ports, person('p-1'), task, { ...ACCEPTED, decision: 'ignored' });
  assert.equal((await decisionsOf(ports.db, [task])).length, 1);
});

test('no program decides, nor who has another office, nor who may not see the study', async (t) => {
  const opened = await openAssessed(t);
  const { ports, task, study } = opened;
  await assert.rejects(decide(ports, testOp({ institution: 'HGM' }), task, ACCEPTED), failsWith('access/denied'));
  const process = testOp({ actor: { kind: 'process', id: 'ai' } });
  await assert.rejects(decide(ports, process, task, ACCEPTED), failsWith('access/denied'));
  await assert.rejects(decide(ports, person('p-1', refuses('assess-ai')), task, ACCEPTED), failsWith('access/denied'));
  const stranger = person('p-3', { ...seeing('ISSSTE'), institution: 'ISSSTE' });
  const absent = [newId(), '1.2.3', 'x', "'"];
  const silent = await putTask(ports.db, { institution: 'HGM', study, stage: 'silencioso' });
  const queued = await putTask(ports.db, { institution: 'HGM', study, state: 'queued' });
  for (const [who, of] of [
    [stranger, task],
    ...[...absent, silent, queued].map((each) => [person('p-1'), each] as const),
  ] as const) {
    await assert.rejects(decide(ports, who, of, ACCEPTED), failsWith('retrieve/not-found'));
    await assert.rejects(why(ports, who, of), failsWith('retrieve/not-found'));
    const report = reportIncident(ports, who, of, { severity: 'none', text: 'x' });
    await assert.rejects(report, failsWith('retrieve/not-found'));
  }
  assert.deepEqual(await events(opened), [], 'nothing was shown, decided or reported');
});

test('an incident is reported by who reads, and listed for who answers for models there', async (t) => {
  const { ports, task } = await openAssessed(t);
  const made = await reportIncident(ports, person('p-1'), task, { severity: 'serious', text: 'se perdió un nódulo' });
  assert.deepEqual([made.by, made.state, made.institution], ['Dra. Ruiz', 'open', 'HGM']);
  assert.deepEqual(await listIncidents(ports, testOp()), [made]);
  const elsewhere = testOp({ ...seeing('ISSSTE'), ...refuses('read-incident') });
  await assert.rejects(listIncidents(ports, elsewhere), failsWith('access/denied'));
  await assert.rejects(seenIncident(ports, elsewhere, made.id), failsWith('request/not-found'));
  await assert.rejects(
    reportIncident(ports, testOp({ institution: 'HGM' }), task, { severity: 'none', text: 'x' }),
    failsWith('access/denied'),
  );
  assert.deepEqual(
    (await why(ports, person('p-1'), task)).incidents.map(({ id }) => id),
    [made.id],
  );
});

test('the journal makes the rows again, and tells who was shown and decided what', async (t) => {
  const opened = await openAssessed(t);
  const { archive, ports, task } = opened;
  await toldBy(opened, person('p-1'));
  await decide(ports, person('p-1'), task, { decision: 'modified', reason: 'otro lóbulo', shownAt: null });
  await reportIncident(ports, person('p-1'), task, { severity: 'minor', text: 'x' });
  const rows = async () => {
    const all = ['ai_shown', 'ai_decision', 'ai_incident'].map((table) => ports.db.query(`select * from ${table}`));
    return Promise.all(all);
  };
  const before = await rows();
  assert.deepEqual(
    before.map(({ length }) => length),
    [1, 1, 1],
  );
  const told = await events(opened);
  assert.deepEqual(
    told.map(({ kind, actor }) => `${kind} ${actor.kind}/${actor.id}`),
    ['ai.result-shown person/p-1', 'ai.result-decided person/p-1', 'ai.incident-reported person/p-1'],
  );
  await archive.database.asOwner((sql) => sql.query('truncate ai_shown, ai_decision, ai_incident'));
  for (let time = 1; time <= 2; time++) {
    await ports.db.transaction((sql) => assessmentProjection.apply(sql, told));
    assert.deepEqual(await rows(), before);
  }
});

test('why tells the steps by which the model ran, also where the task was made long before', async (t) => {
  const { archive, ports, task, named } = await openAssessed(t);
  await archive.database.asOwner(async (sql) => {
    await sql.query(`insert into model (id, owner, name, received_at) values ('mx.x', '*', 'x', now())`);
    await sql.query(
      `insert into model_package (digest, model, version, manifest, manifest_digest, envelope_digest, signers,
         size_bytes, institution, received_at, received_by, judgement, event)
       values ($1, 'mx.x', '1.0.0', $2, $1, $1, '{}', 1, 'HUB', now(), 'x', '{}', gen_random_uuid())`,
      [named.package, JSON.stringify(goodManifest())],
    );
    await sql.query('alter table model_transition disable trigger model_transition_step');
    for (const [revision, from, to, hours] of [
      [1, 'limitado', 'suspendido', 3],
      [2, 'suspendido', 'silencioso', 1.5],
      [3, 'silencioso', 'suspendido', 0.5],
    ] as const)
      await sql.query(
        `insert into model_transition (revision, id, package, site, track, edge, scope, from_state, to_state, cause,
           actor_kind, actor, at, statement, verdicts, approvals)
         select $1, gen_random_uuid(), $2, 'HGM', 'demostracion', id, scope, from_state, to_state, 'asked', 'person',
           'x', now() - $5 * interval '1 h', '{}', '[]', '{}' from model_edge
         where scope = 'sitio' and from_state = $3 and to_state = $4 and track in ('', 'demostracion')`,
        [revision, named.package, from, to, hours],
      );
    await sql.query(`update ai_task set created_at = now() - interval '2 h', ended_at = now() - interval '1 h'`);
  });
  const { steps } = await why(ports, person('p-1'), task);
  assert.deepEqual(
    steps.map(({ to }) => to),
    ['suspendido', 'silencioso'],
    'what came between its making and its end counts, what came later not',
  );
});
