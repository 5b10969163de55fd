import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { seeing } from '@acervo/testkit/fakes/op.ts';
import { ask, column, type Facts, type Given, index, testIndex, valueOf } from './query.fixture.ts';
import type { Ports } from './search.ts';

/** A study with its series and instances; the UIDs are made of the numbers. */
function study(
  number: number,
  facts: Facts,
  series: readonly Facts[] = [{ Modality: 'CT' }],
  institution = 'HGM',
): Given[] {
  return series.flatMap((own, at) =>
    [1, 2].map((instance) => ({
      institution,
      facts: {
        StudyInstanceUID: `1.2.${number}`,
        SeriesInstanceUID: `1.2.${number}.${at + 1}`,
        SeriesNumber: at + 1,
        SOPInstanceUID: `1.2.${number}.${at + 1}.${instance}`,
        InstanceNumber: instance,
        ...facts,
        ...own,
      },
    })),
  );
}

const HELD: readonly Given[] = [
  ...study(
    1,
    {
      PatientName: 'NUÑEZ PEÑA^MARÍA JOSÉ',
      PatientID: '0042',
      StudyDate: '20250103',
      StudyTime: '120000',
      AccessionNumber: 'A1',
      StudyDescription: 'TÓRAX SIMPLE',
      PatientBirthDate: '19800229',
      PatientSex: 'F',
      StudyID: 'S1',
      ReferringPhysicianName: 'Íñiguez^Óscar',
      TimezoneOffsetFromUTC: '-0600',
      IssuerOfPatientID: 'CURP',
      IssuerOfAccessionNumberSequence: [{ LocalNamespaceEntityID: 'RIS-A' }],
    },
    [
      {
        Modality: 'CT',
        SeriesDescription: 'Cráneo Simple',
        OperatorsName: ['Piña^Noé', 'Cedeño^Ximena'],
        SeriesTime: '1215',
        RequestAttributesSequence: [
          { ScheduledProcedureStepID: 'SPS1', RequestedProcedureID: 'RP1' },
          { ScheduledProcedureStepID: 'SPS2', RequestedProcedureID: 'RP2' },
        ],
      },
      { Modality: 'SR', SOPClassUID: '1.2.840.10008.5.1.4.1.1.88.22' },
    ],
  ),
  ...study(
    2,
    {
      PatientName: 'Nunez^Ana',
      PatientID: '42',
      StudyDate: '20250102',
      StudyTime: '115959.5',
      AccessionNumber: 'A2',
      StudyDescription: 'torax AP',
      PatientSex: 'F',
    },
    [{ Modality: 'CR' }],
  ),
  ...study(3, {
    PatientName: 'Yamada^Tarou=山田^太郎=やまだ^たろう',
    PatientID: '50%_off',
    StudyDate: '20250102',
    StudyTime: '12',
  }),
  ...study(4, { PatientName: 'GÜEREÑA^JOSÉ', PatientID: "x' or 1=1 --", StudyDate: '20259999', AccessionNumber: 'a1' }),
  ...study(5, { PatientID: '*' }, [{ Modality: 'MR' }], 'IMSS'),
];

test('searches over one index', async (t) => {
  const { database, ports } = await testIndex(t);
  await index(database, HELD);
  await t.test('of each kind', (each) => kinds(each, ports));
  await t.test('what OHIF asks is answered with what it needs', () => ohif(ports));
  await t.test('includefield: all of the level, and of those above that the path leaves open', () => fields(ports));
  await t.test('limits are said, and refusals are refusals', () => limits(ports));
  await t.test('hostile values find nothing, or are refused; never anything else', () => hostile(ports));
  await t.test('the journal has the names of the keys, not their values', async () => {
    const rows = await database.query<{ event: string }>("select event from journal where kind = 'query.executed'");
    assert.ok(rows.length > 0 && !rows.some(({ event }) => /nobody|0042/.test(event)));
  });
});

