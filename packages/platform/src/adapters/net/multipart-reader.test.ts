import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat, latin1Bytes, latin1Text } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { MULTIPART_LIMITS, type MultipartLimits, readMultipart } from './multipart-reader.ts';

async function* chunks(text: string, bytesMax: number = text.length): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < text.length; at += bytesMax) yield latin1Bytes(text.slice(at, at + bytesMax));
}

type Got = { headers: Readonly<Record<string, string>>; text: string };

async function read(text: string, bytesMax?: number, limits?: MultipartLimits): Promise<Got[]> {
  const got: Got[] = [];
  for await (const part of readMultipart(chunks(text, bytesMax), 'B', limits)) {
    const pieces: Uint8Array[] = [];
    for await (const piece of part.body) pieces.push(piece);
    got.push({ headers: part.headers, text: latin1Text(concat(pieces)) });
  }
  return got;
}

const dicom = { 'content-type': 'application/dicom' };
const TWO =
  '--B\r\nContent-Type: application/dicom\r\n\r\none\r\n--B\r\nContent-Type: application/dicom\r\n\r\ntwo\r\n--B--';

for (const bytesMax of [1, 2, 7, 64, 1_000]) {
  test(`two parts in chunks of ${bytesMax}`, async () => {
    assert.deepEqual(await read(TWO, bytesMax), [
      { headers: dicom, text: 'one' },
      { headers: dicom, text: 'two' },
    ]);
  });
}

const ACCEPTED: readonly (readonly [string, string, Got[]])[] = [
  [
    'a preamble and an epilogue',
    `This is a message\r\n${TWO}\r\nand an epilogue\r\n--B\r\nnot a part`,
    [
      { headers: dicom, text: 'one' },
      { headers: dicom, text: 'two' },
    ],
  ],
  ['an empty preamble line', '\r\n--B\r\nA: b\r\n\r\nx\r\n--B--\r\n', [{ headers: { a: 'b' }, text: 'x' }]],
  ['no headers', '--B\r\n\r\nx\r\n--B--\r\n', [{ headers: {}, text: 'x' }]],
  ['an empty body', '--B\r\nA: b\r\n\r\n\r\n--B--\r\n', [{ headers: { a: 'b' }, text: '' }]],
  [
    'repeated and folded headers',
    '--B\r\nA: b\r\nA:c  \r\nD: e\r\n f\r\n\r\nx\r\n--B--\r\n',
    [{ headers: { a: 'b, c', d: 'e f' }, text: 'x' }],
  ],
  [
    'line breaks and almost-boundaries in the body',
    '--B\r\n\r\n\r\n\r\n--A\r\n-B\n--B\r--B\r\n-\r\n--B--\r\n',
    [{ headers: {}, text: '\r\n\r\n--A\r\n-B\n--B\r--B\r\n-' }],
  ],
];

for (const [title, text, expected] of ACCEPTED) {
  test(`accepted: ${title}`, async () => {
    for (const bytesMax of [1, 3, 1_000]) assert.deepEqual(await read(text, bytesMax), expected);
  });
}

const REFUSED: readonly (readonly [string, string, RegExp])[] = [
  ['nothing', '', /boundary not found/],
  ['another boundary', TWO.replaceAll('--B', '--C'), /boundary not found/],
  ['no closing boundary', TWO.slice(0, -'\r\n--B--'.length), /before its closing boundary/],
  ['a closing boundary that is cut', TWO.slice(0, -1), /before its closing boundary/],
  ['a header block that is cut', '--B\r\nContent-Type: appl', /before its closing boundary/],
  ['only a closing boundary', '--B--\r\n', /without a part/],
  ['a part without an empty line', '--B\r\nContent-Type: a/b\r\n--B--\r\n', /without a header block/],
];

for (const [title, text, detail] of REFUSED) {
  test(`refused: ${title}`, async () => {
    for (const bytesMax of [1, 1_000]) {
      await assert.rejects(
        read(text, bytesMax),
        (thrown) => thrown instanceof Failure && thrown.code === 'request/invalid' && detail.test(thrown.detail),
      );
    }
  });
}

