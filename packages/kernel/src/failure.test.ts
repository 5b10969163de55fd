import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Failure, toFailure } from './failure.ts';

function caught(what: () => unknown): Failure {
  try {
    what();
  } catch (thrown) {
    return toFailure(thrown);
  }
  throw new Error('nothing was thrown');
}

test('an error that was not foreseen says what and where, not its text, which may name a patient', () => {
  const of = Object.assign(new TypeError('invalid input: "NUÑEZ^ANA"'), { code: '22P02' });
  const failure = toFailure(of);
  assert.equal(failure.code, 'internal');
  assert.doesNotMatch(failure.message, /NUÑEZ/);
  assert.match(failure.detail, /^TypeError 22P02 \| at .*failure\.test\.ts/);
  assert.equal(failure.cause, of);
  assert.doesNotMatch(caught(() => JSON.parse('{"PatientName": NUÑEZ')).detail, /NUÑEZ/);
  assert.equal(toFailure('NUÑEZ').detail, 'string');
  assert.doesNotMatch(toFailure(Object.assign(new Error('x'), { code: 'NUÑEZ^ANA' })).detail, /NUÑEZ/);
});

test('what the system says is for the operator, and a failure stays what it is', () => {
  const path = `${import.meta.dirname}/is-not-there`;
  assert.match(caught(() => readFileSync(path)).detail, /ENOENT: no such file or directory, open '.*is-not-there'/);
  const failure = new Failure('store/too-large', 'x');
  assert.equal(toFailure(failure), failure);
});
