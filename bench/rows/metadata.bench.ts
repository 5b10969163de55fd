import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Acervo, startAcervo } from '../harness/acervo.ts';
import { startOrthanc } from '../harness/orthanc.ts';
import { cpuSecondsOf } from '../harness/proc.ts';
import { QidoClient } from '../harness/qido-client.ts';
import { readSide } from '../harness/read-side.ts';
import { hasStorescu, sendFolders } from '../harness/storescu.ts';
import { hasWrk } from '../harness/wrk.ts';
import { type ObjectSet, writeObjects } from '../objects/object-set.ts';
import type { Bench, Measured, Row, Side, Sides } from '../row.ts';

/** Two series of a thousand instances in each study: a header of a hundred attributes, and few pixels. */
const DATA = { kind: 'tiny', folders: 1, studiesPerFolder: 2, instancesPerStudy: 2000, seed: 23 } as const;
const QUICK_INSTANCES = 100;
const SERIES_OF_STUDY = [1, 2];
const ROUNDS = 5;
const SECONDS = 6;
const QUICK_SECONDS = 2;
const SOP_INSTANCE_UID = '00080018';
const DROP_CACHES = '/proc/sys/vm/drop_caches';

/**
 * Budget: warm, 2.5 MB of text that lie in memory, one write of 1 ms. First, a thousand reads of 8 KiB from the page
 * cache, 10 us each, and as much to parse each header. Rebuilt from packs, the same with every read from the disk.
 */
export const METADATA_ROWS: readonly Row[] = [
  {
    id: 'metadata-warm',
    title: 'WADO-RS metadata of a series of 1,000, asked for again and again over 4 connections, against Orthanc',
    isQuick: false,
    rounds: ROUNDS,
    targets: [{ figure: 'rate/orthanc', better: 'higher', committed: 15, stretch: 30 }],
    open: openWarm,
  },
  {
    id: 'metadata-first',
    title: 'WADO-RS metadata of a series of 1,000, the first request after it was stored',
    isQuick: true,
    rounds: ROUNDS,
    targets: [{ figure: 'p50Ms', better: 'lower', committed: 100, stretch: 30 }],
    open: openFirst,
  },
  {
    id: 'metadata-rebuilt',
    title: 'WADO-RS metadata of a series of 1,000, from the packs: a new process, nothing of them in the page cache',
    isQuick: false,
    rounds: ROUNDS,
    targets: [{ figure: 'p50Ms', better: 'lower', committed: 400 }],
    open: openRebuilt,
  },
];

const CHECKS = 'each round, each series: 200 and the SOP Instance UIDs of every instance that was sent, each once';

async function openWarm(bench: Bench): Promise<Sides | { skipped: string }> {
  if (!hasStorescu() || !hasWrk()) return { skipped: 'no storescu (dcmtk) or no wrk' };
  const objects = writeObjects(join(bench.scratch, 'objects'), dataOf(bench));
  const acervo = await startAcervo(bench);
  await sendFolders(acervo, objects.folders);
  const orthanc = await startOrthanc(bench);
  if (orthanc === undefined) return { skipped: 'no Orthanc' };
  await sendFolders(orthanc, objects.folders);
  type Server = { name: string; detail: string; http: string; cpuSeconds(): number };
  const sideOf = async (server: Server, headers: object): Promise<Side> => {
    const paths = seriesOf(objects).map(({ path }) => path);
    const web = { ...headers, accept: 'application/dicom+json' };
    const check = async (): Promise<void> => {
      for (const series of seriesOf(objects)) {
        const answer = await fetch(server.http + series.path, { headers: web });
        checkUids(answer.status, await answer.text(), series.sopInstanceUids);
      }
    };
    // Warm on both sides; Orthanc answers 500 now and then to some who ask at once for what it has not put together.
    await check();
    const asked = { paths, headers: web, threads: 2, connections: 4, seconds: bench.isQuick ? QUICK_SECONDS : SECONDS };
    return readSide({ ...server, urls: [server.http], asked, check }, bench.scratch);
  };
  return {
    ours: await sideOf({ ...acervo, name: 'acervo', detail: 'Acervo' }, acervo.headers),
    peers: [await sideOf({ ...orthanc, name: 'orthanc' }, {})],
    checks: CHECKS,
    guarantees: () => acervo.guarantees(objects.files.length),
    close: () => Promise.resolve(),
  };
}

