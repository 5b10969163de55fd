import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  A,
  ABSENT,
  type Answer,
  B,
  KEPT,
  type Matrix,
  NOWHERE,
  SHARED,
  type Subject,
  shown,
  startMatrix,
  until,
  type Who,
} from './cross-matrix.fixture.ts';
import { ABSTRACT_SYNTAXES, dimseCells, keyOf } from './cross-matrix-dimse.fixture.ts';
import { hostedCells } from './cross-matrix-hosted.fixture.ts';
import { type Cell, httpCells } from './cross-matrix-http.fixture.ts';

/** What is denied looks like what is absent, and in the same breath its owner gets it. */
async function deny(name: string, cell: Cell, by: Who, of: Subject): Promise<void> {
  const control = await cell.ask(cell.control ?? 'A', of);
  assert.ok(cell.has(control, of), `${name}: A itself gets ${of.study}: ${text(control)}`);
  const denied = await cell.ask(by, of);
  assert.ok(!cell.has(denied, of), `${name}: ${by} gets nothing of ${of.study}: ${text(denied)}`);
  const absent = cell.about === 'study' ? ABSENT : NOWHERE;
  if (cell.isList === true) {
    for (const word of [of.study, of.patient]) assert.ok(!denied.body.includes(word), `${name} tells of ${word}`);
  } else assert.equal(shown(denied, of), shown(await cell.ask(by, absent), absent), `${name}: as if it were absent`);
}

async function give(name: string, cell: Cell, by: Who, of: Subject): Promise<void> {
  const given = await cell.ask(by, of);
  assert.ok(cell.has(given, of), `${name}: ${by} gets ${of.study}: ${text(given)}`);
}

/** Side by side, as clients come: some at a time. */
async function eachOf<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const left = all.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const one of left) await work(one);
    }),
  );
}

const AT_ONCE = 6;

const text = ({ status, body }: Answer): string => `${status} ${body.slice(0, 300)}`;

test('whatever is asked, one institution gets of another what is shared, and no more', {
  timeout: 600_000,
}, async (t) => {
  const matrix = await startMatrix(t);
  const http = httpCells(matrix);
  const dimse = dimseCells(t, matrix);
  const cells = new Map([...http, ...dimse, ...Object.entries(hostedCells(matrix))]);
  await t.test('every route and service has a line, and every line a route or service', () => everyOne(matrix, cells));
  const ofStudies = [...cells].filter(([, { about }]) => about === 'study');
  await ready(matrix);
  await until(
    'persons are known',
    async () => (await matrix.fetch('radiologist-A', 'GET', '/dicom-web/studies')).status === 200,
  );

  await t.test('nothing is shared: another institution gets nothing', async () => {
    for (const [name, cell] of cells) {
      if (cell.about !== 'nobody') await deny(name, cell, 'B', SHARED);
      else await tellNobody(name, cell);
    }
    await eachOf(ofStudies, async ([name, cell]) => {
      if (cell.isForSystems !== true) await deny(name, cell, 'radiologist-B', KEPT);
    });
  });

  await t.test('by agreement it gets exactly what the agreement shares, until it ends', async () => {
    const agreement = await agree(matrix);
    await until('B gets what is shared', async () => isGiven(http, 'B', SHARED));
    await eachOf(ofStudies, async ([name, cell]) => {
      await give(name, cell, 'B', SHARED);
      await deny(name, cell, 'B', KEPT);
    });
    assert.equal((await matrix.fetch('A', 'POST', `/api/sharing/agreements/${agreement}/end`, {})).status, 200);
    await until('B gets nothing any more', async () => !(await isGiven(http, 'B', SHARED)));
    await eachOf(ofStudies, ([name, cell]) => deny(name, cell, 'B', SHARED));
  });

  await t.test('who breaks the glass gets it, nobody else does, and it stands in the journal', () =>
    brokenGlass(matrix, http, ofStudies),
  );
});

/** The real features of the running server say what there is. */
function everyOne({ server }: Matrix, cells: ReadonlyMap<string, Cell>): void {
  const { features } = server;
  const routes = features.flatMap((feature) => feature.routes.map(({ method, path }) => `${method} ${path}`));
  const services = features.flatMap((feature) =>
    feature.services.flatMap(({ commandField, accepts }) => {
      const accepted = ABSTRACT_SYNTAXES.filter(accepts).map((uid) => keyOf(commandField, uid));
      assert.ok(
        accepted.length > 0,
        `${feature.name}: ${commandField.toString(16)} accepts nothing that is known here`,
      );
      return accepted;
    }),
  );
  const hosted = features.flatMap((feature) =>
    (feature.hosted ?? []).flatMap(({ prefix, paths }) =>
      paths.flatMap(({ path, methods }) => methods.map((method) => `${method} ${prefix}${path}`)),
    ),
  );
  const there = new Set([...routes, ...services, ...hosted]);
  assert.deepEqual(
    [...there].filter((name) => !cells.has(name)),
    [],
    'routes and services without a line',
  );
  assert.deepEqual(
    [...cells.keys()].filter((name) => !there.has(name)),
    [],
    'lines of what is not there',
  );
}

