import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Activity, REFUSALS_MAX, STEP_SECONDS, STEPS_MAX } from './activity.ts';

function atTime(startMs = 1_000_000): { activity: Activity; pass(seconds: number): void } {
  let now = startMs;
  const activity = new Activity(() => now);
  return {
    activity,
    pass: (seconds) => {
      now += seconds * 1000;
    },
  };
}

const refusal = (who: string, institution = 'HGM') => ({ door: 'dimse', who, institution, reason: 'store/too-large' });

test('an open association tells its counts and its rate, and is gone when it ends', () => {
  const { activity, pass } = atTime();
  let bytes = 0;
  const watch = activity.opened({ aeTitle: 'CT1', peerAddress: '10.0.0.1', institution: 'HGM', bytes: () => bytes });
  activity.opened({ aeTitle: 'MR1', peerAddress: '10.0.0.2', institution: 'IMSS', bytes: () => 5 });
  pass(4);
  bytes = 4_000_000;
  watch.answered(false);
  watch.answered(true);
  const [mine, ...others] = activity.associations(['HGM']);
  assert.deepEqual(others, []);
  assert.deepEqual(
    [mine?.aeTitle, mine?.done, mine?.failed, mine?.bytes, mine?.bytesPerSecond],
    ['CT1', 1, 1, 4_000_000, 1_000_000],
  );
  pass(1);
  bytes += 10;
  assert.equal(activity.associations(['HGM'])[0]?.bytesPerSecond, 1_000_000, 'asked twice, the rate is still that');
  pass(9);
  assert.equal(activity.associations(['HGM'])[0]?.bytesPerSecond, 1);
  assert.equal(activity.associations(undefined).length, 2);
  watch.ended();
  assert.deepEqual(activity.associations(['HGM']), []);
});

test('steps hold what came in, with empty ones between, and forget what is too long ago', () => {
  const { activity, pass } = atTime(STEP_SECONDS * 1000 * 100);
  activity.counted('HGM', 'taken', 100);
  activity.counted('IMSS', 'taken', 1);
  pass(STEP_SECONDS * 2);
  activity.counted('HGM', 'refused', 0);
  const steps = activity.steps(['HGM']);
  assert.equal(steps.length, STEPS_MAX);
  assert.deepEqual(
    steps.slice(-3).map(({ taken, refused, bytes }) => [taken, refused, bytes]),
    [
      [1, 0, 100],
      [0, 0, 0],
      [0, 1, 0],
    ],
  );
  assert.equal(activity.steps(undefined).at(-3)?.taken, 2);
  pass(STEP_SECONDS * STEPS_MAX);
  assert.ok(activity.steps(undefined).every(({ taken, refused }) => taken + refused === 0));
});

test('equal refusals are one with a count, the newest first, and their number is bounded', () => {
  const { activity, pass } = atTime();
  activity.refused(refusal('A'));
  pass(10);
  activity.refused(refusal('B', ''));
  activity.refused(refusal('A'));
  assert.deepEqual(
    activity.refusals(undefined).map(({ who, count }) => [who, count]),
    [
      ['A', 2],
      ['B', 1],
    ],
  );
  assert.deepEqual(
    activity.refusals(['HGM']).map(({ who }) => who),
    ['A'],
  );
  pass(61);
  activity.refused(refusal('A'));
  assert.equal(activity.refusals(['HGM']).length, 2);
  for (let number = 0; number < 2 * REFUSALS_MAX; number++) activity.refused(refusal(`X${number}`));
  assert.equal(activity.refusals(undefined).length, REFUSALS_MAX);
});
