import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ageYearsOf } from './age.ts';
import { localTime } from './clock.ts';
import { routed, type SeriesFacts, type StudyFacts } from './routed.ts';
import { type Rule, readRule } from './rule.ts';

const ZONE = 'America/Mexico_City';
const codes = fc.constantFrom('CR', 'DX', 'CT', 'MR');
const parts = fc.constantFrom('CHEST', 'HAND', 'HEAD');
const views = fc.constantFrom('PA', 'AP', 'LL');
const some = <T>(of: fc.Arbitrary<T>) => fc.uniqueArray(of, { minLength: 1, maxLength: 3 });
const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });
const without = <T extends object>(of: T): T => JSON.parse(JSON.stringify(of)) as T;

const anyRule: fc.Arbitrary<Rule> = fc
  .record({
    effect: fc.constantFrom('run', 'never'),
    id: fc.stringMatching(/^[a-z]{1,8}$/),
    institution: fc.constantFrom('HGM', 'IMSS'),
    model: fc.constantFrom('mx.a', 'mx.b'),
    scope: fc.record({
      modality: some(codes),
      bodyPart: maybe(some(parts)),
      viewPosition: maybe(some(views)),
      sex: maybe(some(fc.constantFrom('M', 'F'))),
      age: maybe(fc.record({ least: fc.integer({ min: 0, max: 60 }), most: fc.integer({ min: 60, max: 120 }) })),
      when: maybe(
        fc.record({
          zone: fc.constant(ZONE),
          weekdays: maybe(some(fc.constantFrom('mon', 'sat', 'sun'))),
          hours: maybe(fc.constantFrom({ from: '08:00', until: '20:00' }, { from: '22:00', until: '06:00' })),
        }),
      ),
    }),
  })
  .map((rule) => without(rule) as Rule);

const anySeries: fc.Arbitrary<SeriesFacts> = fc.record({
  seriesUid: fc.stringMatching(/^1\.2\.[1-9]{1,6}$/),
  modality: maybe(codes),
  bodyPart: maybe(parts),
  viewPositions: fc.uniqueArray(views, { maxLength: 2 }),
});
const anyStudy: fc.Arbitrary<StudyFacts> = fc.record({
  institution: fc.constantFrom('HGM', 'IMSS'),
  sex: maybe(fc.constantFrom('M', 'F', 'O')),
  ageYears: maybe(fc.integer({ min: 0, max: 110 })),
  at: fc
    .date({ min: new Date('2025-01-01'), max: new Date('2027-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString()),
  series: fc.uniqueArray(anySeries, { maxLength: 4, selector: ({ seriesUid }) => seriesUid }),
});
const rulesOf = fc.uniqueArray(anyRule, { maxLength: 8, selector: ({ id }) => id });

test('every rule that is made is one that can be read, and is the same afterwards', () => {
  fc.assert(
    fc.property(anyRule, (rule) => {
      assert.deepEqual(readRule(without(rule)), { rule });
    }),
  );
});

test('no value at all makes reading throw; members that are not known are refused', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => 'breaches' in readRule(value)));
  fc.assert(
    fc.property(
      anyRule,
      fc.stringMatching(/^[a-z]{9,12}$/),
      (rule, name) => 'breaches' in readRule({ ...rule, [name]: 1 }),
    ),
  );
});

test('each model that a rule of the institution runs is told once: by which rules, or by the rule that said no', () => {
  fc.assert(
    fc.property(rulesOf, anyStudy, (rules, study) => {
      const own = rules.filter(({ institution }) => institution === study.institution);
      const answers = routed(rules, study);
      const models = own.filter(({ effect }) => effect === 'run').map(({ model }) => model);
      assert.deepEqual(
        answers.map(({ model }) => model),
        [...new Set(models)].sort(),
      );
      for (const answer of answers) {
        const of = answer.isChosen ? answer.rules : [answer.rule];
        assert.ok(of.length > 0);
        for (const id of of) assert.ok(own.some((rule) => rule.id === id && rule.model === answer.model));
        if (answer.isChosen) assert.ok(answer.series.length > 0);
      }
    }),
  );
});

test('the order of rules and series decides nothing; rules of others neither', () => {
  fc.assert(
    fc.property(rulesOf, anyStudy, (rules, study) => {
      const chosen = (by: readonly Rule[], of: StudyFacts) =>
        routed(by, of).map((each) =>
          each.isChosen ? [each.model, [...each.rules].sort(), [...each.series].sort()] : each.model,
        );
      const turned = { ...study, series: study.series.toReversed() };
      assert.deepEqual(chosen(rules.toReversed(), turned), chosen(rules, study));
      const own = rules.filter(({ institution }) => institution === study.institution);
      assert.deepEqual(routed(own, study), routed(rules, study));
    }),
  );
});

