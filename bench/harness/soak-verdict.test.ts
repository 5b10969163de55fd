import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgedSoak, type SoakSample, soakText } from './soak-verdict.ts';

const MIB = 2 ** 20;
const COUNTS = { stored: 10, searched: 20, retrieved: 30 };

function samples(rssMib: (minute: number) => number, openFiles: (minute: number) => number): SoakSample[] {
  return Array.from({ length: 31 }, (_, minutes) => ({
    minutes,
    rssBytes: rssMib(minutes) * MIB,
    databaseBytes: 100 * MIB,
    openFiles: openFiles(minutes),
  }));
}

test('a warm-up and noise are no growth', () => {
  const warm = samples(
    (minute) => (minute < 10 ? 80 + 9 * minute : 170 + 8 * (minute % 2)),
    (minute) => (minute < 10 ? 20 + minute : 30 + (minute % 2)),
  );
  const result = judgedSoak(30, warm, COUNTS);
  assert.equal(result.isFlat, true);
  assert.match(soakText(result), /^Flat over 30 minutes: 10 instances stored, 20 searches, 30 retrievals\.$/m);
});

test('memory or descriptors that grow all the time are', () => {
  const leak = judgedSoak(
    30,
    samples(
      (minute) => 150 + 2 * minute,
      () => 30,
    ),
    COUNTS,
  );
  assert.equal(leak.isFlat, false);
  assert.ok(Math.abs(leak.rssBytesPerHour / MIB - 120) < 1);
  const files = judgedSoak(
    30,
    samples(
      () => 150,
      (minute) => 30 + minute,
    ),
    COUNTS,
  );
  assert.equal(files.isFlat, false);
  assert.match(soakText(files), /^GROWS .*\n.*\n- file descriptors: 50 \(40 to 60\), 60\.0 an hour$/m);
});
