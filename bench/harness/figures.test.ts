import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figuresOf, judged, ratiosOf, summariesOf } from './figures.ts';

const round = (operations: number, seconds: number, cpuSeconds: number) => ({ operations, seconds, cpuSeconds });

test('a round gives rate, CPU per operation, percentiles and what the row adds', () => {
  const figures = figuresOf({ ...round(100, 2, 0.5), latenciesMs: [1, 2, 3], figures: { rssBytes: 7 } });
  assert.deepEqual(figures, { rate: 50, cpuMs: 5, p50Ms: 2, p99Ms: 2.98, rssBytes: 7 });
  assert.deepEqual(Object.keys(figuresOf(round(1, 1, 1))), ['rate', 'cpuMs']);
});

test('ratios are of the two rounds of a pair, not of the medians', () => {
  const ours = { name: 'acervo', rounds: [round(100, 1, 1), round(900, 1, 1), round(200, 1, 1)] };
  const peer = { name: 'orthanc', rounds: [round(50, 1, 4), round(300, 1, 4), round(50, 1, 4)] };
  const ratios = ratiosOf(ours, peer);
  assert.deepEqual(ratios['rate/orthanc'], { min: 2, median: 3, max: 4 });
  assert.throws(() => ratiosOf(ours, { ...peer, rounds: [] }), RangeError);
});

test('a figure that some rounds lack is left out', () => {
  const rounds = [{ ...round(1, 1, 1), figures: { bytes: 1 } }, round(1, 1, 1)];
  assert.deepEqual(Object.keys(summariesOf({ name: 'a', rounds })), ['rate', 'cpuMs']);
});

test('a target is held against the median, of a peak against the most', () => {
  const figures = { 'rate/p': { min: 1, median: 2, max: 9 }, rssPeakBytes: { min: 10, median: 20, max: 31 } };
  const rate = { figure: 'rate/p', better: 'higher', committed: 1.8, stretch: 2.5 } as const;
  assert.equal(judged(rate, figures).verdict, 'met');
  assert.equal(judged({ ...rate, stretch: 2 }, figures).verdict, 'stretch');
  assert.equal(judged({ ...rate, committed: 2.1 }, figures).verdict, 'missed');
  assert.deepEqual(judged({ figure: 'rssPeakBytes', better: 'lower', committed: 30 }, figures).verdict, 'missed');
  assert.deepEqual(judged({ figure: 'rssPeakBytes', better: 'lower', committed: 31 }, figures).value, 31);
  assert.equal(judged({ ...rate, figure: 'nobody/measured' }, figures).verdict, 'missed');
});
