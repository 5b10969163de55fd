import { openIngest, openIngestAgainstOpen, type Receiver } from '../harness/ingest-row.ts';
import type { Load } from '../harness/ingest-side.ts';
import { hasStorescu, sendFolders } from '../harness/storescu.ts';
import type { ObjectSet, ObjectSetOptions } from '../objects/object-set.ts';
import type { Row, Target } from '../row.ts';

/**
 * Budget of one 0.5 MB CT on the machine of the reference, one core: copy from the socket 0.15 ms, SHA-256 0.27 ms,
 * write 0.1 ms, header, index and journal 0.2 ms. The sender takes 0.6 ms of the same cores.
 */
type Plan = Pick<Row, 'id' | 'title' | 'isQuick' | 'targets'> & {
  data: Omit<ObjectSetOptions, 'seed'>;
  index: 'sqlite' | 'postgresql';
  /** Out of the box on both sides: Nagle's algorithm on. */
  isNagle?: boolean;
};

const ROUNDS = 5;
const QUICK_INSTANCES = 20;

const PLANS: readonly Plan[] = [
  {
    id: 'cstore-ct-4',
    title: 'C-STORE, CT of 0.5 MB, 4 associations, against Orthanc with SQLite',
    isQuick: true,
    data: { kind: 'ct', folders: 4, studiesPerFolder: 2, instancesPerStudy: 150 },
    index: 'sqlite',
    targets: [rate(1.8, 2.5), { figure: 'cpuMs/orthanc', better: 'lower', committed: 0.45, stretch: 0.33 }],
  },
  {
    id: 'cstore-ct-4-pg',
    title: 'C-STORE, CT of 0.5 MB, 4 associations, against Orthanc with PostgreSQL',
    isQuick: false,
    data: { kind: 'ct', folders: 4, studiesPerFolder: 2, instancesPerStudy: 150 },
    index: 'postgresql',
    targets: [rate(2.5, 3.5)],
  },
  {
    id: 'cstore-ct-1',
    title: 'C-STORE, CT of 0.5 MB, one association, against Orthanc with SQLite',
    isQuick: false,
    data: { kind: 'ct', folders: 1, studiesPerFolder: 4, instancesPerStudy: 150 },
    index: 'sqlite',
    targets: [rate(1.3, 1.8)],
  },
  {
    id: 'cstore-tiny-4',
    title: 'C-STORE, instances of 10 KB, 4 associations, against Orthanc with SQLite',
    isQuick: false,
    data: { kind: 'tiny', folders: 4, studiesPerFolder: 12, instancesPerStudy: 100 },
    index: 'sqlite',
    targets: [rate(1.8, 2.5)],
  },
  {
    id: 'cstore-ct-4-shipped',
    title: "C-STORE as shipped (Nagle's algorithm on at sender and Orthanc), CT, 4 associations, Orthanc with SQLite",
    isQuick: false,
    data: { kind: 'ct', folders: 4, studiesPerFolder: 1, instancesPerStudy: 60 },
    index: 'sqlite',
    isNagle: true,
    targets: [rate(4)],
  },
];

/** What the trust layer may cost a sender, against the same archive that asks nobody and seals nothing meanwhile. */
const ENFORCED_ROW: Row = {
  id: 'cstore-enforced',
  title: 'C-STORE, CT of 0.5 MB, 4 associations, access enforced and the journal sealed, against neither',
  isQuick: false,
  rounds: ROUNDS,
  targets: [{ figure: 'rate/open', better: 'higher', committed: 0.9 }],
  open: async (bench) => {
    if (!hasStorescu()) return { skipped: 'no storescu (dcmtk)' };
    return openIngestAgainstOpen(bench, {
      data: { kind: 'ct', folders: 4, studiesPerFolder: 2, instancesPerStudy: 150 },
      quickInstances: QUICK_INSTANCES,
      load: (to, { folders }) => sendFolders(to, folders, false),
    });
  },
};

const ORTHANC_ROWS: readonly Row[] = PLANS.map((plan) => ({
  id: plan.id,
  title: plan.title,
  isQuick: plan.isQuick,
  rounds: ROUNDS,
  targets: plan.targets,
  open: async (bench) => {
    if (!hasStorescu()) return { skipped: 'no storescu (dcmtk)' };
    const { data, index, isNagle = false } = plan;
    const load = (to: Receiver, { folders }: ObjectSet): Promise<Load> => sendFolders(to, folders, isNagle);
    return openIngest(bench, { data, quickInstances: QUICK_INSTANCES, orthanc: { index, isNagle }, load });
  },
}));

export const CSTORE_ROWS: readonly Row[] = [...ORTHANC_ROWS, ENFORCED_ROW];

function rate(committed: number, stretch?: number): Target {
  return { figure: 'rate/orthanc', better: 'higher', committed, ...(stretch !== undefined && { stretch }) };
}
