import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { acceptOf, boundaryOf, MEDIA_RANGES_MAX, parseContentType, parseMediaTypes } from './media-type.ts';

/** Accept values met in the field or allowed by the grammar, and what they read as: type;parameters;q. */
const ACCEPTS: readonly (readonly [string, string[]])[] = [
  ['*/*', ['*/*']],
  ['', ['*/*']],
  ['   ', ['*/*']],
  ['application/dicom', ['application/dicom']],
  ['Application/DICOM', ['application/dicom']],
  ['application/dicom+json', ['application/dicom+json']],
  ['application/json', ['application/json']],
  ['application/dicom+json, application/json', ['application/dicom+json', 'application/json']],
  ['application/dicom+json,application/json;q=0.9', ['application/dicom+json', 'application/json;q=0.9']],
  ['application/dicom+json , */*;q=0.1', ['application/dicom+json', '*/*;q=0.1']],
  [
    'multipart/related; type=application/octet-stream; transfer-syntax=*',
    ['multipart/related;type=application/octet-stream;transfer-syntax=*'],
  ],
  [
    'multipart/related; type="application/octet-stream"; transfer-syntax=*',
    ['multipart/related;type=application/octet-stream;transfer-syntax=*'],
  ],
  ['multipart/related;type="application/dicom"', ['multipart/related;type=application/dicom']],
  [
    'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.50',
    ['multipart/related;type=application/dicom;transfer-syntax=1.2.840.10008.1.2.4.50'],
  ],
  [
    'multipart/related; type="application/dicom"; transfer-syntax="1.2.840.10008.1.2.1"',
    ['multipart/related;type=application/dicom;transfer-syntax=1.2.840.10008.1.2.1'],
  ],
  ['multipart/related; type=application/dicom', ['multipart/related;type=application/dicom']],
  [
    'multipart/related;type=image/jpeg;q=0.8,multipart/related;type=image/jp2',
    ['multipart/related;type=image/jpeg;q=0.8', 'multipart/related;type=image/jp2'],
  ],
  ['multipart/related; type="image/*"; boundary=**', ['multipart/related;type=image/*;boundary=**']],
  ['multipart/related', ['multipart/related']],
  [
    'MULTIPART/RELATED; TYPE="Application/DICOM"; Transfer-Syntax=*',
    ['multipart/related;type=Application/DICOM;transfer-syntax=*'],
  ],
  [
    'multipart/related ; type = "application/dicom" ;transfer-syntax = *',
    ['multipart/related;type=application/dicom;transfer-syntax=*'],
  ],
  ['application/dicom; transfer-syntax=*', ['application/dicom;transfer-syntax=*']],
  [
    'application/dicom;transfer-syntax=1.2.840.10008.1.2.4.80;q=.7',
    ['application/dicom;transfer-syntax=1.2.840.10008.1.2.4.80;q=0.7'],
  ],
  ['text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2', ['text/html', 'image/gif', 'image/jpeg', '*/*;q=0.2']],
  [
    'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
    ['text/html', 'application/xhtml+xml', 'application/xml;q=0.9', 'image/avif', 'image/webp', '*/*;q=0.8'],
  ],
  ['image/*', ['image/*']],
  ['*/json', []],
  ['application/json;q=0', ['application/json;q=0']],
  ['application/json;q=1.000', ['application/json']],
  ['application/json;q=2', []],
  ['application/json;q=high, application/dicom', ['application/dicom']],
  ['application/json;q=0.5;q=0.9', ['application/json;q=0.5']],
  ['application/dicom; transfer-syntax=1.2; transfer-syntax=3.4', ['application/dicom;transfer-syntax=1.2']],
  [',, application/dicom ,,', ['application/dicom']],
  ['application/dicom;', ['application/dicom']],
  ['application/dicom; ; transfer-syntax=*', ['application/dicom;transfer-syntax=*']],
  ['dicom, application/dicom', ['application/dicom']],
  ['multipart/related; type, application/dicom', ['application/dicom']],
  ['multipart/related; type="application/dicom, application/json', ['application/json']],
  ['multipart/related; type="a,b;c"; transfer-syntax=*', ['multipart/related;type=a,b;c;transfer-syntax=*']],
  ['multipart/related; type="say \\"hi\\""', ['multipart/related;type=say "hi"']],
  ['multipart/related; type="application/dicom"x, image/jp2', ['image/jp2']],
  ['multipart/related; type=application/dicom transfer-syntax=*, image/jp2', ['image/jp2']],
];