async function tellNobody(name: string, cell: Cell): Promise<void> {
  const [a, b] = [await cell.ask('A', SHARED), await cell.ask('B', SHARED)];
  assert.equal(b.status, a.status, name);
  assert.ok(cell.has(a, SHARED), `${name}: ${text(a)}`);
  const isOwnUrl = name.includes(':institution') || cell.isOfAll === true;
  for (const word of [SHARED.patient, KEPT.study, ...(isOwnUrl ? [] : [A])]) {
    assert.ok(!b.body.includes(word), `${name} tells B of ${word}`);
  }
}

/** What is told a while after it was stored: numbers of the journal, and what waits for a steward. */
async function ready(matrix: Matrix): Promise<void> {
  for (const [path, word] of [
    ['/api/changes?since=0&limit=1000', KEPT.study],
    ['/api/patients/collisions', 'PA-DOUBT'],
  ] as const) {
    await until(path, async () => (await matrix.fetch('A', 'GET', path)).body.includes(word));
  }
}

async function agree(matrix: Matrix): Promise<string> {
  const { body, status } = await matrix.fetch('A', 'POST', '/api/sharing/agreements', {
    owner: A,
    receiver: B,
    modalities: ['CT'],
    purposes: ['TREATMENT'],
    validity: { from: '2026-01-01T00:00:00Z' },
    reference: 'Convenio 1/2026',
  });
  assert.equal(status, 200, body);
  return (JSON.parse(body) as { id: string }).id;
}

const WATCHED = 'GET /dicom-web/studies/:study/metadata';

async function isGiven(http: ReadonlyMap<string, Cell>, by: Who, of: Subject): Promise<boolean> {
  const cell = http.get(WATCHED);
  assert.ok(cell);
  return cell.has(await cell.ask(by, of), of);
}

async function brokenGlass(
  matrix: Matrix,
  http: ReadonlyMap<string, Cell>,
  ofStudies: readonly (readonly [string, Cell])[],
): Promise<void> {
  const asked = { owner: A, subject: { studyUid: KEPT.study }, reason: 'Choque hipovolémico' };
  const { status, body } = await matrix.fetch('radiologist-B', 'POST', '/api/sharing/break-glass', asked);
  assert.equal(status, 200, body);
  const glass = (JSON.parse(body) as { id: string }).id;
  await until('the radiologist of B gets it', () => isGiven(http, 'radiologist-B', KEPT));
  await eachOf(ofStudies, async ([name, cell]) => {
    if (cell.isForSystems !== true) {
      await give(name, cell, 'radiologist-B', KEPT);
      await deny(name, cell, 'radiologist-B', SHARED);
    }
    await deny(name, cell, 'B', KEPT);
  });
  await trail(matrix, glass);
  const open = async (): Promise<string> =>
    (await matrix.fetch('officer-A', 'GET', '/api/sharing/break-glass?open=true')).body;
  assert.ok((await open()).includes(glass), 'it waits for the second look');
  const review = `/api/sharing/break-glass/${glass}/review`;
  const own = await matrix.fetch('radiologist-B', 'POST', review, { finding: 'all is well' });
  assert.equal(own.status, 404, 'only whose office it is reviews');
  assert.equal((await matrix.fetch('officer-A', 'POST', review, { finding: 'Justificado' })).status, 200);
  assert.ok(!(await open()).includes(glass));
}

async function trail({ server, ids }: Matrix, glass: string): Promise<void> {
  type Row = { kind: string; study: string; facts: Record<string, unknown> };
  const { database } = server.archive;
  const rows = await database.query<Row>(
    `select kind, study, event::jsonb -> 'facts' as facts from journal
     where institution = $1 and actor = $2 order by id`,
    [A, ids.get('radiologist-B') ?? ''],
  );
  const of = (kind: string, { study }: Subject): Row[] =>
    rows.filter((row) => row.kind === kind && row.study === study);
  const [broken] = of('glass.broken', KEPT);
  assert.equal((broken?.facts['shared'] as { id: string } | undefined)?.id, glass);
  const read = of('study.retrieved', KEPT);
  assert.ok(read.length > 0 && read.every(({ facts }) => JSON.stringify(facts['grounds']) === '["break-glass"]'));
  assert.ok(of('access.denied', KEPT).length > 0, 'before the glass was broken');
  assert.equal(of('study.retrieved', SHARED).length, 0);
  assert.ok(of('access.denied', SHARED).length > 0, 'after the agreement had ended');
}
