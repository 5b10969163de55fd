import { openIngest } from '../harness/ingest-row.ts';
import { stowFiles } from '../harness/stow-clients.ts';
import type { Row } from '../row.ts';

const CLIENTS = 4;

/** As C-STORE (cstore.bench.ts), and the client, a process of Node's, takes about as much of the cores as storescu. */
export const STOW_ROWS: readonly Row[] = [
  {
    id: 'stow-4',
    title: 'STOW-RS, CT of 0.5 MB, 4 clients, one instance a request, against Orthanc with SQLite',
    isQuick: true,
    rounds: 5,
    targets: [{ figure: 'rate/orthanc', better: 'higher', committed: 2, stretch: 3 }],
    open: (bench) =>
      openIngest(bench, {
        data: { kind: 'ct', folders: CLIENTS, studiesPerFolder: 2, instancesPerStudy: 100 },
        quickInstances: 20,
        orthanc: {},
        load: (to, { folders, files }) => {
          const paths = files.map(({ path }) => path);
          return stowFiles(
            to,
            folders.map((folder) => paths.filter((path) => path.startsWith(`${folder}/`))),
          );
        },
      }),
  },
];
