import { openReads, type ReadPlan, type Resource } from '../harness/read-row.ts';
import { hasStorescu } from '../harness/storescu.ts';
import { hasWrk } from '../harness/wrk.ts';
import type { Row, Target } from '../row.ts';

/**
 * Budget of one 0.5 MB CT on the machine of the reference, one core: copy from the page cache 0.06 ms, to the socket
 * 0.1 ms, HTTP 0.05 ms, the question to the database 0.04 ms here and as much there. wrk takes 0.1 ms of the same
 * cores.
 */
const PIXEL_BYTES = 512 * 512 * 2;

const FILE: Resource = { suffix: '', accept: 'application/dicom; transfer-syntax=*', bytes: PIXEL_BYTES };
const FILE_PART: Resource = {
  suffix: '',
  accept: 'multipart/related; type="application/dicom"; transfer-syntax=*',
  bytes: PIXEL_BYTES,
};
const FRAME: Resource = {
  suffix: '/frames/1',
  accept: 'multipart/related; type="application/octet-stream"',
  bytes: PIXEL_BYTES,
};

const ROUNDS = 5;
const DATA = { kind: 'ct', folders: 4, studiesPerFolder: 2, instancesPerStudy: 150 } as const;

const rate = (peer: string, committed: number, stretch?: number): Target => ({
  figure: `rate/${peer}`,
  better: 'higher',
  committed,
  ...(stretch !== undefined && { stretch }),
});

export const WADO_ROWS: readonly Row[] = [
  row('wado-instance', 'WADO-RS instance, CT of 0.5 MB, multipart, 4 connections, against Orthanc', true, {
    plan: { resource: FILE_PART, orthanc: FILE_PART, processes: 1 },
    targets: [rate('orthanc', 4, 6)],
  }),
  row('wado-frame', 'WADO-RS frame, CT of 0.5 MB, 4 connections, against Orthanc', false, {
    plan: { resource: FRAME, orthanc: FRAME, processes: 1 },
    targets: [rate('orthanc', 4, 6)],
  }),
  row('wado-instance-nginx', 'WADO-RS instance, CT of 0.5 MB, 4 connections, against the same files by nginx', true, {
    plan: { resource: FILE, nginx: true, processes: 1 },
    targets: [rate('nginx', 0.6)],
  }),
  row('wado-instance-nginx-2', 'The same with two processes of Acervo on one archive', false, {
    plan: { resource: FILE, nginx: true, processes: 2 },
    targets: [rate('nginx', 0.75)],
  }),
];

type Measured = { plan: Omit<ReadPlan, 'data'>; targets: readonly Target[] };

function row(id: string, title: string, isQuick: boolean, { plan, targets }: Measured): Row {
  return {
    id,
    title,
    isQuick,
    rounds: ROUNDS,
    targets,
    open: async (bench) => {
      if (!hasStorescu()) return { skipped: 'no storescu (dcmtk)' };
      if (!hasWrk()) return { skipped: 'no wrk' };
      return openReads(bench, { data: DATA, ...plan });
    },
  };
}
