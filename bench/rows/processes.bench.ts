import { join } from 'node:path';
import { postmasterOf } from '../../test/harness/archive-process.ts';
import { type Acervo, startAcervo } from '../harness/acervo.ts';
import { shelfOfAcervo } from '../harness/ask-back.ts';
import { ingestSide, type Load } from '../harness/ingest-side.ts';
import { cpuSecondsOf } from '../harness/proc.ts';
import { hasStorescu, sendFolders } from '../harness/storescu.ts';
import { type ObjectSet, writeObjects } from '../objects/object-set.ts';
import type { Bench, Row, Side, Sides } from '../row.ts';

const ROUNDS = 5;
const PROCESSES = 2;
const ASSOCIATIONS = 8;
const SEED = 7;
/** What the issue asks is that ingest scales: more than one process does, on cores that the senders use as well. */
const FASTER_MIN = 1.1;
/** A group of each process is one fdatasync and one transaction, for half as many instances. */
const DEARER_MAX = 1.3;

export const PROCESS_ROWS: readonly Row[] = [
  {
    id: 'processes-ingest',
    title: 'C-STORE, CT of 0.5 MB, 8 associations: two processes on one PostgreSQL against one process',
    isQuick: false,
    rounds: ROUNDS,
    targets: [
      { figure: 'rate/one', better: 'higher', committed: FASTER_MIN },
      { figure: 'cpuMs/one', better: 'lower', committed: DEARER_MAX },
    ],
    open,
  },
];

async function open(bench: Bench): Promise<Sides | { skipped: string }> {
  if (!hasStorescu()) return { skipped: 'no storescu (dcmtk)' };
  const data = { kind: 'ct', folders: ASSOCIATIONS, studiesPerFolder: 1, instancesPerStudy: 100, seed: SEED } as const;
  const objects = writeObjects(join(bench.scratch, 'objects'), data);
  const first = await startAcervo(bench);
  const others = await Promise.all(
    Array.from({ length: PROCESSES - 1 }, () => startAcervo(bench, { dataDir: first.dataDir })),
  );
  const alone = await startAcervo(bench);
  let rounds = 0;
  const counted = (): Promise<Load> => {
    rounds += 1;
    return sendToAll([first, ...others], objects);
  };
  return {
    ours: sideOf('acervo', `Acervo, ${PROCESSES} processes`, [first, ...others], objects, counted),
    peers: [sideOf('one', 'Acervo, one process', [alone], objects, () => sendToAll([alone], objects))],
    checks:
      'each round, each study, asked of the first process whoever took it in: as many instances as were sent; three ' +
      'files fetched and compared with those sent; after the last round the whole archive verified',
    guarantees: async () => {
      await Promise.all(others.map((other) => other.stop()));
      return first.guarantees(rounds * objects.files.length);
    },
    close: () => Promise.resolve(),
  };
}

function sideOf(
  name: string,
  detail: string,
  processes: readonly [Acervo, ...Acervo[]],
  objects: ObjectSet,
  send: () => Promise<Load>,
): Side {
  const [first] = processes;
  const server = {
    ...first,
    name,
    detail,
    shelf: shelfOfAcervo(first),
    // All of them, and the one PostgreSQL that they share.
    cpuSeconds: () =>
      cpuSecondsOf(
        [...processes.map(({ pid }) => pid), postmasterOf(first.dataDir)].filter((pid) => pid !== undefined),
      ),
  };
  return ingestSide(server, objects, send);
}

/** Folders in turn to each of the processes, all at once. */
async function sendToAll(processes: readonly Acervo[], { folders }: ObjectSet): Promise<Load> {
  const began = performance.now();
  await Promise.all(
    processes.map((to, index) =>
      sendFolders(
        to,
        folders.filter((_, nth) => nth % processes.length === index),
      ),
    ),
  );
  return { seconds: (performance.now() - began) / 1000 };
}
