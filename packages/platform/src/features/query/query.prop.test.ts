import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldName, foldText, namePatternToRegex, nameWords } from '@acervo/dicom/person-name.ts';
import { createRandom, type Random } from '@acervo/kernel/random.ts';
import { scaled } from '@acervo/testkit/scale.ts';
import fc from 'fast-check';
import { studyKeyOf } from '../../holdings/keys.ts';
import { find } from './find.fixture.ts';
import { ask, column, type Facts, type Given, index, testIndex, valueOf } from './query.fixture.ts';

const STUDIES = 160;
const SURNAMES = [
  'NUÑEZ PEÑA',
  'Núñez',
  'GÜEREÑA',
  'Peña Núñez',
  'García',
  'Straße',
  'Ægir',
  "O'Brien-Ibáñez",
  'N_%ez',
  '山田',
];
const GIVEN = ['María José', 'JOSÉ', 'ana', 'Íñigo', '', 'Zoé  Ángel'];
const IDEOGRAPHIC = ['', '', '=山田^太郎', '=山田^太郎=やまだ^たろう', '==やまだ^たろう'];
const DESCRIPTIONS = ['TÓRAX SIMPLE', 'torax  ap', 'Cráneo', 'cráneo 50%', 'a_b%c', 'ﬁbula', ''];
const IDS = ['0042', '42', '042', 'a%b', 'a_b', 'A.b', "x'--"];
const DATES = ['20240229', '20250101', '20250102', '20250131', '2025.01.15', '20251399', ''];
const TIMES = ['', '12', '1200', '115959.5', '12:00:30', '120059.999999', '23', 'noon'];

/** One series in each study, so that what is asked of a series is asked of its study. */
type Held = Given & { key: string };

function held(random: Random, number: number): Held {
  const name = `${random.pick(SURNAMES)}^${random.pick(GIVEN)}${random.pick(IDEOGRAPHIC)}`;
  const institution = random.pick(['HGM', 'IMSS']);
  const optional = (facts: Facts): Facts =>
    Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== ''));
  const facts: Facts = {
    StudyInstanceUID: `1.2.${number}`,
    SeriesInstanceUID: `1.2.${number}.1`,
    SOPInstanceUID: `1.2.${number}.1.1`,
    Modality: random.pick(['CT', 'MR', 'CR']),
    PatientName: name,
    ...optional({
      PatientID: random.pick(IDS),
      StudyDate: random.pick(DATES),
      StudyTime: random.pick(TIMES),
      StudyDescription: random.pick(DESCRIPTIONS),
      SeriesDescription: random.pick(DESCRIPTIONS),
      OperatorsName: `${random.pick(SURNAMES)}^${random.pick(GIVEN)}`,
      SeriesTime: random.pick(TIMES),
      SeriesDate: random.pick(DATES),
    }),
    RequestAttributesSequence: [1, 2].map(() => ({
      ScheduledProcedureStepID: random.pick(['S1', 'S2', 'S_']),
      RequestedProcedureID: random.pick(['R1', 'R2']),
    })),
  };
  return { institution, facts, key: studyKeyOf(institution, `1.2.${number}`) };
}

// The oracle: what each key means, written down as simply as can be.