async function kinds(t: TestContext, ports: Ports): Promise<void> {
  const found = async (query: string): Promise<unknown[]> =>
    column(await ask(ports, `/studies?${query}`), 'StudyInstanceUID').map((uid) => Number(String(uid).slice(4)));

  const CASES: readonly (readonly [string, number[]])[] = [
    ['', [1, 3, 2, 5, 4]],
    ['limit=2', [1, 3]],
    ['limit=2&offset=2', [2, 5]],
    ['offset=4', [4]],
    ['offset=9', []],
    ['PatientID=0042', [1]],
    ['PatientID=42', [2]],
    ['PatientID=*42', [1, 2]],
    ['PatientID=%2A42', [1, 2]],
    ['PatientID=50%25_off', [3]],
    ['PatientID=50%25_%5Coff', []],
    ['PatientID=50%25_*', [3]],
    ['PatientID=50__*', []],
    ['PatientID=50??*', [3]],
    ["PatientID=x'+or+1=1+--", [4]],
    ['PatientID=?', [5]],
    ['PatientID=A%5C42', [2]],
    ['AccessionNumber=A1', [1]],
    ['AccessionNumber=a1', [4]],
    ['AccessionNumber=A?', [1, 2]],
    ['StudyInstanceUID=1.2.3,1.2.5', [3, 5]],
    ['StudyInstanceUID=1.2.3&StudyInstanceUID=1.2.4', [3, 4]],
    ['PatientName=NU%C3%91EZ*', [1, 2]],
    ['PatientName=nunez*', [1, 2]],
    ['PatientName=Nu%CC%81n%CC%83ez*', [1, 2]],
    ['PatientName=nu%C3%B1ez+pe%C3%B1a^maria+jose', [1]],
    ['PatientName=nunez', [1, 2]],
    ['PatientName=NU%C3%91EZ', [1, 2]],
    ['PatientName=nu%C3%B1ez+pena', [1]],
    ['PatientName=pena', []],
    ['PatientName=nune', []],
    ['PatientName=%E5%B1%B1%E7%94%B0', [3]],
    ['PatientName=nunez^*', [2]],
    ['PatientName=*PE%C3%91A*', [1]],
    ['PatientName=guere%C3%B1a^jose', [4]],
    ['PatientName=%E5%B1%B1%E7%94%B0*', [3]],
    ['PatientName=yamada*=*%E5%A4%AA%E9%83%8E', [3]],
    ['PatientName=*=x', []],
    ['PatientName=jose+nun&fuzzymatching=true', [1]],
    ['PatientName=JOS%C3%89&fuzzymatching=true', [1, 4]],
    ['PatientName=*UEZ*&fuzzymatching=true', []],
    ['PatientName=*erena*&fuzzymatching=true', [4]],
    ['PatientName=n?nez&fuzzymatching=true', [1, 2]],
    ['PatientName=^&fuzzymatching=true', [1, 3, 2, 5, 4]],
    ['PatientName=%E5%A4%AA&fuzzymatching=true', [3]],
    ['PatientName=ez&fuzzymatching=true', []],
    ['PatientName=""&emptyvaluematching=true', [5]],
    ['ReferringPhysicianName=INIGUEZ^*', [1]],
    ['ReferringPhysicianName=oscar&fuzzymatching=true', [1]],
    ['StudyDate=20250102', [3, 2]],
    ['StudyDate=20250103-', [1]],
    ['StudyDate=-20250102', [3, 2]],
    ['StudyDate=20250102-20250103', [1, 3, 2]],
    ['StudyDate=20250229', []],
    ['StudyDate=20250101-20250229', [1, 3, 2]],
    ['StudyDate=00000101-', [1, 3, 2]],
    ['StudyDate=""&emptyvaluematching=true', [5]],
    ['StudyTime=12', [1, 3]],
    ['StudyTime=-1159', [2]],
    ['StudyTime=115959.5-', [1, 3, 2]],
    ['StudyTime=1200-1200', [1, 3]],
    ['PatientBirthDate=19800229', [1]],
    ['PatientSex=F', [1, 2]],
    ['PatientSex=F&StudyDate=20250103', [1]],
    ['StudyDescription=t%C3%B3rax+simple', [1]],
    ['StudyDescription=TORAX*', [1, 2]],
    ['StudyDescription=*SIMPLE', [1]],
    ['StudyID=S1', [1]],
    ['IssuerOfPatientID=CURP', [1]],
    ['IssuerOfPatientID=HGM', [3, 2, 4]],
    ['IssuerOfPatientID=IMSS', [5]],
    ['ModalitiesInStudy=CT', [1, 3, 4]],
    ['ModalitiesInStudy=CR,MR', [2, 5]],
    ['ModalitiesInStudy=?R', [1, 2, 5]],
    ['ModalitiesInStudy=CT%5CSR&multiplevaluematching=true', [1]],
    ['Modality=MR', [5]],
    ['00080061=SR', [1]],
    ['InstanceAvailability=ONLINE', [1, 3, 2, 5, 4]],
    ['InstanceAvailability=OFFLINE', []],
    ['SeriesInstanceUID=1.2.3.1', [3]],
    ['SOPInstanceUID=1.2.4.1.2', [4]],
    ['SOPInstanceUID=1.2.4.1.2&SeriesInstanceUID=1.2.3.1', []],
    ['SeriesDescription=cr%C3%81neo*', [1]],
    ['SeriesDescription=craneo+simple&Modality=SR', [1]],
    ['OperatorsName=cede%C3%B1o^*', [1]],
    ['OperatorsName=noe+pi&fuzzymatching=true', [1]],
    ['OperatorsName=noe', []],
    ['SeriesTime=-1214', []],
    ['SeriesTime=1215', [1]],
    ['SeriesTime=121530-', []],
    ['RequestAttributesSequence.ScheduledProcedureStepID=SPS2', [1]],
    ['00400275.00400009=SPS2&00400275.00401001=RP2', [1]],
    ['00400275.00400009=SPS2&00400275.00401001=RP1', []],
    ['IssuerOfAccessionNumberSequence.00400031=RIS*', [1]],
    ['TimezoneOffsetFromUTC=-0600', [1]],
    ['RequestAttributesSequence=""&emptyvaluematching=true&PatientSex=F', [1, 2]],
  ];
  for (const [query, expected] of CASES) {
    await t.test(query, async () => {
      assert.deepEqual(await found(query), expected);
    });
  }
}

