import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Authentication, isPhishingResistant, isSecondFactorWithin } from './identity.ts';

const NOW = new Date('2026-11-29T12:00:00Z');
const before = (minutes: number): Date => new Date(NOW.getTime() - minutes * 60_000);
const of = (over: Partial<Authentication>): Authentication => ({
  strength: 'second-factor',
  methods: ['pwd', 'otp', 'mfa'],
  at: before(3),
  ...over,
});

test('a step that asks for a second factor within minutes takes nothing else', () => {
  assert.equal(isSecondFactorWithin(of({}), 5, NOW), true);
  assert.equal(isSecondFactorWithin(of({ at: before(5) }), 5, NOW), true);
  assert.equal(isSecondFactorWithin(of({ at: before(5.1) }), 5, NOW), false);
  assert.equal(isSecondFactorWithin(of({ strength: 'password' }), 5, NOW), false);
  assert.equal(isSecondFactorWithin(of({ at: undefined }), 5, NOW), false, 'the issuer does not say when');
  assert.equal(isSecondFactorWithin(of({ at: before(-10) }), 5, NOW), false, 'nobody has been seen tomorrow');
  assert.equal(isSecondFactorWithin(undefined, 5, NOW), false);
});

test('keys cannot be asked for by a false page, codes can', () => {
  assert.equal(isPhishingResistant(of({})), false);
  assert.equal(isPhishingResistant(of({ methods: ['pwd', 'hwk', 'user', 'mfa'] })), true);
});
