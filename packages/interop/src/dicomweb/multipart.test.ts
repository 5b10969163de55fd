import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat, latin1Bytes, latin1Text } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { type MultipartPart, multipartLength, multipartRelated } from './multipart.ts';

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return latin1Text(concat(pieces));
}

async function* streamed(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield latin1Bytes(text);
}

const dicom = { 'Content-Type': 'application/dicom' };

test('parts stand between delimiters on lines of their own', async () => {
  const parts: MultipartPart[] = [
    { headers: { ...dicom, 'Content-Location': '/a' }, body: latin1Bytes('one') },
    { headers: dicom, body: streamed('tw', 'o\r\n') },
  ];
  const { contentType, body } = multipartRelated('application/dicom', parts, 'B');
  assert.equal(contentType, 'multipart/related; type="application/dicom"; boundary=B');
  assert.equal(
    await textOf(body),
    [
      '--B',
      'Content-Type: application/dicom',
      'Content-Location: /a',
      '',
      'one',
      '--B',
      'Content-Type: application/dicom',
      '',
      'two\r\n',
      '--B--',
      '',
    ].join('\r\n'),
  );
});

test('the length is known when those of the bodies are', async () => {
  const parts = ['', 'x', 'yy\r\n--B\r\n'].map((text) => ({
    headers: dicom,
    body: latin1Bytes(text),
    length: text.length,
  }));
  for (const count of [0, 1, 2, 3]) {
    const some = parts.slice(0, count);
    const { body, boundary } = multipartRelated('application/dicom', some);
    assert.equal((await textOf(body)).length, multipartLength(some, boundary));
  }
});

test('each answer has a boundary of its own', () => {
  const [a, b] = [multipartRelated('a/b', []), multipartRelated('a/b', [])];
  assert.notEqual(a.boundary, b.boundary);
  assert.match(a.contentType, /; boundary=[0-9a-f-]{36}$/);
});

test('a part is made only when its turn has come', async () => {
  const made: number[] = [];
  async function* parts(): AsyncGenerator<MultipartPart> {
    for (const number of [1, 2]) {
      made.push(number);
      yield { headers: dicom, body: streamed(`${number}`) };
    }
  }
  const iterator = multipartRelated('application/dicom', parts(), 'B').body[Symbol.asyncIterator]();
  assert.deepEqual(made, []);
  await iterator.next();
  await iterator.next();
  assert.deepEqual(made, [1]);
  await iterator.next();
  assert.deepEqual(made, [1, 2]);
});

test('a reader that goes away closes the part it was reading', async () => {
  let isClosed = false;
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield new Uint8Array(8);
    } finally {
      isClosed = true;
    }
  }
  let chunks = 0;
  for await (const _ of multipartRelated('a/b', [{ headers: {}, body: endless() }]).body) {
    if (++chunks === 5) break;
  }
  assert.equal(isClosed, true);
});

test('a header cannot carry a line break', async () => {
  const { body } = multipartRelated('a/b', [{ headers: { 'Content-Location': 'a\r\nX: y' }, body: new Uint8Array() }]);
  await assert.rejects(textOf(body), (thrown) => thrown instanceof Failure && thrown.code === 'internal');
});
