import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latin1Bytes } from '@acervo/kernel/bytes.ts';
import fc from 'fast-check';
import type { Vr } from '../vr.ts';
import { chooseCharset } from './choose.ts';
import { charsetOf, decodeText, decodeTextReport, splitValues } from './decode.ts';
import { encodeText } from './encode.ts';

/** Terms and the characters to try them with, ASCII apart. */
const SETS: readonly (readonly [terms: readonly string[], chars: string])[] = [
  [['ISO_IR 100'], 'ÑñáéíóúüÜß¿¡ÿ'],
  [['ISO_IR 101'], 'ŁłŚśŻżĄą'],
  [['ISO_IR 109'], 'ĠġĦħŻż'],
  [['ISO_IR 110'], 'ĶķĒēŠš'],
  [['ISO_IR 144'], 'ЛюдмилаЁё'],
  [['ISO_IR 127'], 'قباني'],
  [['ISO_IR 126'], 'Διονυσιος'],
  [['ISO_IR 138'], 'שרוןדבורה'],
  [['ISO_IR 148'], 'ĞğİıŞş'],
  [['ISO_IR 166'], 'สมชายใจดี'],
  [['ISO_IR 203'], '€ŠšŽžŒœ'],
  [['CP850'], 'ÑñáéíóúÁ'],
  [['CP437'], 'ÑñáéíóúΓ'],
  [['WINDOWS-1252'], '€“”Ññ'],
  [['ISO_IR 192'], 'Ññ山😀한'],
  [['GB18030'], '王小东ñ€😀乗﨑'],
  [['GBK'], '王小东乗'],
  [['SHIFT_JIS'], 'ソ表ヤﾔ山'],
  [['', 'ISO 2022 IR 87'], '山田太郎やまだ±'],
  [['ISO 2022 IR 13', 'ISO 2022 IR 87'], 'ﾔﾏ山'],
  [['', 'ISO 2022 IR 149'], '김희중洪吉洞'],
  [['', 'ISO 2022 IR 58'], '张小东'],
  [['', 'ISO 2022 IR 87', 'ISO 2022 IR 159'], '山丂丄'],
  [['ISO 2022 IR 100', 'ISO 2022 IR 144', 'ISO 2022 IR 149'], 'ñЛюд김山'],
];
const anyVr = fc.constantFrom<Vr>('PN', 'LO', 'LT', 'UC');
const anySet = fc.constantFrom(...SETS);
const ASCII = 'aZ9 ^=\r\n\t';
const anyCase = anySet.chain(([terms, chars]) =>
  fc.tuple(fc.constant(terms), fc.string({ unit: fc.constantFrom(...chars, ...ASCII), maxLength: 30 }), anyVr),
);

test('what is encoded is decoded again', () =>
  fc.assert(
    fc.property(anyCase, ([terms, text, vr]) => {
      const bytes = encodeText(text, vr, terms);
      assert.ok(bytes !== undefined, `${terms} cannot carry ${text}`);
      assert.deepEqual(decodeTextReport(bytes, vr, charsetOf(terms)), { text, damaged: false });
    }),
    { numRuns: 2000 },
  ));

test('splitting bytes is splitting text, and each value can be read alone', () =>
  fc.assert(
    fc.property(anyCase, anyCase, ([terms, one, vr], [, two]) => {
      const text = `${one}\\${encodeText(two, vr, terms) === undefined ? 'b' : two}`;
      const bytes = encodeText(text, vr, terms);
      if (bytes === undefined) return; // LT with a backslash in JIS X 0201, which has none
      const charset = charsetOf(terms);
      const values = splitValues(bytes, vr, charset).map((value) => decodeText(value, vr, charset));
      assert.deepEqual(values, vr === 'LT' ? [text] : text.split('\\'));
    }),
    { numRuns: 2000 },
  ));

test('noise never throws, and splitting loses no byte', () =>
  fc.assert(
    fc.property(anySet, noise(), anyVr, ([terms], bytes, vr) => {
      const charset = charsetOf(terms);
      decodeTextReport(bytes, vr, charset);
      const values = splitValues(bytes, vr, charset);
      const total = values.reduce((sum, value) => sum + value.length, 0) + Math.max(values.length - 1, 0);
      assert.equal(total, bytes.length);
      if (vr !== 'LT' && bytes.length > 0)
        assert.equal(values.length, decodeText(bytes, vr, charset).split('\\').length);
    }),
    { numRuns: 3000 },
  ));

/** Bytes with many escapes and delimiters among them. */
function noise(): fc.Arbitrary<Uint8Array> {
  const bits = fc
    .constantFrom('\x1b$B', '\x1b$)C', '\x1b(B', '\x1b-L', '\x1b', '\\', '^')
    .map((text) => [...latin1Bytes(text)]);
  return fc
    .array(fc.oneof(bits, fc.array(fc.nat(255), { minLength: 1, maxLength: 3 })), { maxLength: 20 })
    .map((parts) => Uint8Array.from(parts.flat()));
}

const anyTerms = fc.array(fc.string({ maxLength: 20 }), { maxLength: 4 });

test('any terms and any bytes give a charset that reads', () =>
  fc.assert(
    fc.property(anyTerms, fc.array(fc.uint8Array({ maxLength: 30 })), (declared, samples) => {
      const { charset } = chooseCharset(declared, samples, undefined);
      assert.deepEqual(charsetOf(charset.terms).terms, charset.terms);
      for (const sample of samples) decodeText(sample, 'LO', charset);
    }),
  ));
