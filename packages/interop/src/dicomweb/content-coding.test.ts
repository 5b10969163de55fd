import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptsCoding, acceptsGzip } from './content-coding.ts';

test('gzip is taken when it is named or everything is, and not refused by its weight', () => {
  for (const header of ['gzip', 'deflate, gzip;q=0.5', 'br, *', '*;q=0, gzip', 'GZIP']) {
    assert.equal(acceptsGzip(header), true, header);
  }
  for (const header of [undefined, '', ' ', 'identity', 'gzip;q=0', '*;q=0', 'gzip;q=0, *', 'br']) {
    assert.equal(acceptsGzip(header), false, header);
  }
});

test('brotli likewise, each by its own name', () => {
  for (const header of ['br', 'gzip, br;q=0.1', '*']) assert.equal(acceptsCoding(header, 'br'), true, header);
  for (const header of [undefined, 'gzip', 'br;q=0, *']) assert.equal(acceptsCoding(header, 'br'), false, header);
});
