import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { newId } from '@acervo/kernel/id.ts';
import { seeing, testOp } from '@acervo/testkit/fakes/op.ts';
import type { Envelope } from '../../journal/event.ts';
import type { Op } from '../../ports/op.ts';
import { openAssessed, person } from './assessment.fixture.ts';
import { listIncidents, reportIncident, seenIncident } from './incident.ts';
import { type IncidentStep, stepIncident } from './incident-step.ts';
import { assessmentProjection } from './projection.ts';
import { why } from './why.ts';

type Opened = Awaited<ReturnType<typeof openAssessed>>;

const failsWith = (code: string) => (thrown: unknown) => thrown instanceof Failure && thrown.code === code;
const refuses = (action: string): Pick<Op, 'allow'> => ({
  allow: (asked) => {
    if (asked === action) throw new Failure('access/denied', asked);
  },
});

const TAKE: IncidentStep = { to: 'investigating', note: 'lo reviso con las imágenes' };
const CLOSE: IncidentStep = {
  to: 'closed',
  note: 'la serie era de otro paciente',
  cause: 'data',
  correctiveAct: 'se corrigió la lista de trabajo',
};
const REOPEN: IncidentStep = { to: 'open', note: 'volvió a ocurrir' };

async function reported({ ports, task }: Opened): Promise<string> {
  return (await reportIncident(ports, person('p-1'), task, { severity: 'serious', text: 'se perdió un nódulo' })).id;
}

async function events({ ports }: Opened): Promise<Envelope[]> {
  const rows = await ports.db.query<{ event: string }>(
    `select event from journal where kind like 'ai.incident-%' order by id`,
  );
  return rows.map(({ event }) => JSON.parse(event) as Envelope);
}

test('an incident is taken on, closed with a finding, and opened again with a reason', async (t) => {
  const opened = await openAssessed(t);
  const { ports, task } = opened;
  const id = await reported(opened);
  const lara = person('p-4');
  const taken = await stepIncident(ports, lara, id, TAKE);
  assert.deepEqual([taken.state, taken.investigator], ['investigating', { person: 'p-4', by: 'Fís. Lara' }]);
  const over = await stepIncident(ports, person('p-1'), id, { to: 'investigating', note: 'lo sigo yo' });
  assert.equal(over.investigator?.by, 'Dra. Ruiz', 'whoever goes on with it has it');
  const closed = await stepIncident(ports, lara, id, CLOSE);
  assert.deepEqual([closed.state, closed.investigator], ['closed', null]);
  const { cause, correctiveAct, note, by } = closed.steps.at(-1) ?? {};
  assert.deepEqual([cause, correctiveAct, note, by], ['data', CLOSE.correctiveAct, CLOSE.note, 'Fís. Lara']);
  const again = await stepIncident(ports, lara, id, REOPEN);
  assert.deepEqual(
    again.steps.map(({ number, from, to }) => `${number} ${from} ${to}`),
    ['1 open investigating', '2 investigating investigating', '3 investigating closed', '4 closed open'],
  );
  assert.deepEqual(await listIncidents(ports, testOp()), [again], 'the list tells all of it');
  const told = await why(ports, person('p-1'), task);
  assert.deepEqual(
    told.incidents.map(({ state }) => state),
    ['open'],
  );
  assert.equal(told.journal.filter(({ kind }) => kind === 'ai.incident-stepped').length, 4);
});

test('no step is taken from where it does not lead, and a fault is not closed without an act', async (t) => {
  const opened = await openAssessed(t);
  const { ports } = opened;
  const id = await reported(opened);
  const lara = person('p-4');
  const refused = (step: IncidentStep, code: string) =>
    assert.rejects(stepIncident(ports, lara, id, step), failsWith(code), JSON.stringify(step));
  await refused(CLOSE, 'incident/state');
  await refused(REOPEN, 'incident/state');
  await stepIncident(ports, lara, id, TAKE);
  await refused(REOPEN, 'incident/state');
  for (const cause of ['model', 'data', 'use', 'device'] as const) {
    await refused({ ...CLOSE, cause, correctiveAct: null }, 'request/invalid');
  }
  const closed = await stepIncident(ports, lara, id, { to: 'closed', note: 'x', cause: 'none', correctiveAct: null });
  assert.equal(closed.state, 'closed', 'where there was no fault there is nothing to be done');
  await refused(TAKE, 'incident/state');
  await refused(CLOSE, 'incident/state');
  assert.equal((await events(opened)).length, 3, 'what was refused is told nowhere');
});

