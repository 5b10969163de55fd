import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type ListeningPeer, startStorescp } from '../../test/harness/query-retrieve.ts';
import { startAcervo } from '../harness/acervo.ts';
import { checkHeld, shelfOfAcervo, shelfOfOrthanc } from '../harness/ask-back.ts';
import { startOrthanc } from '../harness/orthanc.ts';
import { cpuSecondsOf } from '../harness/proc.ts';
import { hasRetrieveScu, type Retrieval, retrieveStudy } from '../harness/retrieve-scu.ts';
import { hasStorescu, sendFolders } from '../harness/storescu.ts';
import { bytesOf, type ObjectSet, writeObjects } from '../objects/object-set.ts';
import type { Bench, Measured, Row, Side, Sides, Target } from '../row.ts';

/**
 * Budget of one 0.5 MB CT on the machine of the reference, one core: read from the page cache 0.06 ms, to the socket
 * 0.1 ms, protocol and journal 0.1 ms. Who takes it needs 0.5 ms of the same cores. Of the two rates one has to be
 * met: 1.5 times Orthanc's, or 0.85 of what storescu sends to storescp.
 */
const DATA = { kind: 'ct', folders: 1, studiesPerFolder: 4, instancesPerStudy: 150 } as const;
const QUICK = { studiesPerFolder: 1, instancesPerStudy: 40 } as const;
const SEED = 13;
const ROUNDS = 5;
/** Each study so often in a round: what a server does beside the load is then a small part of its CPU. */
const TIMES = 3;
const PIXEL_BYTES = 512 * 512 * 2;
/** What a server puts off until after the answer counts, too. */
const AFTERWARDS_MS = 1_200;
const STORESCP_OPTIONS = ['+xa', '-pdu', '131072'];

const CHECKS =
  'every retrieval ends without a warning; after each round one study is retrieved again, in the same way, and has ' +
  'as many files as were sent, their pixels equal by digest';

const TARGETS: readonly Target[] = [
  { figure: 'rate/orthanc', better: 'higher', committed: 1.5 },
  { figure: 'cpuMs/orthanc', better: 'lower', committed: 0.5 },
  { figure: 'rate/storescu', better: 'higher', committed: 0.85 },
];

type Service = 'C-GET' | 'C-MOVE';

export const QR_ROWS: readonly Row[] = [row('cget-ct', 'C-GET', true), row('cmove-ct', 'C-MOVE', false)];

function row(id: string, service: Service, isQuick: boolean): Row {
  return {
    id,
    title: `${service}, CT of 0.5 MB, one association, against Orthanc and against storescu to storescp`,
    isQuick,
    rounds: ROUNDS,
    targets: TARGETS,
    open: async (bench) => {
      if (!hasStorescu() || !hasRetrieveScu()) return { skipped: 'no storescu, getscu, movescu or storescp (dcmtk)' };
      return open(bench, service);
    },
  };
}

type Takers = { sink: ListeningPeer; checked: ListeningPeer };

