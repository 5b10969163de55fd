import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, isCanonical, type Json } from './canonical-json.ts';

test('RFC 8785 3.2.2 and 3.2.3: numbers, strings and the order of names', () => {
  const value = {
    numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
    string: '€$\u000f\nA\'B"\\\\"/',
    literals: [null, true, false],
  };
  assert.equal(
    canonicalJson(value),
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
      '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  );
  assert.equal(
    canonicalJson({ '\u20ac': 1, '\r': 2, '\ufb33': 3, 1: 4, '\u{1f600}': 5, '\u0080': 6, '\u00f6': 7 }),
    '{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\u{1f600}":5,"\ufb33":3}',
  );
});

test('what has no JSON form is refused', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, '\ud800', { '\udc00': 1 }]) {
    assert.throws(() => canonicalJson(value), TypeError);
  }
});

test('property: the text says the same value, whatever the order of names', () => {
  fc.assert(
    fc.property(
      fc.jsonValue().filter((value) => JSON.stringify(value).isWellFormed()),
      (value) => {
        const text = canonicalJson(value as Json);
        assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
        assert.equal(canonicalJson(reversed(value as Json)), text);
      },
    ),
  );
});

function reversed(value: Json): Json {
  if (Array.isArray(value)) return value.map(reversed);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, inner]) => [name, reversed(inner)]),
  );
}

test('property: the canonical text of a value is known as such, any other one is not', () => {
  fc.assert(
    fc.property(
      fc.jsonValue().filter((value) => JSON.stringify(value).isWellFormed()),
      fc.nat(),
      (given, at) => {
        const text = canonicalJson(given as Json);
        const value = JSON.parse(text) as Json;
        assert.ok(isCanonical(text, value));
        const spaced = `${text.slice(0, at % text.length)} ${text.slice(at % text.length)}`;
        assert.ok(!isCanonical(spaced, value));
      },
    ),
  );
  for (const text of ['{"b":1,"a":2}', '{"a":1,"a":1}', '1.0', '"\\u0041"', '"\\ud800"', '{"9":1,"10":2}', ' 1']) {
    assert.ok(!isCanonical(text, JSON.parse(text) as Json), text);
  }
});
