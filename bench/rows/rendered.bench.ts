import { openReads, type Resource } from '../harness/read-row.ts';
import { hasStorescu } from '../harness/storescu.ts';
import { hasWrk } from '../harness/wrk.ts';
import type { Row, Target } from '../row.ts';

/**
 * Budget of a picture of one 0.5 MB CT, one core: reading the frame 0.1 ms, to the worker and back 0.1 ms, shades by
 * one table 0.5 ms, JPEG of 512 x 512 grey 3 ms; PNG at the fastest level 4 ms. Nothing is kept of a picture, so every
 * one is made anew.
 */
const picture = (accept: string): Resource => ({ suffix: '/rendered', accept, bytes: 0, pictureSide: 512 });

const ROUNDS = 5;
const DATA = { kind: 'ct', folders: 2, studiesPerFolder: 1, instancesPerStudy: 100 } as const;

const rate = (committed: number, stretch: number): Target => ({
  figure: 'rate/orthanc',
  better: 'higher',
  committed,
  stretch,
});

export const RENDERED_ROWS: readonly Row[] = [
  row('rendered-jpeg', 'Rendered JPEG, CT of 512 x 512, uncached, at random, against Orthanc', 'image/jpeg', [
    rate(1, 2),
    { figure: 'p99Ms', better: 'lower', committed: 50 },
  ]),
  row('rendered-png', 'Rendered PNG, CT of 512 x 512, uncached, at random, against Orthanc', 'image/png', [rate(5, 8)]),
];

function row(id: string, title: string, accept: string, targets: readonly Target[]): Row {
  return {
    id,
    title,
    isQuick: id === 'rendered-jpeg',
    rounds: ROUNDS,
    targets,
    open: async (bench) => {
      if (!hasStorescu()) return { skipped: 'no storescu (dcmtk)' };
      if (!hasWrk()) return { skipped: 'no wrk' };
      const resource = picture(accept);
      return openReads(bench, { data: DATA, resource, orthanc: resource, processes: 1 });
    },
  };
}