async function openFirst(bench: Bench): Promise<Sides | { skipped: string }> {
  if (!hasStorescu()) return { skipped: 'no storescu (dcmtk)' };
  const objects = writeObjects(join(bench.scratch, 'objects'), dataOf(bench));
  const acervo = await startAcervo(bench);
  let stamp = 0;
  const round = async (): Promise<Measured> => {
    stamp += 1;
    objects.restamp(stamp);
    await sendFolders(acervo, objects.folders);
    return askEach(acervo, objects);
  };
  return {
    ours: { name: 'acervo', detail: 'Acervo', round },
    peers: [],
    checks: CHECKS,
    guarantees: () => acervo.guarantees(objects.files.length),
    close: () => Promise.resolve(),
  };
}

async function openRebuilt(bench: Bench): Promise<Sides | { skipped: string }> {
  if (!hasStorescu()) return { skipped: 'no storescu (dcmtk)' };
  if (process.getuid?.() !== 0) return { skipped: 'only root may empty the page cache' };
  const objects = writeObjects(join(bench.scratch, 'objects'), dataOf(bench));
  let acervo = await startAcervo(bench);
  await sendFolders(acervo, objects.folders);
  const round = async (): Promise<Measured> => {
    await acervo.stop();
    acervo = await startAcervo(bench, { dataDir: acervo.dataDir });
    // What is not on the disk yet stays: the archive has synchronized all of it.
    writeFileSync(DROP_CACHES, '1');
    return askEach(acervo, objects);
  };
  return {
    ours: { name: 'acervo', detail: 'Acervo, restarted', round },
    peers: [],
    checks: CHECKS,
    guarantees: () => acervo.guarantees(objects.files.length),
    close: () => Promise.resolve(),
  };
}

const dataOf = ({ isQuick }: Bench) => (isQuick ? { ...DATA, instancesPerStudy: QUICK_INSTANCES } : DATA);

type Series = { path: string; sopInstanceUids: readonly string[] };

/** Addresses of the series that a set has under its stamp, and what is in them. */
function seriesOf(objects: ObjectSet): Series[] {
  const uids = objects.uids();
  const studies = [...new Set(objects.files.map(({ place }) => place.study))];
  return studies.flatMap((study) =>
    SERIES_OF_STUDY.map((series) => ({
      path: `/dicom-web/studies/${uids.of({ study })}/series/${uids.of({ study, series })}/metadata`,
      sopInstanceUids: objects.files
        .filter(({ place }) => place.study === study && place.series === series)
        .map(({ place }) => uids.of(place)),
    })),
  );
}

/** Each series once, over one connection that was used before. */
async function askEach({ http, headers, pid }: Acervo, objects: ObjectSet): Promise<Measured> {
  const client = new QidoClient(headers['authorization']?.replace('Bearer ', '') ?? '');
  try {
    await client.ask(`${http}/healthz`);
    const latenciesMs: number[] = [];
    const before = cpuSecondsOf([pid]);
    for (const { path, sopInstanceUids } of seriesOf(objects)) {
      const { status, ms, body } = await client.ask(http + path);
      checkUids(status, body.toString(), sopInstanceUids);
      latenciesMs.push(ms);
    }
    const seconds = latenciesMs.reduce((sum, ms) => sum + ms, 0) / 1000;
    return { operations: latenciesMs.length, seconds, cpuSeconds: cpuSecondsOf([pid]) - before, latenciesMs };
  } finally {
    client.close();
  }
}

/** @throws where the answer does not list exactly these */
function checkUids(status: number, text: string, expected: readonly string[]): void {
  if (status !== 200) throw new Error(`metadata: ${status} ${text.slice(0, 200)}`);
  const answer = JSON.parse(text) as Record<string, { Value?: string[] }>[];
  const got = new Set(answer.map((instance) => instance[SOP_INSTANCE_UID]?.Value?.[0]));
  const isSame = answer.length === expected.length && expected.every((uid) => got.has(uid));
  if (!isSame) throw new Error(`metadata: ${answer.length} instances, not those sent`);
}
