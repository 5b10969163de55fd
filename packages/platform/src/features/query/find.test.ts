import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { textOf } from '@acervo/dicom/data-set/access.ts';
import { readDataSet } from '@acervo/dicom/data-set/read.ts';
import { tagText } from '@acervo/dicom/tag.ts';
import { T } from '@acervo/dicom/tags.ts';
import { DEFLATED_LE, EXPLICIT_BE, IMPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { seeing } from '@acervo/testkit/fakes/op.ts';
import type { Database } from '../../adapters/postgres/database.ts';
import type { Op } from '../../ports/op.ts';
import { FIRST_PAGE, PAGE } from './every-match.ts';
import { type Find, type FindAsked, find, responses, written } from './find.fixture.ts';
import type { FindPorts } from './find.scp.ts';
import { agreeOnOptions, PATIENT_ROOT_FIND } from './find-models.ts';
import {
  ask as askQido,
  column,
  dicomJson,
  type Facts,
  type Given,
  index,
  testIndex,
  valueOf,
} from './query.fixture.ts';
import { askedIdentifier } from './query.scu.ts';

const CT = '1.2.840.10008.5.1.4.1.1.2';
const LITTLE = { explicitVr: true, littleEndian: true };
const SR = '1.2.840.10008.5.1.4.1.1.88.22';

/** Two instances of each series; the UIDs are made of the numbers. */
function study(number: number, institution: string, facts: Facts, series: readonly Facts[] = [{}]): Given[] {
  return series.flatMap((own, at) =>
    [1, 2].map((instance) => ({
      institution,
      facts: {
        StudyInstanceUID: `1.2.${number}`,
        SeriesInstanceUID: `1.2.${number}.${at + 1}`,
        SeriesNumber: at + 1,
        SOPInstanceUID: `1.2.${number}.${at + 1}.${instance}`,
        SOPClassUID: CT,
        InstanceNumber: instance,
        Modality: 'CT',
        ...facts,
        ...own,
      },
    })),
  );
}

const NUNEZ: Facts = {
  PatientName: 'NUÑEZ PEÑA^JOSÉ',
  PatientID: '0042',
  PatientSex: 'M',
  PatientBirthDate: '19800229',
};
const HELD: readonly Given[] = [
  ...study(1, 'HGM', { ...NUNEZ, StudyDate: '20250103', StudyTime: '120000', AccessionNumber: 'A1' }, [
    {
      SeriesDescription: 'Cráneo',
      RequestAttributesSequence: [{ RequestedProcedureID: 'RP1', ScheduledProcedureStepID: 'S' }],
    },
    { Modality: 'SR', SOPClassUID: SR },
  ]),
  ...study(2, 'HGM', { ...NUNEZ, StudyDate: '20250102', AccessionNumber: 'A2', TimezoneOffsetFromUTC: '-0600' }),
  ...study(3, 'HGM', { PatientName: 'Yamada^Tarou=山田^太郎', PatientID: '7', StudyDate: '20250101' }),
  // The same number at another institution is another patient, and a UID may be held twice.
  ...study(4, 'IMSS', { PatientName: 'Otra^Persona', PatientID: '0042', StudyDate: '20241231' }),
  ...study(2, 'IMSS', { PatientName: 'Otra^Persona', PatientID: '0042', StudyDate: '20250102' }),
];

const uids = ({ answers }: Find, keyword = 'StudyInstanceUID'): unknown[] =>
  answers.map(({ json }) => valueOf(json, keyword));
/** A caller of one institution. */
const HERE: Partial<Op> = { ...seeing('HGM'), institution: 'HGM' };

type Asking = { ports: FindPorts; database: Database; ask: (asked: FindAsked) => Promise<Find> };

test('C-FIND over one index', async (t) => {
  const { database, ports: search } = await testIndex(t);
  await index(database, HELD);
  const ports: FindPorts = { ...search, findMatchesMax: 1000 };
  const asking: Asking = { ports, database, ask: (asked) => find(ports, { over: HERE, ...asked }) };
  await t.test('levels of the study root, each below a single value of those above', () => studyRoot(asking));
  await t.test('patient root: one answer of each patient, whose counts are of all that the caller sees', () =>
    patientRoot(asking),
  );
  await t.test('a level of another model, none, and a missing unique key are A900 with the element', () =>
    mismatches(asking),
  );
  await t.test('relational queries, where agreed on, need no key of the levels above', () => relational(asking));
  await t.test('optional keys of a study are counted, and what is not known is empty, and said: FF01', () =>
    optionalKeys(asking),
  );
  await t.test('of a sequence, what was named in its item', () => sequences(asking));
  await t.test("the requester's character set where it can carry the answer, else the smallest", () =>
    charsets(asking),
  );
  await t.test('in every transfer syntax that a context may have', () => transferSyntaxes(asking));
  await t.test('a time zone is told with times, and never compared', () => timezones(asking));
  await t.test('only what the caller sees; who sees several institutions hears whose patient it is', () =>
    visibility(asking),
  );
  await t.test('C-CANCEL ends with FE00, a cap with A700 and its number', () => endings(asking));
  await t.test('the journal has the level and the names of the keys', () => journal(asking));
});

async function studyRoot({ ask }: Asking): Promise<void> {
  const studies = await ask({ level: 'STUDY', keys: { PatientName: 'nunez*', StudyInstanceUID: '' } });
  assert.deepEqual([studies.status, uids(studies)], [0, ['1.2.1', '1.2.2']]);
  const series = await ask({
    level: 'SERIES',
    keys: { StudyInstanceUID: '1.2.1', SeriesInstanceUID: '', Modality: '' },
  });
  assert.deepEqual(uids(series, 'Modality'), ['CT', 'SR']);
  const keys = {
    StudyInstanceUID: '1.2.1',
    SeriesInstanceUID: '1.2.1.2',
    SOPInstanceUID: '',
    SOPClassUID: '',
    InstanceNumber: '',
  };
  const images = await ask({ level: 'IMAGE', keys });
  assert.deepEqual(uids(images, 'SOPInstanceUID'), ['1.2.1.2.1', '1.2.1.2.2']);
  assert.deepEqual(
    [uids(images, 'SOPClassUID'), uids(images, 'InstanceNumber')],
    [
      [SR, SR],
      [1, 2],
    ],
  );
  assert.ok(images.answers.every(({ isPartly }) => !isPartly));
}

async function patientRoot({ ports, ask }: Asking): Promise<void> {
  const keys = {
    PatientID: '0042',
    PatientName: '',
    IssuerOfPatientID: '',
    NumberOfPatientRelatedStudies: '',
    NumberOfPatientRelatedSeries: '',
    NumberOfPatientRelatedInstances: '',
  };
  const seen = await ask({ model: PATIENT_ROOT_FIND, level: 'PATIENT', keys });
  assert.deepEqual([seen.status, uids(seen, 'PatientID')], [0, ['0042']]);
  const counts = Object.keys(keys)
    .slice(3)
    .map((keyword) => uids(seen, keyword)[0]);
  assert.deepEqual(counts, [2, 3, 6]);
  const all = await find(ports, { model: PATIENT_ROOT_FIND, level: 'PATIENT', keys });
  assert.deepEqual(uids(all, 'IssuerOfPatientID'), ['HGM', 'IMSS']);
  assert.deepEqual(uids(all, 'NumberOfPatientRelatedStudies'), [2, 2]);
  const everybody = await ask({ model: PATIENT_ROOT_FIND, level: 'PATIENT', keys: { PatientID: '' } });
  assert.deepEqual(uids(everybody, 'PatientID'), ['0042', '7']);
}

async function mismatches({ ask }: Asking): Promise<void> {
  const cases: readonly [FindAsked, number][] = [
    [{ level: 'PATIENT', keys: {} }, T.QueryRetrieveLevel],
    [{ level: 'SERIES', keys: {} }, T.StudyInstanceUID],
    [{ level: 'SERIES', keys: { StudyInstanceUID: ['1.2.1', '1.2.2'] } }, T.StudyInstanceUID],
    [{ level: 'IMAGE', keys: { StudyInstanceUID: '1.2.1' } }, T.SeriesInstanceUID],
    [{ model: PATIENT_ROOT_FIND, level: 'STUDY', keys: { StudyInstanceUID: '1.2.1' } }, T.PatientID],
    [{ level: 'STUDY', keys: { StudyDate: 'yesterday' } }, T.StudyDate],
    [{ level: 'STUDY', keys: { PatientName: '*a'.repeat(40) } }, T.PatientName],
    [{ level: 'STUDY', keys: { ProcedureCodeSequence: [{}, {}] } }, T.ProcedureCodeSequence],
  ];
  for (const [asked, tag] of cases) {
    const { status, offendingElement, errorComment, answers } = await ask(asked);
    assert.deepEqual([status, offendingElement, answers.length], [0xa900, [tag], 0], JSON.stringify(asked));
    assert.ok(errorComment !== undefined && errorComment.length <= 64);
  }
}

async function relational({ ask }: Asking): Promise<void> {
  const options = { relational: true };
  const series = await ask({
    level: 'SERIES',
    options,
    keys: { PatientName: 'NUÑEZ*', Modality: 'CT', SeriesInstanceUID: '' },
  });
  assert.deepEqual(uids(series, 'SeriesInstanceUID'), ['1.2.1.1', '1.2.2.1']);
  const images = await ask({ level: 'IMAGE', options, keys: { SOPInstanceUID: ['1.2.1.1.1', '1.2.3.1.2'] } });
  assert.deepEqual(uids(images, 'SOPInstanceUID'), ['1.2.1.1.1', '1.2.3.1.2']);
}

async function optionalKeys({ ask }: Asking): Promise<void> {
  const keys = {
    StudyInstanceUID: '1.2.1',
    ModalitiesInStudy: '',
    SOPClassesInStudy: '',
    NumberOfStudyRelatedSeries: '',
    NumberOfStudyRelatedInstances: '',
    PatientBirthDate: '',
    StudyDescription: '',
  };
  const known = await ask({ level: 'STUDY', keys });
  const json = known.answers[0]?.json ?? {};
  const values = (tag: number): unknown => json[tagText(tag)]?.Value;
  assert.deepEqual(values(T.ModalitiesInStudy), ['CT', 'SR']);
  assert.deepEqual(values(T.SOPClassesInStudy), [CT, SR]);
  assert.deepEqual([values(T.NumberOfStudyRelatedSeries), values(T.NumberOfStudyRelatedInstances)], [[2], [4]]);
  assert.deepEqual([values(T.RetrieveAETitle), values(T.InstanceAvailability)], [['ACERVO'], ['ONLINE']]);
  assert.deepEqual([values(T.QueryRetrieveLevel), values(T.PatientBirthDate)], [['STUDY'], ['19800229']]);
  assert.deepEqual(json[tagText(T.StudyDescription)], { vr: 'LO' }, 'empty, for it has none');
  assert.deepEqual(Object.keys(json).length, Object.keys(keys).length + 3, 'nothing that was not asked for');
  assert.equal(known.answers[0]?.isPartly, false);
  const partly = await ask({
    level: 'STUDY',
    keys: { ...keys, NumberOfStudyRelatedSeries: 9, SeriesDescription: '' },
  });
  assert.deepEqual([uids(partly), partly.answers[0]?.isPartly], [['1.2.1'], true]);
  assert.deepEqual(partly.answers[0]?.json[tagText(T.SeriesDescription)], { vr: 'LO' });
}

async function sequences({ ask }: Asking): Promise<void> {
  const named = { StudyInstanceUID: '1.2.1', RequestAttributesSequence: [{ RequestedProcedureID: 'RP1' }] };
  const found = await ask({ level: 'SERIES', keys: named });
  const items = found.answers[0]?.json[tagText(T.RequestAttributesSequence)]?.Value;
  assert.deepEqual(items, [{ '00401001': { vr: 'SH', Value: ['RP1'] } }]);
  const whole = await ask({
    level: 'SERIES',
    keys: { StudyInstanceUID: '1.2.1', SeriesNumber: 1, RequestAttributesSequence: [] },
  });
  assert.equal(Object.keys(whole.answers[0]?.json[tagText(T.RequestAttributesSequence)]?.Value?.[0] ?? {}).length, 2);
}

async function charsets({ ask }: Asking): Promise<void> {
  const asked = async (id: string, charset?: string): Promise<string> => {
    const { answers } = await ask({
      level: 'STUDY',
      keys: { PatientID: id, PatientName: '' },
      ...(charset && { charset }),
    });
    const [{ json, declared } = { json: {}, declared: [] }] = answers;
    const name = valueOf(json, 'PatientName') as Record<string, string>;
    return `${declared.join('\\')} ${Object.values(name).join('=')}`;
  };
  assert.equal(await asked('0042'), 'ISO_IR 100 NUÑEZ PEÑA^JOSÉ');
  assert.equal(await asked('0042', 'ISO_IR 192'), 'ISO_IR 192 NUÑEZ PEÑA^JOSÉ');
  assert.equal(await asked('0042', 'ISO_IR 144'), 'ISO_IR 100 NUÑEZ PEÑA^JOSÉ', 'Cyrillic has no Ñ');
  assert.equal(await asked('7'), 'ISO_IR 192 Yamada^Tarou=山田^太郎');
  assert.equal(await asked('7', '\\ISO 2022 IR 87'), 'ISO 2022 IR 6\\ISO 2022 IR 87 Yamada^Tarou=山田^太郎');
  const plain = await ask({ level: 'STUDY', keys: { PatientID: '0042' } });
  assert.deepEqual(plain.answers[0]?.declared, [], 'none where the default repertoire does');
}

async function transferSyntaxes({ ports, ask }: Asking): Promise<void> {
  for (const transferSyntax of [IMPLICIT_LE, EXPLICIT_BE]) {
    const found = await ask({
      level: 'STUDY',
      keys: { PatientID: '7', NumberOfStudyRelatedInstances: '' },
      transferSyntax,
    });
    assert.deepEqual(uids(found, 'NumberOfStudyRelatedInstances'), [2], transferSyntax);
  }
  const bytes = deflateRawSync(written(askedIdentifier({ level: 'STUDY', keys: dicomJson({ PatientID: '7' }) })));
  const statuses: number[] = [];
  const asked: FindAsked = { level: 'STUDY', keys: {}, transferSyntax: DEFLATED_LE, over: HERE };
  for await (const { status, dataSet } of responses(ports, asked, bytes)) {
    statuses.push(status);
    if (dataSet === undefined) continue;
    const { dataSet: answer } = readDataSet(inflateRawSync(dataSet), { syntax: LITTLE });
    assert.equal(textOf(answer.elements.get(T.StudyInstanceUID)), '1.2.3');
  }
  assert.deepEqual(statuses, [0xff00, 0]);
}

async function timezones({ ask }: Asking): Promise<void> {
  const keys = { StudyInstanceUID: ['1.2.1', '1.2.2'], StudyDate: '', TimezoneOffsetFromUTC: '+0900' };
  const found = await ask({ level: 'STUDY', keys });
  assert.deepEqual(uids(found, 'TimezoneOffsetFromUTC'), [undefined, '-0600']);
}

async function visibility({ ports, ask }: Asking): Promise<void> {
  assert.deepEqual(uids(await ask({ level: 'STUDY', keys: { StudyInstanceUID: '1.2.4' } })), []);
  const both = await find(ports, { level: 'STUDY', keys: { StudyInstanceUID: '1.2.2', PatientID: '' } });
  assert.deepEqual(new Set(uids(both, 'IssuerOfPatientID')), new Set(['HGM', 'IMSS']));
  const issued = { StudyInstanceUID: '1.2.2', IssuerOfPatientID: 'IMSS' };
  assert.equal((await find(ports, { level: 'STUDY', keys: issued })).answers.length, 1);
  const denied = {
    view: () => {
      throw new Error('unexpected');
    },
  };
  const stranger = seeing();
  assert.equal((await find(ports, { level: 'STUDY', keys: {}, over: stranger })).status, 0x0124);
  const refused = await find(ports, { level: 'STUDY', keys: {}, over: denied });
  assert.deepEqual([refused.status, refused.answers.length], [0xc001, 0]);
}

async function endings({ ports }: Asking): Promise<void> {
  const cancelled = await find(ports, { level: 'STUDY', keys: {}, cancelAfter: 2 });
  assert.deepEqual([cancelled.status, cancelled.answers.length], [0xfe00, 2]);
  const capped = await find({ ...ports, findMatchesMax: 3 }, { level: 'STUDY', keys: {} });
  assert.deepEqual([capped.status, capped.answers.length], [0xa700, 3]);
  assert.equal(capped.errorComment, 'More than 3 matches: narrow the query');
  const exact = await find({ ...ports, findMatchesMax: 5 }, { level: 'STUDY', keys: {} });
  assert.deepEqual([exact.status, exact.answers.length], [0, 5]);
}

async function journal({ database }: Asking): Promise<void> {
  type Row = { event: string };
  const rows = await database.query<Row>("select event from journal where kind = 'query.executed' order by id limit 1");
  const { facts } = JSON.parse(rows[0]?.event ?? '{}') as { facts: Record<string, unknown> };
  assert.deepEqual([facts['level'], facts['keys'], facts['returned']], ['study', ['00100010'], 2]);
}

test('every match is answered once, in the order of QIDO-RS, however many pages they fill', async (t) => {
  const { database, ports } = await testIndex(t);
  const numbers = Array.from({ length: FIRST_PAGE + PAGE + 7 }, (_, number) => number + 1);
  const dated = (number: number): Facts => ({
    StudyDate: `202501${10 + (number % 9)}`,
    PatientID: String(number % 300),
  });
  await index(
    database,
    numbers.flatMap((number) => study(number, 'HGM', dated(number)).slice(0, 1)),
  );
  const all = await find({ ...ports, findMatchesMax: 5000 }, { level: 'STUDY', keys: { StudyInstanceUID: '' } });
  assert.deepEqual([all.status, all.answers.length], [0, numbers.length]);
  assert.deepEqual(uids(all), column(await askQido(ports, '/studies?limit=5000'), 'StudyInstanceUID'));
  const patients = await find(
    { ...ports, findMatchesMax: 5000 },
    { model: PATIENT_ROOT_FIND, level: 'PATIENT', keys: { PatientID: '' } },
  );
  assert.deepEqual([patients.answers.length, new Set(uids(patients, 'PatientID')).size], [300, 300]);
});

test('of extended negotiation, what is supported is agreed on', () => {
  assert.deepEqual([...agreeOnOptions(Uint8Array.of(1))], [1]);
  assert.deepEqual([...agreeOnOptions(Uint8Array.of(1, 1, 1, 1, 1, 1, 1, 1, 1))], [1, 0, 1, 0, 0, 1, 1]);
  assert.deepEqual([...agreeOnOptions(Uint8Array.of(0, 1, 2))], [0, 0, 0]);
  assert.deepEqual([...agreeOnOptions(new Uint8Array(0))], []);
});
