import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describePerformance } from './document.ts';
import type { Kept } from './kept.ts';

const summary = { min: 1, median: 1.7, max: 3 };
const KEPT: Kept = {
  id: 'a-row',
  title: 'A row',
  sides: [
    {
      name: 'acervo',
      detail: 'Acervo',
      figures: { rate: summary, rssPeakBytes: { min: 1, median: 3 << 20, max: 9 << 20 } },
    },
    { name: 'orthanc', detail: 'Orthanc 1.12.7, SQLite', figures: { rate: summary } },
  ],
  ratios: { 'rate/orthanc': summary },
  targets: [{ figure: 'rate/orthanc', better: 'higher', committed: 1.8, stretch: 2.5, value: 1.7, verdict: 'missed' }],
  rounds: 5,
  noisyRounds: 2,
  checks: 'counts',
  guarantees: ['digests: every one'],
  measuredOn: '2026-01-02',
  machine: { cpu: 'A CPU', cores: 2, memoryGib: 24, kernel: '6.1', disk: 'ext4 on /dev/vda', node: 'v24.0.0' },
};
const entry = { id: 'a-row', title: 'A row', kept: KEPT, note: undefined };
const describe = (entries: Parameters<typeof describePerformance>[0]['entries']): string =>
  describePerformance({ entries, soak: undefined, flameGraph: undefined });

test('a row shows its target, its sides, its ratios and how it was measured', () => {
  const text = describe([entry]);
  assert.match(text, /^\| \[a-row\]\(#a-row\) \| rate\/orthanc \| 1\.70 \| ≥ 1\.80 \| ≥ 2\.50 \| \*\*missed\*\* \|$/m);
  assert.match(text, /^\| figure, median \(least to most\) \| Acervo \| Orthanc 1\.12\.7, SQLite \|$/m);
  assert.match(text, /^\| rssPeakBytes \| 3 MiB \(1\.00 to 9 MiB\) \| {2}\|$/m);
  assert.match(text, /^5 rounds, 2 of them with other work beside\. Checked: counts\.$/m);
  assert.match(text, /^- digests: every one$/m);
  assert.match(
    text,
    /2026-01-02: 2 cores of A CPU, 24 GiB, Linux 6\.1, ext4 on \/dev\/vda, Node v24\.0\.0 \(`a-row`\)/,
  );
});

test('a missed row says why, or that nobody has said so', () => {
  assert.match(describe([entry]), /\*\*Missed\*\*, and nobody has said yet why/);
  assert.match(describe([{ ...entry, note: 'The client.' }]), /\*\*What stands in the way\.\*\* The client\./);
});

test('what was not measured is said, in the table too', () => {
  const text = describe([{ ...entry, kept: undefined }]);
  assert.match(text, /\| \[a-row\]\(#a-row\) \| \| not measured \|/);
  assert.match(text, /^Not measured yet\.$/m);
  assert.match(text, /Not run yet: `npm run bench -- --soak 30 --write`/);
});