test('limits have their say', async () => {
  const limited = async (limits: Partial<MultipartLimits>, text: string): Promise<void> => {
    for (const bytesMax of [1, 10, 100_000]) {
      await assert.rejects(
        read(text, bytesMax, { ...MULTIPART_LIMITS, ...limits }),
        (thrown) =>
          thrown instanceof Failure && thrown.code === 'request/invalid' && thrown.detail.includes('more than'),
      );
    }
  };
  await limited({ partsMax: 1 }, TWO);
  await limited({ headersMax: 2 }, '--B\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\nx\r\n--B--\r\n');
  await limited({ headerBytesMax: 50 }, `--B\r\nA: ${'x'.repeat(60)}\r\n\r\nx\r\n--B--\r\n`);
  await limited({ headerBytesMax: 50 }, `--B\r\nA: ${'x'.repeat(5_000)}`.padEnd(200_000, 'y'));
});

test('the parts before a bad one are still read', async () => {
  const text = `--B\r\n\r\none\r\n--B\r\nA: ${'x'.repeat(60)}\r\n\r\ntwo\r\n--B--\r\n`;
  const got: string[] = [];
  await assert.rejects(async () => {
    for await (const part of readMultipart(chunks(text), 'B', { ...MULTIPART_LIMITS, headerBytesMax: 50 })) {
      for await (const piece of part.body) got.push(latin1Text(piece));
    }
  });
  assert.deepEqual(got, ['one']);
});

test('a body that is not read, or not to its end, is skipped', async () => {
  const many = [500, 500].map((count, index) => `--B\r\nA: ${index + 1}\r\n\r\n${'x'.repeat(count)}\r\n`);
  const text = `${many.join('')}--B\r\nA: 3\r\n\r\nz\r\n--B--`;
  const seen: string[] = [];
  for await (const { headers, body } of readMultipart(chunks(text, 100), 'B')) {
    seen.push(headers['a'] ?? '');
    if (headers['a'] === '2') for await (const _ of body) break;
  }
  assert.deepEqual(seen, ['1', '2', '3']);
});

test('nothing is taken from the source that nobody asked for', async () => {
  const text = `--B\r\nA: 1\r\n\r\n${'x'.repeat(10_000)}\r\n--B--`;
  let taken = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks(text, 1_000)) {
      taken++;
      yield chunk;
    }
  }
  const parts = readMultipart(counted(), 'B');
  const first = await parts.next();
  assert.equal(taken, 1);
  assert.ok(first.done !== true);
  const body = first.value.body[Symbol.asyncIterator]();
  await body.next();
  assert.equal(taken, 1);
  await body.next();
  assert.equal(taken, 2);
  await parts.return(undefined);
});

test('leaving early closes the source, and what it throws passes through', async () => {
  let isClosed = false;
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      yield latin1Bytes('--B\r\n\r\nx');
      throw new Failure('request/cancelled', 'gone');
    } finally {
      isClosed = true;
    }
  }
  for await (const _ of readMultipart(source(), 'B')) break;
  assert.equal(isClosed, true);
  await assert.rejects(
    async () => {
      for await (const part of readMultipart(source(), 'B')) for await (const _ of part.body);
    },
    (thrown) => thrown instanceof Failure && thrown.code === 'request/cancelled',
  );
});

test('a large part passes through with little held', async () => {
  const chunk = new Uint8Array(65_536).fill(0x2d);
  async function* source(): AsyncGenerator<Uint8Array> {
    yield latin1Bytes('--B\r\n\r\n');
    for (let index = 0; index < 4_000; index++) yield chunk;
    yield latin1Bytes('\r\n--B--\r\n');
  }
  let bytes = 0;
  const before = process.memoryUsage().arrayBuffers;
  let grownMax = 0;
  for await (const part of readMultipart(source(), 'B')) {
    for await (const piece of part.body) {
      bytes += piece.length;
      grownMax = Math.max(grownMax, process.memoryUsage().arrayBuffers - before);
    }
  }
  assert.equal(bytes, 4_000 * 65_536);
  assert.ok(grownMax < 32 * 1024 * 1024, `${grownMax} bytes held`);
});
