import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROLES, type Role } from '../../ports/directory.ts';
import { conflictOf, INCOMPATIBLE } from './incompatible.ts';

const grant = (role: Role, institution = 'HGM', from = '2026-01-01T00:00:00.000Z', until?: string) => ({
  role,
  institution,
  from,
  ...(until !== undefined && { until }),
});

const isRefused = (a: ReturnType<typeof grant>, b: ReturnType<typeof grant>): boolean => {
  const [there, back] = [conflictOf(a, [b]), conflictOf(b, [a])];
  assert.equal(there?.pair, back?.pair, 'whichever comes first');
  return there !== undefined;
};

test('each pair is named once, of two roles, with its reason', () => {
  const names = INCOMPATIBLE.map(({ roles }) => roles.toSorted().join());
  assert.equal(new Set(names).size, names.length);
  for (const { roles, reason } of INCOMPATIBLE) {
    assert.notEqual(roles[0], roles[1]);
    assert.ok(reason.length > 10);
  }
});

test('an auditor of an institution does nothing else there, and may elsewhere', () => {
  for (const role of ROLES.filter((each) => each !== 'auditor')) {
    assert.ok(isRefused(grant('auditor'), grant(role)), role);
    assert.ok(!isRefused(grant('auditor'), grant(role, 'IMSS')), role);
    assert.ok(isRefused(grant('auditor', '*'), grant(role, 'IMSS')), 'an auditor of all has no elsewhere');
  }
});

test('three signatures of a national activation are of three people, wherever they work', () => {
  for (const [a, b] of [
    ['validator', 'authority'],
    ['validator', 'data-protection-officer'],
    ['validator', 'regulatory-liaison'],
    ['validator', 'site-chief'],
    ['authority', 'data-protection-officer'],
    ['authority', 'regulatory-liaison'],
    ['authority', 'site-chief'],
  ] as const)
    assert.ok(isRefused(grant(a), grant(b, 'IMSS')), `${a} ${b}`);
});

test('roles that work together may meet in one person', () => {
  for (const [a, b] of [
    ['radiologist', 'site-chief'],
    ['radiologist', 'validator'],
    ['technician', 'steward'],
    ['steward', 'administrator'],
  ] as const)
    assert.ok(!isRefused(grant(a), grant(b)), `${a} ${b}`);
});

test('one after the other is no conflict', () => {
  const [first, second] = ['2026-02-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z'];
  const validator = grant('validator', '*', undefined, first);
  assert.ok(!isRefused(validator, grant('site-chief', 'HGM', first)), 'the end itself is outside');
  assert.ok(isRefused({ ...validator, until: second }, grant('site-chief', 'HGM', first)));
});