async function open(bench: Bench, service: Service): Promise<Sides | { skipped: string }> {
  const takers: Takers = {
    sink: await startStorescp(bench, bench.scratch, 'SINK', [...STORESCP_OPTIONS, '--ignore']),
    checked: await startStorescp(bench, bench.scratch, 'CHECKED', STORESCP_OPTIONS),
  };
  const all = [takers.sink, takers.checked];
  const systems = all.map(({ aeTitle, port }) => ({ aeTitle, port, host: '127.0.0.1', isMoveDestination: true }));
  const orthanc = await startOrthanc(bench, {
    config: {
      DicomModalities: Object.fromEntries(all.map(({ aeTitle, port }) => [aeTitle, [aeTitle, '127.0.0.1', port]])),
      DicomAlwaysAllowGet: true,
      DicomAlwaysAllowMove: true,
    },
  });
  if (orthanc === undefined) return { skipped: 'no Orthanc' };
  const acervo = await startAcervo(bench, { systems });
  const data = bench.isQuick ? { ...DATA, ...QUICK } : DATA;
  const objects = writeObjects(join(bench.scratch, 'objects'), { ...data, seed: SEED });
  await sendFolders(acervo, objects.folders);
  await sendFolders(orthanc, objects.folders);
  await checkHeld(shelfOfAcervo(acervo), objects, 'acervo');
  await checkHeld(shelfOfOrthanc(orthanc), objects, 'orthanc');
  return {
    ours: side({ ...acervo, name: 'acervo', detail: 'Acervo' }, service, objects, takers),
    peers: [side({ ...orthanc, name: 'orthanc' }, service, objects, takers), storescuSide(objects, takers)],
    checks: CHECKS,
    guarantees: () => acervo.guarantees(objects.files.length),
    close: () => Promise.resolve(),
  };
}

type Server = Retrieval['server'] & { name: string; detail: string; cpuSeconds(): number };

function side(server: Server, service: Service, objects: ObjectSet, takers: Takers): Side {
  const studies = studiesOf(objects);
  const to = service === 'C-MOVE' ? { destination: takers.sink.aeTitle } : { folder: undefined };
  return {
    name: server.name,
    detail: server.detail,
    round: async (): Promise<Measured> => {
      const before = server.cpuSeconds();
      const began = performance.now();
      for (let time = 0; time < TIMES; time++) {
        for (const studyUid of studies) await retrieveStudy({ server, studyUid, to });
      }
      const seconds = (performance.now() - began) / 1000;
      await pause(AFTERWARDS_MS);
      const cpuSeconds = server.cpuSeconds() - before;
      await check(server, service, objects, takers);
      return measured(objects, TIMES, seconds, cpuSeconds);
    },
  };
}

/** The sender and the taker that everybody has, from files: what the protocol costs where it is all there is. */
function storescuSide(objects: ObjectSet, { sink }: Takers): Side {
  return {
    name: 'storescu',
    detail: 'DCMTK storescu to storescp',
    round: async () => {
      const before = cpuSecondsOf([sink.pid]);
      const { seconds } = await sendFolders({ dimsePort: sink.port, aeTitle: sink.aeTitle }, objects.folders);
      return measured(objects, 1, seconds, cpuSecondsOf([sink.pid]) - before);
    },
  };
}

function measured(objects: ObjectSet, times: number, seconds: number, cpuSeconds: number): Measured {
  const mibPerSecond = (times * objects.bytes) / 2 ** 20 / seconds;
  return { operations: times * objects.files.length, seconds, cpuSeconds, figures: { mibPerSecond } };
}

const studiesOf = (objects: ObjectSet): string[] => {
  const uids = objects.uids();
  return [...new Set(objects.files.map(({ place }) => place.study))].map((study) => uids.of({ study }));
};

/** The first study once more, kept this time. @throws where a file is missing or has other pixels */
async function check(server: Server, service: Service, objects: ObjectSet, { checked }: Takers): Promise<void> {
  const [first] = objects.files;
  const folder = checked.folder;
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
  const to = service === 'C-MOVE' ? { destination: checked.aeTitle } : { folder };
  await retrieveStudy({ server, studyUid: studiesOf(objects)[0] ?? '', to });
  const sent = objects.files.filter(({ place }) => place.study === first?.place.study);
  const wanted = sent.map((file) => digestOf(bytesOf(file))).toSorted();
  const got = readdirSync(folder).map((name) => digestOf(readFileSync(join(folder, name))));
  if (got.toSorted().join() !== wanted.join()) {
    throw new Error(`${server.name}: ${got.length} files came of ${wanted.length}, or their pixels differ`);
  }
}

const digestOf = (file: Uint8Array): string => createHash('sha256').update(file.subarray(-PIXEL_BYTES)).digest('hex');