async function ohif(ports: Ports): Promise<void> {
  const studies = await ask(ports, '/studies?limit=101&offset=0&fuzzymatching=true&includefield=00081030,00080060');
  assert.equal(studies.status, 200);
  assert.equal(studies.headers['content-type'], 'application/dicom+json');
  assert.deepEqual([studies.headers['x-total-count'], studies.headers['warning']], ['5', undefined]);
  const [first] = studies.json;
  assert.deepEqual(first, {
    '00080005': { vr: 'CS', Value: ['ISO_IR 192'] },
    '00080020': { vr: 'DA', Value: ['20250103'] },
    '00080030': { vr: 'TM', Value: ['120000'] },
    '00080050': { vr: 'SH', Value: ['A1'] },
    '00080056': { vr: 'CS', Value: ['ONLINE'] },
    '00080061': { vr: 'CS', Value: ['CT', 'SR'] },
    '00080090': { vr: 'PN', Value: [{ Alphabetic: 'Íñiguez^Óscar' }] },
    '00080201': { vr: 'SH', Value: ['-0600'] },
    '00081030': { vr: 'LO', Value: ['TÓRAX SIMPLE'] },
    '00081190': { vr: 'UR', Value: ['http://pacs.example:8080/dicom-web/studies/1.2.1'] },
    '00100010': { vr: 'PN', Value: [{ Alphabetic: 'NUÑEZ PEÑA^MARÍA JOSÉ' }] },
    '00100020': { vr: 'LO', Value: ['0042'] },
    '00100030': { vr: 'DA', Value: ['19800229'] },
    '00100040': { vr: 'CS', Value: ['F'] },
    '0020000D': { vr: 'UI', Value: ['1.2.1'] },
    '00200010': { vr: 'SH', Value: ['S1'] },
    '00201206': { vr: 'IS', Value: [2] },
    '00201208': { vr: 'IS', Value: [4] },
  });
  assert.deepEqual(Object.keys(first ?? {}), Object.keys(first ?? {}).sort());
  assert.deepEqual(studies.json[3]?.['00100010'], { vr: 'PN' });

  const series = await ask(ports, '/studies/1.2.1/series?includefield=00080021,00080031,0008103E,00200011');
  assert.deepEqual(column(series, 'SeriesInstanceUID'), ['1.2.1.1', '1.2.1.2']);
  assert.deepEqual(column(series, 'SeriesTime'), ['1215', undefined]);
  assert.deepEqual(column(series, 'NumberOfSeriesRelatedInstances'), [2, 2]);
  assert.deepEqual(column(series, 'PatientID'), [undefined, undefined]);
  assert.equal(
    valueOf(series.json[0], 'RetrieveURL'),
    'http://pacs.example:8080/dicom-web/studies/1.2.1/series/1.2.1.1',
  );
  assert.deepEqual(column(await ask(ports, '/studies?00100020=0042'), 'StudyInstanceUID'), ['1.2.1']);
}