const globOf = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replaceAll(/[\\^$.+()[\]{}|]/g, '\\$&')
      .replaceAll('*', '[^]*')
      .replaceAll('?', '[^]')}$`,
    'u',
  );
const foldedGlobOf = (pattern: string): RegExp =>
  globOf(
    pattern
      .split(/([*?])/)
      .map((part) =>
        part === '*' || part === '?'
          ? part
          : part
              .normalize('NFD')
              .replaceAll(/[\u0300-\u036f]/g, '')
              .toUpperCase(),
      )
      .join(''),
  );
const isSaid = (facts: Facts, keyword: string): string => String(facts[keyword] ?? '');

function nameMatches(name: string, pattern: string, fuzzy: boolean): boolean {
  if (!fuzzy) return new RegExp(namePatternToRegex(pattern)).test(foldName(name));
  return nameWords(pattern).every((wanted) => nameWords(name).some((word) => word.startsWith(wanted)));
}

/** Surnames alone are followed by any given name, or by a further surname. */
const patterns = (value: string, fuzzy: boolean): string[] =>
  fuzzy || /[*?^=]/.test(value) || foldName(value) === '' ? [value] : [`${value}^*`, `${value} *`];
const isNamed = (said: string, value: string): boolean => said !== '' || namePatternToRegex(value) === '';

function isDay(text: string): string | undefined {
  const digits = text.replaceAll('.', '');
  return /^\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$/.test(digits) ? digits : undefined;
}

function timeOf(text: string): string | undefined {
  const digits = text.replaceAll(/[:.]/g, '');
  return /^\d{2,12}$/.test(digits) ? digits.padEnd(12, '0') : undefined;
}

const inRange = (value: string | undefined, range: string, pad: (end: string, last: boolean) => string): boolean => {
  if (value === undefined) return false;
  const [from = '', to = from] = range.split('-');
  return (from === '' || value >= pad(from, false)) && (to === '' || value <= pad(to, true));
};
const padTime = (end: string, last: boolean): string => {
  const digits = end.replace('.', '');
  return last ? `${digits}${'235959999999'.slice(digits.length)}` : digits.padEnd(12, '0');
};

type Key = readonly [keyword: string, value: string];

function matches({ facts }: Held, keys: readonly Key[], fuzzy: boolean): boolean {
  const inSequence = keys.filter(([keyword]) => keyword.includes('.'));
  const items = facts['RequestAttributesSequence'] as readonly Facts[];
  const itemMatches = items.some((item) =>
    inSequence.every(([keyword, value]) => globOf(value).test(isSaid(item, keyword.split('.')[1] ?? ''))),
  );
  return (
    itemMatches &&
    keys.every(([keyword, value]) => {
      const said = isSaid(facts, keyword);
      switch (keyword) {
        case 'PatientName':
          return patterns(value, fuzzy).some((pattern) => nameMatches(said, pattern, fuzzy)) && isNamed(said, value);
        case 'OperatorsName':
          return nameMatches(said, value, fuzzy) && isNamed(said, value);
        case 'StudyDate':
        case 'SeriesDate':
          return inRange(isDay(said), value, (end) => end);
        case 'StudyTime':
        case 'SeriesTime':
          return inRange(timeOf(said), value, padTime);
        case 'ModalitiesInStudy':
          return value.split(',').includes(isSaid(facts, 'Modality'));
        case 'StudyDescription':
        case 'SeriesDescription':
          return said !== '' && foldedGlobOf(value.replaceAll(/ +/g, ' ')).test(foldText(said));
        case 'PatientID':
          return said !== '' && globOf(value).test(said);
        default:
          return true;
      }
    })
  );
}

const orderOf = ({ facts, key }: Held): [string, string, string] => [
  isDay(isSaid(facts, 'StudyDate')) ?? '',
  timeOf(isSaid(facts, 'StudyTime')) ?? '',
  key,
];

function newestFirst(a: Held, b: Held): number {
  const [[dateA, timeA, keyA], [dateB, timeB, keyB]] = [orderOf(a), orderOf(b)];
  if (dateA !== dateB) return dateA < dateB ? 1 : -1;
  if (timeA !== timeB) return timeA < timeB ? 1 : -1;
  return keyA < keyB ? 1 : -1;
}

const from = (words: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...words);
/** A piece of a real value with wildcards in it, in any writing. */
const patternOf = (values: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(
      from(values.filter((value) => value !== '')),
      fc.nat(12),
      fc.nat(12),
      fc.constantFrom('*', '?', ''),
      fc.constantFrom('*', ''),
      fc.constantFrom('*', ''),
      fc.nat(2),
    )
    .map(([value, start, length, inner, before, after, writing]) => {
      const begin = before === '' ? 0 : Math.min(start, value.length - 1);
      const piece = value.slice(begin, after === '' ? undefined : begin + length + 1);
      const at = piece.length >> 1;
      const text = `${before}${inner === '' ? piece : `${piece.slice(0, at)}${inner}${piece.slice(at + 1)}`}${after}`;
      return writing === 0 ? text : writing === 1 ? text.toLowerCase() : text.normalize('NFD');
    });
const wordsOf = (values: readonly string[]): fc.Arbitrary<string> =>
  fc
    .array(
      from(values.flatMap((value) => nameWords(value))).map((word) => word.slice(0, 4)),
      { minLength: 1, maxLength: 3 },
    )
    .map((words) => words.join(' '));
const rangeOf = (values: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    from(values),
    from(values).map((value) => `${value}-`),
    from(values).map((value) => `-${value}`),
    fc.tuple(from(values), from(values)).map((ends) => ends.sort().join('-')),
  );

const KEYS = {
  PatientID: patternOf(IDS).filter((id) => id.normalize('NFC') === id),
  StudyDate: rangeOf(['20240229', '20250102', '20250115', '20250201']),
  SeriesDate: rangeOf(['20240229', '20250101', '20250115']),
  StudyTime: rangeOf(['11', '1200', '120030', '1159']),
  SeriesTime: rangeOf(['11', '1200', '115959', '120059.9']),
  ModalitiesInStudy: from(['CT', 'CT,MR', 'CR']),
  StudyDescription: patternOf(DESCRIPTIONS),
  SeriesDescription: patternOf(DESCRIPTIONS),
  'RequestAttributesSequence.ScheduledProcedureStepID': from(['S1', 'S2', 'S?', 'S_']),
  'RequestAttributesSequence.RequestedProcedureID': from(['R1', 'R2', 'R*']),
};
/** The same keys as the Identifier of a C-FIND has them. */
function findKeys(keys: readonly Key[]): Facts {
  const facts: Record<string, Facts[string]> = {};
  for (const [keyword, value] of keys) {
    const [outer = '', inner] = keyword.split('.');
    const items = facts[outer] as readonly Facts[] | undefined;
    if (inner !== undefined) facts[outer] = [{ ...items?.[0], [inner]: value }];
    else facts[outer] = keyword === 'ModalitiesInStudy' ? value.split(',') : value;
  }
  return facts;
}

const names = (fuzzy: boolean): fc.Arbitrary<string> => {
  const values = SURNAMES.flatMap((surname) => GIVEN.map((given) => `${surname}^${given}`));
  return fuzzy ? wordsOf([...values, '山田^太郎']) : patternOf([...values, '山田^太郎', 'Núñez^ana=山田^太郎']);
};
const query = fc.boolean().chain((fuzzy) =>
  fc.record({
    keys: fc.record({ ...KEYS, PatientName: names(fuzzy), OperatorsName: names(fuzzy) }, { requiredKeys: [] }),
    fuzzy: fc.constant(fuzzy),
    limit: fc.integer({ min: 1, max: 40 }),
    offset: fc.nat(30),
    level: fc.constantFrom('studies', 'series'),
  }),
);

test('what QIDO-RS and C-FIND find equals what a naive reader of the same studies finds', async (t) => {
  const { database, ports } = await testIndex(t);
  const random = createRandom('query');
  const all = Array.from({ length: STUDIES }, (_, number) => held(random, number + 1)).sort(newestFirst);
  await index(database, all);
  let found = 0;
  await fc.assert(
    fc.asyncProperty(query, async ({ keys, fuzzy, limit, offset, level }) => {
      const given = Object.entries(keys).filter(([, value]) => !/^[*]*$/.test(value.trim()));
      const asked = given.slice(0, 3);
      const wanted = all
        .filter((each) => matches(each, asked, fuzzy))
        .map(({ facts }) => isSaid(facts, 'StudyInstanceUID'));
      const parameters = asked.map(([keyword, value]) => `${keyword}=${encodeURIComponent(value)}`);
      const answer = await ask(
        ports,
        `/${level}?${[...parameters, `fuzzymatching=${fuzzy}`, `limit=${limit}`, `offset=${offset}`].join('&')}`,
      );
      assert.equal(answer.status, 200);
      assert.deepEqual(column(answer, 'StudyInstanceUID'), wanted.slice(offset, offset + limit));
      assert.equal(answer.headers['x-total-count'], String(wanted.length));
      const matched = await find(
        { ...ports, findMatchesMax: STUDIES },
        {
          level: level === 'studies' ? 'STUDY' : 'SERIES',
          keys: { ...findKeys(asked), StudyInstanceUID: '' },
          options: { relational: true, fuzzyMatching: fuzzy },
        },
      );
      assert.equal(matched.status, 0);
      // At study level attributes of series are matched, but have no one value to be returned.
      assert.ok(level === 'studies' || !matched.answers.some(({ isPartly }) => isPartly));
      assert.deepEqual(
        matched.answers.map(({ json }) => valueOf(json, 'StudyInstanceUID')),
        wanted,
        'C-FIND',
      );
      found += wanted.length > 0 ? 1 : 0;
    }),
    { numRuns: scaled(400) },
  );
  // Were nearly all of the questions idle, nothing would be proven.
  assert.ok(found > scaled(400) / 4, `${found} questions found anything`);
});
