import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import fc from 'fast-check';
import { ROLES, type Role, type RoleGrant } from '../../ports/directory.ts';
import { type Asked, decideGrant, endedAt } from './grants.ts';
import { INCOMPATIBLE } from './incompatible.ts';
import { isInForce, isOpen } from './period.ts';

const HOUR_MS = 3_600_000;
const EPOCH_MS = Date.parse('2026-01-01T00:00:00Z');
const HOURS = 40;
const atHour = (hour: number): string => new Date(EPOCH_MS + hour * HOUR_MS).toISOString();

const hour = fc.integer({ min: 0, max: HOURS });
/** At random two roles meet seldom; these meet all the time. */
const role = fc.oneof(fc.constantFrom(...ROLES), fc.constantFrom<Role>('validator', 'site-chief', 'auditor'));
const place = fc.constantFrom('HGM', 'IMSS', '*');
const asked = fc.record({ role, institution: place, from: fc.option(hour), until: fc.option(hour) });
const step = fc.record({ now: hour, asked, isEnd: fc.boolean() });
type Step = { now: number; asked: { role: Role; institution: string; from: number | null; until: number | null } };

const askedOf = ({ asked: { from, until, ...rest } }: Step): Asked => ({
  ...rest,
  ...(from !== null && { from: atHour(from) }),
  ...(until !== null && { until: atHour(until) }),
});

/** Said without the code under test: what is in force at a moment, pair by pair. */
function pairsInForce(held: readonly RoleGrant[], ms: number): string[] {
  const now = held.filter(
    ({ from, until }) => Date.parse(from) <= ms && (until === undefined || ms < Date.parse(until)),
  );
  return now.flatMap((a) =>
    now.flatMap((b) => {
      const forbidden = INCOMPATIBLE.find(({ roles: [one, other] }) => a.role === one && b.role === other);
      const isOnePlace = a.institution === b.institution || [a.institution, b.institution].includes('*');
      return forbidden !== undefined && (forbidden.where === 'anywhere' || isOnePlace) ? [`${a.role} ${b.role}`] : [];
    }),
  );
}

/** Does as the use cases do: puts in place of the one before, or ends what is open. */
function after(held: readonly RoleGrant[], { isEnd, ...of }: Step & { isEnd: boolean }): RoleGrant[] {
  const now = new Date(atHour(of.now));
  const { role: asRole, institution } = of.asked;
  if (isEnd) {
    const isMeant = (each: RoleGrant): boolean => each.role === asRole && each.institution === institution;
    return held.map((each) => (isMeant(each) && isOpen(each, now) ? endedAt(each, now, now) : each));
  }
  const { grant, before, isSame } = decideGrant(held, askedOf(of), now);
  return isSame ? [...held] : [...held.filter((each) => each !== before), grant];
}

test('however roles are granted and ended, no forbidden pair is ever in force, and none is held twice', () => {
  let refused = 0;
  let granted = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      let held: RoleGrant[] = [];
      for (const each of steps) {
        try {
          held = after(held, each);
          granted += 1;
        } catch (thrown) {
          assert.ok(thrown instanceof Failure, String(thrown));
          assert.ok(['directory/incompatible', 'request/invalid'].includes(thrown.code));
          refused += thrown.code === 'directory/incompatible' ? 1 : 0;
        }
      }
      // A period begins and ends at whole hours: half past, nothing is left out.
      for (let half = 0; half <= HOURS; half += 0.5) {
        const ms = EPOCH_MS + half * HOUR_MS;
        assert.deepEqual(pairsInForce(held, ms), []);
        const names = held.filter((each) => isInForce(each, new Date(ms))).map((each) => each.role + each.institution);
        assert.equal(new Set(names).size, names.length);
      }
    }),
    { numRuns: 500 },
  );
  assert.ok(refused > 100 && granted > 100, `${refused} refused, ${granted} granted: the property says something`);
});

test('what is refused as incompatible would have made such a pair', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 15 }), step, (steps, last) => {
      let held: RoleGrant[] = [];
      for (const each of steps) {
        try {
          held = after(held, { ...each, isEnd: false });
        } catch {}
      }
      const now = new Date(atHour(last.now));
      try {
        decideGrant(held, askedOf(last), now);
      } catch (thrown) {
        if (!(thrown instanceof Failure) || thrown.code !== 'directory/incompatible') return;
        const wanted = askedOf(last);
        const from = wanted.from ?? now.toISOString();
        const all = [...held, { ...wanted, from }];
        const moments = all.map((each) => Date.parse(each.from));
        assert.ok(moments.some((ms) => pairsInForce(all, ms).length > 0));
      }
    }),
    { numRuns: 500 },
  );
});

test('a role is in force from its beginning to before its end', () => {
  fc.assert(
    fc.property(hour, hour, hour, (from, until, at) => {
      const grant = { from: atHour(from), until: atHour(until) };
      assert.equal(isInForce(grant, new Date(atHour(at))), from <= at && at < until);
      assert.equal(isInForce({ from: grant.from }, new Date(atHour(at))), from <= at);
    }),
  );
});
