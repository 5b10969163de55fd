import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { catalogueText, readCatalogue } from './clues-catalogue.ts';
import { csvRecords, delimiterOf } from './csv.ts';

const HEAD = 'CLUES,CLAVE DE LA INSTITUCION,CLAVE DE LA ENTIDAD,ENTIDAD,NOMBRE DE LA UNIDAD';
const refusedAs = (about: RegExp) => (thrown: unknown) =>
  thrown instanceof Failure && thrown.code === 'request/invalid' && about.test(thrown.detail);

test('fields are quoted or not, with any delimiter, over line ends', () => {
  const records = (text: string): readonly (readonly string[])[] =>
    [...csvRecords(text, delimiterOf(text))].map(({ fields }) => fields);
  assert.deepEqual(records('a,b\r\n"1, ""one""",2\n\n3,\n'), [
    ['a', 'b'],
    ['1, "one"', '2'],
    ['3', ''],
  ]);
  assert.deepEqual(records('a|b\n1,5|"x\ny"'), [
    ['a', 'b'],
    ['1,5', 'x\ny'],
  ]);
  assert.deepEqual(records('a;b\n"never closed;2\n'), [['a', 'b'], ['never closed;2\n']]);
  const lines = [...csvRecords('a,b\n"1\n2",3\n4,5', ',')].map(({ line }) => line);
  assert.deepEqual(lines, [1, 2, 4]);
});

test('columns are found by their names, in any order, among others', () => {
  const { facilities, skipped } = readCatalogue(
    [
      'NOMBRE DE LA UNIDAD;Latitud;CLAVE DE LA ENTIDAD;CLUES;CLAVE_DE_LA_INSTITUCIÓN',
      '"HOSPITAL; CIVIL";20.6;14;JCSSA000999;SSA',
      'CLÍNICA ÑANDÚ;19.4;9;dfims000999;ims',
    ].join('\n'),
  );
  assert.deepEqual(skipped, []);
  assert.deepEqual(facilities, [
    { clues: 'JCSSA000999', institution: 'SSA', name: 'HOSPITAL; CIVIL', state: '14' },
    { clues: 'DFIMS000999', institution: 'IMS', name: 'CLÍNICA ÑANDÚ', state: '09' },
  ]);
});

test('a line that is no establishment is passed over, and why is told', () => {
  const { facilities, skipped } = readCatalogue(
    [
      HEAD,
      'JCSSA000001,SSA,14,JALISCO,UNO',
      'JCSSA000001,SSA,14,JALISCO,UNO OTRA VEZ',
      'XXSSA000002,SSA,14,JALISCO,DOS',
      'JCSSA000003,SSA,09,CIUDAD DE MEXICO,TRES',
      'JCSSA000004,SSA,14,JALISCO, ',
      'JCSSA000005,,14,JALISCO,CINCO',
      'JCSSA000006,SSA',
    ].join('\n'),
  );
  assert.deepEqual(
    facilities.map(({ name }) => name),
    ['UNO'],
  );
  assert.deepEqual(skipped, [
    { line: 3, reason: 'twice' },
    { line: 4, reason: 'not-clues' },
    { line: 5, reason: 'other-state' },
    { line: 6, reason: 'no-name' },
    { line: 7, reason: 'no-institution' },
    { line: 8, reason: 'columns' },
  ]);
});

test('a file that is no catalogue is refused, naming what it lacks', () => {
  assert.throws(() => readCatalogue(''), refusedAs(/CLUES, NOMBRE DE LA UNIDAD, CLAVE DE LA INSTITUCION/));
  assert.throws(() => readCatalogue('CLUES,ENTIDAD\nJCSSA000001,JALISCO'), refusedAs(/NOMBRE DE LA UNIDAD/));
  assert.throws(() => readCatalogue(`${HEAD}\n,,,,`), refusedAs(/no line/));
});

test('UTF-8 with and without its mark, and Latin-1, are the same text', () => {
  const text = 'CLUES,UNIDAD\nX,CLÍNICA ÑANDÚ';
  assert.equal(catalogueText(new TextEncoder().encode(text)), text);
  assert.equal(catalogueText(new TextEncoder().encode(`\u{feff}${text}`)), text);
  assert.equal(catalogueText(Buffer.from(text, 'latin1')), text);
});
