import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseQuery, type QueryLevel } from '@acervo/interop/dicomweb/query.ts';
import { createRandom } from '@acervo/kernel/random.ts';
import { viewOf } from '@acervo/testkit/fakes/op.ts';
import { COUNT_MAX } from './find-page.ts';
import { placeKeys } from './keys.ts';
import { cursorOf, positionOf } from './position.ts';
import { type Answered, ask, column, type Given, index, testIndex } from './query.fixture.ts';
import { fewStatement, foundPage, type Search, walkStatement, windowStatement } from './search.repo.ts';

const STUDIES = 40;

/** Few days and times, some without, so that the keys must tell matches apart; series and instances without numbers. */
function* given(): Generator<Given> {
  const random = createRandom('paging');
  for (let study = 0; study < STUDIES; study++) {
    const date = random.pick(['20250101', '20250102', '']);
    const time = random.pick(['12', '']);
    for (let series = 0; series <= study % 3; series++) {
      for (let instance = 0; instance <= study % 2; instance++) {
        yield {
          institution: random.pick(['A', 'B']),
          facts: {
            StudyInstanceUID: `1.2.${study}`,
            SeriesInstanceUID: `1.2.${study}.${series}`,
            SOPInstanceUID: `1.2.${study}.${series}.${instance}`,
            Modality: random.pick(['CT', 'MR']),
            PatientName: random.pick(['GARCÍA LÓPEZ^ANA', 'LÓPEZ GARCÍA^LUZ', 'Yamada=山田']),
            ...(date !== '' && { StudyDate: date }),
            ...(time !== '' && { StudyTime: time }),
            ...(random.chance(0.7) && { SeriesNumber: random.below(2) }),
            ...(random.chance(0.7) && { InstanceNumber: random.below(2) }),
          },
        };
      }
    }
  }
}

const UIDS = { studies: 'StudyInstanceUID', series: 'SeriesInstanceUID', instances: 'SOPInstanceUID' } as const;

test('pages by cursor are the whole answer in its order, at every level and for every way', async (t) => {
  const { database, ports } = await testIndex(t);
  await index(database, [...given()]);
  const next = ({ headers }: Answered): string | undefined =>
    /^<http:\/\/pacs\.example:8080\/dicom-web([^>]+)>; rel="next"$/.exec(headers['link'] ?? '')?.[1];
  const cases = ['', 'PatientName=garc*', 'PatientName=*opez*', 'Modality=CT', 'StudyDate=-20250101', 'PatientSex=""'];
  for (const [resource, uid] of Object.entries(UIDS)) {
    for (const query of cases) {
      await t.test(`${resource} ${query}`, async () => {
        const all = column(await ask(ports, `/${resource}?emptyvaluematching=true&${query}`), uid);
        const paged: unknown[] = [];
        let target: string | undefined = `/${resource}?emptyvaluematching=true&limit=3&${query}&offset=0`;
        while (target !== undefined) {
          const page: Answered = await ask(ports, target);
          paged.push(...column(page, uid));
          target = next(page);
        }
        assert.deepEqual(paged, all);
        assert.ok(all.length > 3);
      });
    }
  }
  await t.test('below a study, too', async () => {
    const first = await ask(ports, '/studies/1.2.5/instances?limit=2');
    const rest = await ask(ports, next(first) ?? '');
    const all = await ask(ports, '/studies/1.2.5/instances');
    assert.deepEqual([...first.json, ...rest.json].slice(0, 4), all.json.slice(0, 4));
    assert.equal(first.headers['x-total-count'], rest.headers['x-total-count']);
  });
  await t.test('what walking the order finds is what the keys lead to', () => walks(database));
});

async function walks(database: Parameters<typeof foundPage>[0]): Promise<void> {
  const levels: readonly QueryLevel[] = ['study', 'series', 'instance'];
  const cases = [
    'PatientName=garcia*',
    'PatientName=yamada',
    'PatientName=*GARCIA^*',
    'Modality=CT',
    'StudyDate=20250101-',
  ];
  for (const level of levels) {
    for (const raw of [...cases, 'PatientName=garcia&fuzzymatching=true']) {
      const query = parseQuery(raw, level);
      const search: Search = {
        level,
        view: viewOf('A'),
        study: undefined,
        series: undefined,
        keys: placeKeys(query, false),
        fuzzyMatching: query.fuzzyMatching,
        withSopClasses: false,
      };
      const page = { limit: 1_000, offset: 0, after: undefined };
      const walked = await foundPage(database, walkStatement(search, page));
      const seen = await foundPage(database, windowStatement(search, page, 1_000));
      const few = await foundPage(database, fewStatement(search, page, COUNT_MAX));
      assert.ok(few.rows.length > 0, `${level} ${raw}`);
      assert.deepEqual(walked.rows.map(cursorOf), few.rows.map(cursorOf), `${level} ${raw}`);
      assert.deepEqual(seen.rows.map(cursorOf), few.rows.map(cursorOf), `${level} ${raw}`);
      assert.equal(few.total, few.rows.length);
    }
  }
}

test('a cursor is what an answer gave, at its level', () => {
  const study = { newest: '739253120000000000', studyKey: '00000000-0000-0000-0000-0000000000ff' };
  const series = { ...study, seriesNumber: null, seriesKey: 7 };
  const instance = { ...series, instanceNumber: 1, sopUid: '1.2.3' };
  assert.deepEqual(positionOf(cursorOf(study), 'study'), study);
  assert.deepEqual(positionOf(cursorOf(series), 'series'), series);
  assert.deepEqual(positionOf(cursorOf(instance), 'instance'), instance);
  for (const cursor of [cursorOf(series), cursorOf({ ...study, newest: "1'" }), 'abc', '', 'bnVsbA']) {
    assert.throws(() => positionOf(cursor, 'study'), /query\/invalid/, cursor);
  }
  assert.throws(() => positionOf(cursorOf(study), 'instance'), /query\/invalid/);
});
