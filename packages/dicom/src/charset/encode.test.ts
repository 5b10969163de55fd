import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latin1Bytes, latin1Text } from '@acervo/kernel/bytes.ts';
import type { Vr } from '../vr.ts';
import { encodeText } from './encode.ts';

const encoded = (text: string, terms: string[], vr: Vr = 'PN'): string | undefined => {
  const bytes = encodeText(text, vr, terms);
  return bytes && latin1Text(bytes);
};

test('what a set carries, and what it does not', () => {
  assert.equal(encoded('Muñoz', ['ISO_IR 100']), 'Mu\xf1oz');
  assert.equal(encoded('Mun\u0303oz', ['ISO_IR 100']), 'Mu\xf1oz'); // composed, since Latin-1 has no marks
  assert.equal(encoded('Muñoz', ['ISO_IR 192']), 'Mu\xc3\xb1oz');
  assert.equal(encoded('Muñoz', []), undefined);
  assert.equal(encoded('Łódź', ['ISO_IR 100']), undefined);
  assert.equal(encoded('€', ['ISO_IR 100']), undefined);
  assert.equal(encoded('€', ['ISO_IR 203']), '\xa4');
  assert.equal(encoded('Muñoz', ['CP850']), 'Mu\xa4oz');
  assert.equal(encoded('王', ['GBK']), '\xcd\xf5');
  assert.equal(encoded('𠀀', ['GBK']), undefined);
  assert.equal(encoded('𠀀', ['GB18030']), '\x95\x32\x82\x36');
  assert.equal(encoded('\ufffd', ['CP437']), undefined);
  assert.equal(encoded('\ud800', ['ISO_IR 192']), undefined);
  assert.equal(encoded('a\x1b$Bb', ['', 'ISO 2022 IR 87']), undefined);
  assert.equal(encoded('Ñ', ['ISO_IR 100'], 'CS'), undefined);
});

test('without code extensions no escape is written', () => {
  assert.equal(encoded('Π', ['ISO 2022 IR 100']), undefined);
  assert.equal(encoded('Π', ['ISO 2022 IR 100', 'ISO 2022 IR 126']), '\x1b-F\xd0\x1b-A');
});

test('the examples of PS3.5 annexes H, I and K, byte by byte', () => {
  assert.equal(
    encoded('Yamada^Tarou=山田^太郎=やまだ^たろう', ['', 'ISO 2022 IR 87']),
    'Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B',
  );
  assert.equal(
    encoded('ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう', ['ISO 2022 IR 13', 'ISO 2022 IR 87']),
    '\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J',
  );
  assert.equal(
    encoded('Hong^Gildong=洪^吉洞=홍^길동', ['', 'ISO 2022 IR 149']),
    'Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf',
  );
  assert.equal(
    encoded('Zhang^XiaoDong=张^小东=', ['', 'ISO 2022 IR 58']),
    'Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=',
  );
});

test('a delimiter is its byte, also where the set has a yen sign there', () => {
  assert.deepEqual(encodeText('ｱ\\ｲ', 'LO', ['ISO_IR 13']), latin1Bytes('\xb1\\\xb2'));
  assert.deepEqual(encodeText('¥', 'LT', ['ISO_IR 13']), latin1Bytes('\\'));
  assert.equal(encodeText('\\', 'LT', ['ISO_IR 13']), undefined);
  assert.equal(encodeText('¥', 'LO', ['ISO_IR 13']), undefined);
  assert.equal(encoded('¥', ['ISO 2022 IR 100', 'ISO 2022 IR 13'], 'LO'), '\xa5');
  assert.equal(encoded('‾', ['ISO 2022 IR 100', 'ISO 2022 IR 13'], 'LO'), '\x1b(J~\x1b(B');
});