test('levels, their parents, and the institution that a path names', async (t) => {
  const { database, ports } = await testIndex(t);
  await index(database, [
    ...HELD,
    ...study(1, { PatientID: 'other', StudyDate: '20200101' }, [{ Modality: 'XA' }], 'IMSS'),
  ]);
  const series = await ask(ports, '/series?Modality=SR&includefield=StationName,IssuerOfPatientID');
  assert.deepEqual(column(series, 'SeriesInstanceUID'), ['1.2.1.2']);
  assert.deepEqual(column(series, 'PatientID'), ['0042']);
  assert.deepEqual(column(series, 'IssuerOfPatientID'), ['CURP']);
  const instances = await ask(ports, '/instances?SOPClassUID=1.2.840.10008.5.1.4.1.1.88.22&InstanceNumber=2');
  assert.deepEqual(column(instances, 'SOPInstanceUID'), ['1.2.1.2.2']);
  assert.deepEqual([column(instances, 'Modality'), column(instances, 'StudyID')], [['SR'], ['S1']]);
  const below = await ask(ports, '/studies/1.2.2/series/1.2.2.1/instances');
  assert.deepEqual(column(below, 'SOPInstanceUID'), ['1.2.2.1.1', '1.2.2.1.2']);
  assert.deepEqual(
    [column(below, 'Modality'), column(below, 'PatientID')],
    [
      [undefined, undefined],
      [undefined, undefined],
    ],
  );
  assert.deepEqual(
    column(await ask(ports, '/studies?includefield=SOPClassesInStudy&PatientID=0042'), 'SOPClassesInStudy'),
    ['1.2.840.10008.5.1.4.1.1.7'],
  );

  const here = await ask(ports, '/i/IMSS/studies?StudyInstanceUID=1.2.1');
  assert.deepEqual(column(here, 'PatientID'), ['other']);
  assert.equal(valueOf(here.json[0], 'RetrieveURL'), 'http://pacs.example:8080/dicom-web/i/IMSS/studies/1.2.1');
  const seen = async (sees: string[], path = '/studies?StudyInstanceUID=1.2.1'): Promise<unknown> => {
    const answer = await ask(ports, path, {}, seeing(...sees));
    return answer.status === 200 ? column(answer, 'PatientID') : answer.status;
  };
  assert.deepEqual(await seen(['HGM', 'IMSS']), ['0042', 'other']);
  assert.deepEqual(await seen(['IMSS']), ['other']);
  assert.equal(await seen([]), 403, 'who can never see anything is told so, whatever there is');
  assert.deepEqual(await seen(['IMSS'], '/i/HGM/studies'), 404);
  assert.deepEqual(await seen(['IMSS'], '/studies/1.2.4/series'), []);
});

