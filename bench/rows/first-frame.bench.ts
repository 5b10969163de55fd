import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Acervo, startAcervo } from '../harness/acervo.ts';
import { checkHeld, shelfOfAcervo } from '../harness/ask-back.ts';
import { latencies } from '../harness/latencies.ts';
import { checkPicture } from '../harness/picture.ts';
import { hasStorescu, sendFolders } from '../harness/storescu.ts';
import { writeObjects } from '../objects/object-set.ts';
import type { Bench, Measured, Row, Sides } from '../row.ts';

/**
 * Budget of the first picture of a study, one core: where the instance lies (three rows of the index, first read) 2 ms,
 * header and frame from the disk 3 ms, the picture 6 ms (rendered.bench.ts), the reading's entry in the journal,
 * durable, 5 ms, the rest of HTTP 2 ms; some of it runs for the first time and is not compiled yet, which costs as much
 * again.
 */
const FIRST_MS = 50;
const SEED = 13;
const STUDIES = 20;
const QUICK_STUDIES = 2;
const ROUNDS = 5;
const SIDE = 512;
/** What a server does once its doors are open. */
const SETTLED_MS = 3_000;
/** The workers start with the server: whoever leaves that out waits for one with the first picture of all. */
const READY = { ACERVO_PIXEL_WORKERS_READY: '1' };

export const FIRST_FRAME_ROWS: readonly Row[] = [
  {
    id: 'first-frame',
    title: 'First rendered frame of studies that nobody has touched, from a server that has just started',
    isQuick: false,
    rounds: ROUNDS,
    targets: [
      { figure: 'p50Ms', better: 'lower', committed: FIRST_MS, stretch: FIRST_MS / 2 },
      { figure: 'p99Ms', better: 'lower', committed: FIRST_MS },
    ],
    open: openRow,
  },
];

/** Each round has studies of its own, and a server of its own that has done nothing yet. */
async function openRow(bench: Bench): Promise<Sides | { skipped: string }> {
  if (!hasStorescu()) return { skipped: 'no storescu (dcmtk)' };
  const studies = bench.isQuick ? QUICK_STUDIES : STUDIES;
  const made = { kind: 'ct', seed: SEED, folders: 1, studiesPerFolder: studies, instancesPerStudy: 4 } as const;
  const objects = writeObjects(join(bench.scratch, 'objects'), made);
  let acervo: Acervo = await startAcervo(bench, { env: READY });
  let stamp = 0;
  const round = async (): Promise<Measured> => {
    stamp += 1;
    objects.restamp(stamp);
    await sendFolders(acervo, objects.folders);
    await checkHeld(shelfOfAcervo(acervo), objects, 'acervo');
    await acervo.stop();
    acervo = await startAcervo(bench, { dataDir: acervo.dataDir, env: READY });
    await pause(SETTLED_MS);
    const uids = objects.uids();
    const firsts = objects.files.filter(({ place }, index) => objects.files[index - 1]?.place.study !== place.study);
    const headers = { ...acervo.headers, accept: 'image/jpeg' };
    return latencies(acervo, async (took) => {
      for (const { place } of firsts) {
        const { study, series } = place;
        const of = `studies/${uids.of({ study })}/series/${uids.of({ study, series })}/instances/${uids.of(place)}`;
        const url = `${acervo.http}/dicom-web/${of}/frames/1/rendered`;
        const began = performance.now();
        const answer = await fetch(url, { headers });
        const body = new Uint8Array(await answer.arrayBuffer());
        took(performance.now() - began);
        await checkPicture(url, body, SIDE);
      }
    });
  };
  return {
    ours: { name: 'acervo', detail: 'Acervo, ACERVO_PIXEL_WORKERS_READY=1', round },
    peers: [],
    checks: 'every answer is a picture of 512 x 512 that is not of one shade',
    guarantees: () => acervo.guarantees(objects.files.length),
    close: () => Promise.resolve(),
  };
}
