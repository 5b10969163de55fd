import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldName, foldText, namePatternToRegex, nameWords } from './person-name.ts';

test('folding: accents, case, strokes, ligatures, width, invisible characters', () => {
  const cases = {
    '  Núñez   Peña ': 'NUNEZ PENA',
    'N\u0303un\u0303ez': 'NUNEZ',
    'Straße GROẞ': 'STRASSE GROSS',
    'Đorđe Łódź': 'DORDE LODZ',
    'Æsir Œuvre Ørsted Þór': 'AESIR OEUVRE ORSTED THOR',
    'İzmir ılık': 'IZMIR ILIK',
    'ﬁn Ａｂｃ': 'FIN ABC',
    ﾔﾏﾀﾞ: 'ヤマダ',
    'María\u200b\u202e José\0': 'MARIA JOSE',
    'a\tb\r\nc\u00a0d\u3000e': 'A B C D E',
    '': '',
    김희중: '김희중',
    Пётр: 'ПЕТР',
    Αλέξης: 'ΑΛΕΞΗΣ',
    'zwei\u00adsilbig': 'ZWEISILBIG',
  };
  for (const [text, folded] of Object.entries(cases)) assert.equal(foldText(text), folded, text);
});

test('a name key has each group that is not empty between equals signs', () => {
  const cases = {
    'Núñez Peña^José Ángel': '=NUNEZ PENA^JOSE ANGEL=',
    '': '',
    '=': '',
    '^^^^': '',
    ' ^ = ': '',
    'Nunez ^ Jose ^^^': '=NUNEZ^JOSE=',
    'Yamada^Tarou=山田^太郎=やまだ^たろう': '=YAMADA^TAROU=山田^太郎=やまだ^たろう=',
    '=山田^太郎': '=山田^太郎=',
    'Wang^XiaoDong=王^小东=': '=WANG^XIAODONG=王^小东=',
    'A^^^Dr': '=A^^^DR=',
    'a＝b＾c≠d': '=A B C D=',
  };
  for (const [name, key] of Object.entries(cases)) assert.equal(foldName(name), key, name);
});

test('the words of a name, once, of all groups', () => {
  assert.deepEqual(nameWords("O'Brien-Núñez^José, Ma. José=山田^太郎"), [
    'O',
    'BRIEN',
    'NUNEZ',
    'JOSE',
    'MA',
    '山田',
    '太郎',
  ]);
  assert.deepEqual(nameWords(''), []);
});

const matches = (pattern: string, name: string): boolean =>
  new RegExp(namePatternToRegex(pattern)).test(foldName(name));

test('wildcard patterns match a whole group', () => {
  const yes: [string, string][] = [
    ['Peña^J*', 'PENA^JOSE'],
    ['pena^juan', 'Peña^Juan'],
    ['*', ''],
    ['', 'anyone'],
    ['*', 'anyone'],
    ['N??ez*', 'Núñez^Ana'],
    ['*José*', 'Peña^María José'],
    ['山田*', 'Yamada^Tarou=山田^太郎'],
    ['Yamada*=山田*', 'Yamada^Tarou=山田^太郎'],
    ['Yamada*=*たろう', 'Yamada^Tarou=山田^太郎=やまだ^たろう'],
    ['Núñez^*', 'Nunez'],
    ['Núñez^*^*', 'Nunez^Ana'],
    ['Núñez', 'NUNEZ^^^'],
    ['Mar* Luis', 'Maria Luis'],
    ['a.b(c)[d]+', 'A.B(C)[D]+'],
    ['*=*', ''],
    ['***', 'x'],
  ];
  const no: [string, string][] = [
    ['Peña', 'Peña^Juan'],
    ['Peñ', 'Peña'],
    ['eña*', 'Peña'],
    ['N?ez', 'Nunez'],
    ['A*B', 'A=B'],
    ['a.b', 'AXB'],
    ['?', ''],
    ['Yamada*=山田', 'Yamada^Tarou=山田^太郎'],
    ['太郎', 'Yamada^Tarou=山田^太郎'],
    ['Mar*Luis', 'Maria=Luis'],
    ['Núñez^?*', 'Nunez'],
  ];
  for (const [pattern, name] of yes) assert.ok(matches(pattern, name), `${pattern} finds ${name}`);
  for (const [pattern, name] of no) assert.ok(!matches(pattern, name), `${pattern} does not find ${name}`);
});

test('the expression is the same in PostgreSQL: no classes, look-around or lazy operators', () => {
  assert.equal(namePatternToRegex('Peña^J*'), '=PENA\\^J[^=]*=');
  assert.equal(namePatternToRegex('Núñez^*'), '=NUNEZ(\\^[^=]*)?=');
  assert.equal(namePatternToRegex('a|b{2}\\c$'), '=A\\|B\\{2\\}\\\\C\\$=');
});