test('what is not known never runs a rule, and never escapes one that forbids', () => {
  fc.assert(
    fc.property(anyRule, anyStudy, (rule, study) => {
      const by = { ...rule, effect: 'run', institution: study.institution } as const;
      const aged = { ...by, scope: { ...by.scope, age: { least: 18 } } };
      const unknown = { ...study, ageYears: undefined };
      assert.ok(routed([aged], unknown).every(({ isChosen }) => !isChosen));
      const [plain] = routed([by], unknown);
      const never = { ...by, effect: 'never', id: 'forbids', scope: { age: { most: 17 } } } as const;
      const [forbidden] = routed([by, never], unknown);
      assert.ok(forbidden !== undefined && !forbidden.isChosen);
      if (plain?.isChosen === true)
        assert.deepEqual(forbidden, { model: by.model, isChosen: false, rule: 'forbids', why: 'never' });
    }),
  );
});

test('a further rule that forbids takes models away, and adds none', () => {
  fc.assert(
    fc.property(rulesOf, anyRule, anyStudy, (rules, more, study) => {
      const chosen = (by: readonly Rule[]) =>
        new Set(routed(by, study).flatMap((each) => (each.isChosen ? [each.model] : [])));
      const fewer = chosen([...rules, { ...more, id: 'zz-never', effect: 'never' as const }]);
      const before = chosen(rules);
      assert.ok([...fewer].every((model) => before.has(model)));
    }),
  );
});

const study = (over: Partial<StudyFacts> = {}): StudyFacts => ({
  institution: 'HGM',
  sex: 'F',
  ageYears: 40,
  at: '2026-03-02T15:00:00Z',
  series: [{ seriesUid: '1.2', modality: 'CR', bodyPart: 'CHEST', viewPositions: ['PA'] }],
  ...over,
});
const adults: Rule = {
  effect: 'run',
  id: 'adults',
  institution: 'HGM',
  model: 'mx.a',
  scope: { modality: ['CR', 'DX'], bodyPart: ['CHEST'], viewPosition: ['PA', 'AP'], age: { least: 18 } },
};

test('a child on a model for adults is told by the rule and its member (G10)', () => {
  assert.deepEqual(routed([adults], study({ ageYears: 9 })), [
    { model: 'mx.a', isChosen: false, rule: 'adults', why: 'age' },
  ]);
  assert.deepEqual(routed([adults], study()), [
    { model: 'mx.a', isChosen: true, rules: ['adults'], series: ['1.2'], deadlineMinutes: 60, deliverTo: [] },
  ]);
});

test('hours are those of the zone, over midnight too', () => {
  assert.deepEqual(localTime('2026-03-02T05:30:00Z', ZONE), { weekday: 'sun', time: '23:30' });
  const night: Rule = {
    ...adults,
    scope: { modality: ['CR'], when: { zone: ZONE, hours: { from: '22:00', until: '06:00' } } },
  };
  const chosen = (at: string) => routed([night], study({ at }))[0]?.isChosen;
  assert.deepEqual(
    ['2026-03-02T05:30:00Z', '2026-03-02T11:59:00Z', '2026-03-02T12:00:00Z', '2026-03-02T18:00:00Z'].map(chosen),
    [true, true, false, false],
  );
});

test('ages are those that were sent, else of the dates', () => {
  const dates = { birth: '2000-01-01', study: '2026-01-02' };
  assert.equal(ageYearsOf('040Y', dates), 40);
  assert.equal(ageYearsOf('018M', dates), 1.5);
  assert.equal(Math.floor(ageYearsOf('40', dates) ?? 0), 26);
  assert.equal(ageYearsOf(undefined, { ...dates, birth: undefined }), undefined);
  assert.equal(ageYearsOf(undefined, { birth: '2027-01-01', study: '2026-01-02' }), undefined);
});

test('what is wrong with a rule is named by its place', () => {
  const wrong = readRule({
    ...adults,
    scope: { ...adults.scope, age: { least: 60, most: 18 }, when: { zone: 'Mars/North' } },
  });
  assert.deepEqual(wrong, {
    breaches: [
      { at: '/scope/age', what: 'least is above most' },
      { at: '/scope/when/zone', what: 'no such zone' },
    ],
  });
  const nothing = readRule({ ...adults, scope: {} });
  assert.deepEqual(nothing, { breaches: [{ at: '/scope', what: 'modality is missing' }] });
});
