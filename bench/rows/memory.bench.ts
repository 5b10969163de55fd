import { setTimeout as pause } from 'node:timers/promises';
import { startAcervo } from '../harness/acervo.ts';
import { openIngest } from '../harness/ingest-row.ts';
import { hasStorescu, sendFolders } from '../harness/storescu.ts';
import type { ObjectSetOptions } from '../objects/object-set.ts';
import type { Bench, Measured, Row, Sides, Target } from '../row.ts';

const BYTES_PER_MIB = 2 ** 20;
const ROUNDS = 3;
const IDLE_MS = 5_000;

/**
 * Resident memory of our process; that of its database stands beside it. Budget: Node with our modules 80 MB, then for
 * each association its socket's buffers and one small object (1 MiB), of a large one a few buffers of 64 KiB.
 */
export const MEMORY_ROWS: readonly Row[] = [
  {
    id: 'rss-idle',
    title: 'Memory of a server that has started and does nothing',
    isQuick: true,
    rounds: ROUNDS,
    targets: [peakAtMost(150)],
    open: openIdle,
  },
  memoryRow('rss-ct-8', 'Memory under 8 associations of CT', 200, {
    kind: 'ct',
    folders: 8,
    studiesPerFolder: 1,
    instancesPerStudy: 75,
  }),
  memoryRow('rss-us-4', 'Memory with four objects of 30 MB on their way at once', 256, {
    kind: 'us',
    folders: 4,
    studiesPerFolder: 1,
    instancesPerStudy: 2,
  }),
];

function peakAtMost(mebibytes: number): Target {
  return { figure: 'rssPeakBytes', better: 'lower', committed: mebibytes * BYTES_PER_MIB };
}

function memoryRow(id: string, title: string, mebibytes: number, data: Omit<ObjectSetOptions, 'seed'>): Row {
  return {
    id,
    title,
    isQuick: false,
    rounds: ROUNDS,
    targets: [peakAtMost(mebibytes)],
    open: async (bench) => {
      if (!hasStorescu()) return { skipped: 'no storescu (dcmtk)' };
      return openIngest(bench, {
        data,
        quickInstances: 2,
        orthanc: {},
        load: (to, { folders }) => sendFolders(to, folders),
      });
    },
  };
}

/** An operation is a second of idleness. */
async function openIdle(bench: Bench): Promise<Sides> {
  const acervo = await startAcervo(bench);
  const round = async (): Promise<Measured> => {
    const before = acervo.cpuSeconds();
    await pause(IDLE_MS);
    const { bytes, peakBytes } = acervo.resident();
    return {
      operations: IDLE_MS / 1000,
      seconds: IDLE_MS / 1000,
      cpuSeconds: acervo.cpuSeconds() - before,
      figures: { rssBytes: bytes, rssPeakBytes: peakBytes, databasePssBytes: acervo.databaseBytes() },
    };
  };
  return {
    ours: { name: 'acervo', detail: 'Acervo', round },
    peers: [],
    checks: 'it runs; an operation is a second',
    close: () => Promise.resolve(),
  };
}