const shown = (accept: string | undefined): string[] =>
  parseMediaTypes(accept).map(({ mediaType, parameters, q }) =>
    [
      mediaType,
      ...Object.entries(parameters).map(([name, value]) => `${name}=${value}`),
      ...(q === 1 ? [] : [`q=${q}`]),
    ].join(';'),
  );

for (const [accept, expected] of ACCEPTS) {
  test(`Accept: ${accept}`, () => assert.deepEqual(shown(accept), expected));
}

test('an absent Accept accepts anything', () => assert.deepEqual(shown(undefined), ['*/*']));

test('no more ranges than the limit are read', () => {
  assert.equal(parseMediaTypes('a/b,'.repeat(500)).length, MEDIA_RANGES_MAX);
});

test('the accept query parameter goes before the header', () => {
  const types = (header: string | undefined, query: string): string[] =>
    acceptOf(header, query).map(({ mediaType, parameters }) => [mediaType, ...Object.values(parameters)].join('|'));
  assert.deepEqual(types('*/*', 'accept=application/dicom%2Bjson'), ['application/dicom+json']);
  assert.deepEqual(types('*/*', 'limit=1&accept=application/dicom+json'), ['application/dicom+json']);
  assert.deepEqual(types('*/*', 'accept=multipart/related;+type=%22application/dicom%22;%20transfer-syntax=*'), [
    'multipart/related|application/dicom|*',
  ]);
  assert.deepEqual(types(undefined, 'Accept=image/jpeg&accept=image/jp2,image%2Fjls'), [
    'image/jpeg',
    'image/jp2',
    'image/jls',
  ]);
  assert.deepEqual(types('image/jpeg', 'accept='), ['image/jpeg']);
  assert.deepEqual(types('image/jpeg', ''), ['image/jpeg']);
  assert.throws(
    () => acceptOf(undefined, 'accept=%E4'),
    (thrown) => thrown instanceof Failure && thrown.code === 'query/invalid',
  );
});

test('a content type keeps an unquoted boundary of any characters', () => {
  const boundaries: readonly (readonly [string, string])[] = [
    ['multipart/related; type="application/dicom"; boundary=abc', 'abc'],
    ["multipart/related; boundary=--a(b)c/d:e=f?g'h; type=application/dicom", "--a(b)c/d:e=f?g'h"],
    ['multipart/related; boundary="with space, and; more"', 'with space, and; more'],
    ['multipart/related;boundary=a,b', 'a,b'],
    ['Multipart/Related; Boundary=ABC', 'ABC'],
  ];
  for (const [text, boundary] of boundaries) {
    const parsed = parseContentType(text);
    assert.ok(parsed !== undefined, text);
    assert.equal(parsed.mediaType, 'multipart/related');
    assert.equal(boundaryOf(parsed), boundary);
  }
});

test('what is no content type reads as none', () => {
  for (const text of [undefined, '', 'dicom', 'application/*', '*/*', 'a/b;c', 'a b/c']) {
    assert.equal(parseContentType(text), undefined, text);
  }
});

test('a multipart type needs a boundary of at most 70 characters', () => {
  for (const boundary of ['', `; boundary=${'x'.repeat(71)}`]) {
    const parsed = parseContentType(`multipart/related${boundary}`);
    assert.ok(parsed !== undefined);
    assert.throws(
      () => boundaryOf(parsed),
      (thrown) => thrown instanceof Failure && thrown.code === 'request/invalid',
    );
  }
});
