import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { type HttpGateLimits, httpGate } from './http-gate.ts';

const LIMITS: HttpGateLimits = { requestsMax: 8, callerRate: 2, institutionRate: 3 };
const of = (institution: string, id = `viewer of ${institution}`, kind: 'person' | 'process' = 'person') => ({
  actor: { kind, id },
  institution,
});

function gateAt(limits: Partial<HttpGateLimits> = {}, parties = 2) {
  const clock = { ms: 0 };
  const gate = httpGate(
    { ...LIMITS, ...limits },
    () => parties,
    () => clock.ms,
  );
  const isLetIn = (...asked: Parameters<typeof gate.enter>): boolean => isDone(() => gate.enter(...asked)());
  return { gate, clock, isLetIn };
}

function isDone(what: () => void): boolean {
  try {
    what();
    return true;
  } catch (thrown) {
    assert.ok(thrown instanceof Failure && thrown.code === 'request/too-many', String(thrown));
    return false;
  }
}

const times = (count: number, what: () => boolean): number =>
  Array.from({ length: count }, what).filter((isGood) => isGood).length;

test('a caller gets its rate and its burst, which is not the rate of another one', () => {
  const { clock, isLetIn } = gateAt({ institutionRate: 0 });
  const ana = (): boolean => isLetIn(of('A', 'ana'), '10.0.0.1');
  assert.equal(times(20, ana), 10);
  assert.equal(isLetIn(of('A', 'eva'), '10.0.0.1'), true);
  clock.ms += 1000;
  assert.equal(times(20, ana), 2);
});

test('all callers of an institution together get its rate', () => {
  const { isLetIn } = gateAt();
  let number = 0;
  const anyone = (): boolean => isLetIn(of('A', `person ${number++}`), '10.0.0.1');
  assert.equal(times(40, anyone), 15);
  assert.equal(isLetIn(of('B'), '10.0.0.1'), true);
});

test('who is not known, and what anybody may ask, count for the address', () => {
  const { gate, isLetIn } = gateAt();
  assert.equal(
    times(20, () => isDone(() => gate.knock('10.0.0.1'))),
    10,
  );
  assert.equal(isLetIn(of('A', 'public', 'process'), '10.0.0.1'), false);
  assert.equal(isLetIn(of('A', 'public', 'process'), '10.0.0.2'), true);
  assert.equal(isLetIn(of('A'), '10.0.0.1'), true, 'a person behind the same address is not kept out');
});

test('of the requests in work no institution has more than its share when there are nearly too many', () => {
  const { gate } = gateAt({ callerRate: 0, institutionRate: 0 }, 3);
  const leave = Array.from({ length: 6 }, () => gate.enter(of('A'), ''));
  assert.throws(() => gate.enter(of('A'), ''), /request\/too-many/);
  leave.push(gate.enter(of('B'), ''));
  for (const each of leave) each();
  gate.enter(of('A'), '');
});