test('only a person whose office it is follows an incident, and only who may read it learns of it', async (t) => {
  const opened = await openAssessed(t);
  const { ports } = opened;
  const id = await reported(opened);
  const elsewhere = person('p-5', { ...seeing('ISSSTE'), institution: 'ISSSTE' });
  for (const [who, of, code] of [
    [person('p-6', refuses('handle-incident')), id, 'access/denied'],
    [testOp({ institution: 'HGM' }), id, 'access/denied'],
    [testOp({ actor: { kind: 'process', id: 'ai' } }), id, 'access/denied'],
    [elsewhere, id, 'request/not-found'],
    [person('p-4'), newId(), 'request/not-found'],
    [person('p-4'), "x'", 'request/not-found'],
  ] as const) {
    await assert.rejects(stepIncident(ports, who, of, TAKE), failsWith(code), `${who.actor.id} ${of}`);
  }
  assert.equal((await seenIncident(ports, testOp(), id)).steps.length, 0);
});

test('of many who take a step at once one has it', async (t) => {
  const opened = await openAssessed(t);
  const { ports } = opened;
  const id = await reported(opened);
  await stepIncident(ports, person('p-4'), id, TAKE);
  const closing = await Promise.allSettled(
    Array.from({ length: 6 }, (_, index) => stepIncident(ports, person(`p-${index}`), id, CLOSE)),
  );
  assert.equal(closing.filter(({ status }) => status === 'fulfilled').length, 1);
  for (const each of closing) if (each.status === 'rejected') assert.ok(failsWith('incident/state')(each.reason));
  assert.equal((await seenIncident(ports, testOp(), id)).steps.length, 2);
  assert.equal((await events(opened)).length, 3);
});

test('a step that somebody takes between two looks at an incident is seen', async (t) => {
  const opened = await openAssessed(t);
  const { ports } = opened;
  const id = await reported(opened);
  await stepIncident(ports, person('p-4'), id, TAKE);
  let isClosed = false;
  const db: typeof ports.db = {
    ...ports.db,
    transaction: (work) => ports.db.transaction(work),
    query: async (text, values) => {
      const isOfSteps = text.includes('order by incident, number');
      if (isOfSteps && !isClosed) {
        isClosed = true;
        await stepIncident(ports, person('p-5'), id, CLOSE);
      }
      return ports.db.query(text, values);
    },
  };
  await assert.rejects(stepIncident({ ...ports, db }, person('p-4'), id, CLOSE), failsWith('incident/state'));
  assert.equal((await seenIncident(ports, testOp(), id)).steps.length, 2);
});

test('the journal makes the steps again, and the archive changes none of them', async (t) => {
  const opened = await openAssessed(t);
  const { archive, ports } = opened;
  const id = await reported(opened);
  for (const step of [TAKE, CLOSE, REOPEN]) await stepIncident(ports, person('p-4'), id, step);
  const before = await seenIncident(ports, testOp(), id);
  await archive.database.asOwner((sql) => sql.query('truncate ai_incident, ai_incident_step'));
  const told = await events(opened);
  for (let time = 1; time <= 2; time++) {
    await ports.db.transaction((sql) => assessmentProjection.apply(sql, told));
    assert.deepEqual(await seenIncident(ports, testOp(), id), before);
  }
  await assert.rejects(ports.db.query(`update ai_incident_step set cause = 'none'`));
  await assert.rejects(ports.db.query('delete from ai_incident_step'));
  const step = (of: string): Promise<unknown> =>
    ports.db.query(
      `insert into ai_incident_step (id, incident, number, from_state, to_state, at, person, person_institution, note,
         cause, corrective_act) values (gen_random_uuid(), gen_random_uuid(), ${of})`,
    );
  await assert.rejects(step(`1, 'investigating', 'closed', now(), 'p', 'HGM', 'x', 'none', null`), 'nobody began');
  await assert.rejects(step(`2, 'open', 'closed', now(), 'p', 'HGM', 'x', 'none', null`), 'there is no such step');
  await assert.rejects(step(`2, 'investigating', 'closed', now(), 'p', 'HGM', 'x', 'model', null`), 'no act');
});