async function fields(ports: Ports): Promise<void> {
  const [all] = (await ask(ports, '/studies?PatientID=0042&includefield=all')).json;
  assert.equal(valueOf(all, 'IssuerOfAccessionNumberSequence') === undefined, false);
  const [series] = (await ask(ports, '/studies/1.2.1/series?includefield=all&SeriesNumber=1')).json;
  assert.ok(series?.['00081070'] !== undefined && series['00100010'] === undefined);
  const [open] = (await ask(ports, '/series?includefield=all&SeriesInstanceUID=1.2.1.1')).json;
  assert.ok(open?.['00081070'] !== undefined && open['00080051'] !== undefined);
  const [asked] = (await ask(ports, '/studies/1.2.1/series?includefield=PatientName&limit=1')).json;
  assert.deepEqual(valueOf(asked, 'PatientName'), { Alphabetic: 'NUÑEZ PEÑA^MARÍA JOSÉ' });
}

async function limits(ports: Ports): Promise<void> {
  const page = await ask(ports, '/studies?limit=2');
  assert.equal(page.headers['x-total-count'], '5');
  assert.match(page.headers['warning'] ?? '', /^299 acervo "There are 3 additional results that can be requested\."$/);
  assert.deepEqual((await ask(ports, '/studies?PatientID=nobody')).json, []);
  const refused = async (target: string, headers?: Record<string, string>): Promise<number> =>
    (await ask(ports, target, headers)).status;
  assert.equal(await refused('/studies', { accept: 'application/dicom+xml' }), 406);
  for (const accept of ['application/json', '*/*', 'application/dicom+json;q=0.5, text/html']) {
    assert.equal(await refused('/studies', { accept }), 200);
  }
  assert.equal(await refused('/studies?Rows=512'), 400);
  assert.equal(await refused('/instances?Rows=512'), 400);
  assert.equal(await refused('/studies?NumberOfStudyRelatedInstances=4'), 400);
  assert.equal(await refused('/studies/x/series'), 400);
  assert.equal(await refused('/studies?PatientNme=x'), 400);
  assert.equal(await refused('/studies?cursor=abc'), 400);
}

async function hostile(ports: Ports): Promise<void> {
  const values = [
    "'",
    '"',
    "'; drop table study; --",
    '%',
    '_',
    '\\',
    '\\\\%',
    '$1',
    '$$',
    '\u0000',
    'a\u0000b',
    '\ue000',
    '\ue001*',
    '[[:<:]]',
    '(*:^',
    '.*',
    '\\m\\M',
    '((((',
    '[^]',
    'a{999}',
    '?'.repeat(200),
    'ñ'.repeat(250),
    'a*'.repeat(32),
    `${'a?'.repeat(100)}*`,
    `${'ß'.repeat(100)}*`,
    'x'.repeat(10_000),
    '*a'.repeat(500),
    '\u202e\u200b',
    '\ud83d\ude00',
    '1e308',
    '99999999999999999999',
    '-',
    '=',
    '^',
    '=^=^=',
    '\\u0000',
    '{}',
    '{"a":1}',
    '\n',
  ];
  const keys = [
    'PatientID',
    'PatientName',
    'StudyDescription',
    'OperatorsName',
    'SeriesDescription',
    'StudyDate',
    'StudyTime',
    'PatientBirthDate',
    'ModalitiesInStudy',
    'StudyInstanceUID',
    'SeriesNumber',
    'IssuerOfPatientID',
    'TimezoneOffsetFromUTC',
    'PatientWeight',
    'SeriesTime',
    'SeriesDate',
    'RequestAttributesSequence.ScheduledProcedureStepID',
    'OtherPatientNames',
    'PregnancyStatus',
    'SOPInstanceUID',
    'InstanceAvailability',
  ];
  for (const key of keys) {
    for (const value of values) {
      for (const fuzzy of [false, true]) {
        const { status } = await ask(ports, `/series?${key}=${encodeURIComponent(value)}&fuzzymatching=${fuzzy}`);
        assert.ok(status === 200 || status === 400, `${key} ${value.slice(0, 20)} ${status}`);
      }
    }
  }
}
