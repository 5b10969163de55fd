import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldName } from '@acervo/dicom/person-name.ts';
import { type Curp, parseCurp } from '@acervo/interop/mexico/curp.ts';
import fc from 'fast-check';
import type { Patient } from '../../holdings/patient.ts';
import { areStrangers, differences, differsFromCurp, type Told } from './agree.ts';
import { decide, differsFromItself, type Known } from './decide.ts';

const CURP = parseCurp('SABC560626MDFLRN01') as Curp;
const OWN = 'own';
const told = (name: string, birthDate: string | null = null, sex: string | null = null): Told => ({
  name: foldName(name),
  birthDate,
  sex,
});
const patient = (id: string): Patient => ({ institution: 'HGM', issuer: 'HGM', id });
const known = (id: string, studies: Told[], over: Partial<Known> = {}): Known => ({
  patient: patient(id),
  told: studies,
  curps: [CURP.text],
  linkedTo: undefined,
  leftFrom: [],
  ...over,
});
const SARA = told('SÁNCHEZ BRAVO^CARMEN', '1956-06-26', 'F');

test('what cannot be of one person differs; what is not told does not', () => {
  const same: [Told[], string[]][] = [
    [[], []],
    [[SARA, told('', null, null)], []],
    [[SARA, told('carmen sanchez', '1956-06-26', 'O')], []],
    [
      [SARA, told('SANCHEZ^X', '1957-06-26', 'M')],
      ['birth-date', 'sex'],
    ],
    [[SARA, told('DE LA CRUZ^JUAN')], ['name']],
    [[told('DE LA O^ANA'), told('DE LA CRUZ^EVA')], ['name']],
    [[told('Yamada^Tarou=山田^太郎'), told('山田^太郎')], []],
  ];
  for (const [studies, differs] of same) assert.deepEqual(differences(studies), differs);
  assert.ok(areStrangers([SARA], [SARA, told('RUIZ^EVA')]));
  assert.ok(!areStrangers([SARA], [told('')]));
});

test('a CURP says when its person was born, and as what', () => {
  assert.deepEqual(differsFromCurp([SARA, told('X')], CURP), []);
  assert.deepEqual(differsFromCurp([told('X', '1956-06-27', 'M')], CURP), ['birth-date', 'sex']);
  assert.deepEqual(differsFromCurp([told('X', '1956-06-26', 'M')], { ...CURP, sex: 'X' }), []);
});

test('those who bear a CURP are one person, unless something is in doubt', () => {
  const other = known('2', [told('Sanchez^Carmen')]);
  assert.deepEqual(decide(CURP, OWN, [known('1', [SARA])]), { person: OWN, linked: [], collisions: [] }, 'alone');
  const two = decide(CURP, OWN, [known('1', [SARA]), other]);
  assert.deepEqual(two, { person: OWN, linked: [patient('1'), patient('2')], collisions: [] });
  const joins = decide(CURP, OWN, [known('1', [SARA], { linkedTo: 'theirs' }), other]);
  assert.deepEqual([joins.person, joins.linked], ['theirs', [patient('2')]], 'whom it is linked with by hand');

  const doubts: [Known, string[], string | undefined][] = [
    [known('2', [told('Sanchez^Carmen', '1965-06-26')]), ['birth-date'], undefined],
    [known('2', [told('Sanchez^Carmen', null, 'M')]), ['sex'], undefined],
    [known('2', [told('Sanchez^Carmen'), told('Ruiz^Eva')]), ['name'], undefined],
    [known('2', [told('Sanchez^Carmen')], { curps: [CURP.text, 'x'] }), ['several-curps'], undefined],
    [known('2', [told('Ruiz^Eva')]), ['name'], '1'],
  ];
  for (const [doubtful, differs, stranger] of doubts) {
    const { linked, collisions } = decide(CURP, OWN, [known('1', [SARA]), doubtful, known('3', [SARA])]);
    assert.deepEqual(linked, [patient('1'), patient('3')]);
    const otherPatient = stranger === undefined ? undefined : patient(stranger);
    assert.deepEqual(collisions, [{ kind: 'curp', patient: patient('2'), other: otherPatient, differs }]);
  }
  const apart = known('2', [SARA], { leftFrom: [OWN] });
  assert.deepEqual(decide(CURP, OWN, [known('1', [SARA]), apart]).linked, [], 'a steward said no');
  assert.equal(differsFromItself(known('1', [SARA])), undefined);
  assert.deepEqual(differsFromItself(known('1', [SARA, told('Ruiz^Eva')]))?.differs, ['name']);
});

const anyTold = fc.record({
  name: fc.constantFrom('=SANCHEZ^CARMEN=', '=SANCHEZ=', '=RUIZ^EVA=', '=RUIZ SANCHEZ=', ''),
  birthDate: fc.constantFrom('1956-06-26', '1956-06-26', '1957-01-01', null),
  sex: fc.constantFrom('F', 'F', 'M', 'O', null),
});
const anyKnown = fc.record({
  told: fc.array(anyTold, { minLength: 1, maxLength: 3 }),
  curps: fc.constantFrom([CURP.text], [CURP.text], ['other', CURP.text]),
  linkedTo: fc.constantFrom(undefined, undefined, OWN, 'theirs'),
  leftFrom: fc.constantFrom<string[]>([], [], [OWN], ['theirs']),
});

test('nobody is linked against a doubt or a decision, nobody is forgotten, and asking again changes nothing', () =>
  fc.assert(
    fc.property(fc.array(anyKnown, { maxLength: 6 }), (some) => {
      const bearers = some.map((each, index) => ({ ...each, patient: patient(String(index)) }));
      const { person, linked, collisions } = decide(CURP, OWN, bearers);
      const after = bearers.map((each) => (linked.includes(each.patient) ? { ...each, linkedTo: person } : each));
      for (const each of bearers.filter(({ patient: one }) => linked.includes(one))) {
        assert.ok(each.linkedTo === undefined && !each.leftFrom.includes(person) && !each.leftFrom.includes(OWN));
        assert.deepEqual([...differences(each.told), ...differsFromCurp(each.told, CURP)], []);
        for (const other of after.filter(({ linkedTo }) => linkedTo === person)) {
          assert.ok(!areStrangers(each.told, other.told));
        }
      }
      const again = decide(CURP, OWN, after);
      assert.deepEqual(again.linked, []);
      const doubts = (of: typeof collisions): unknown => of.map(({ patient: one, differs }) => [one, differs]);
      assert.deepEqual(doubts(again.collisions), doubts(collisions));
      assert.ok(collisions.every((one) => !linked.includes(one.patient)));
    }),
    { numRuns: 2000 },
  ));
