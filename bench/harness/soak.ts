import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type ObjectSet, writeObjects } from '../objects/object-set.ts';
import { type Acervo, startAcervo } from './acervo.ts';
import { checkHeld, shelfOfAcervo } from './ask-back.ts';
import { keepSoak } from './kept.ts';
import { machineOf } from './machine.ts';
import { ownerScope } from './owner-scope.ts';
import { performanceDocument } from './performance-document.ts';
import { openFilesOf } from './proc.ts';
import { type Run, scratchTop } from './run-rows.ts';
import { judgedSoak, type SoakCounts, type SoakSample, soakText } from './soak-verdict.ts';
import { sendFolders } from './storescu.ts';

/** Constant, well below what the server can do: some 10 CT, 80 small objects, 10 searches, 20 retrievals a second. */
const WAVE_MS = 4_000;
const SEARCH_EVERY_MS = 100;
const RETRIEVE_EVERY_MS = 50;
const SAMPLES = 180;
const SAMPLE_MS_MIN = 1_000;
/** Small: as many segments as a server keeps open are there when the warm-up ends, and more files would be a leak. */
const ENV = { ACERVO_SEGMENT_MIB: '16' };
const SEARCHES = [
  'PatientName=Garc*',
  'PatientName=*nez*',
  'ModalitiesInStudy=CT&StudyDate=20190101-20191231',
  'limit=100',
];

/** Constant load for so long; then memory and file descriptors must not have grown. */
export async function runSoak(minutes: number, run: Run): Promise<{ isGood: boolean; text: string }> {
  const scope = ownerScope();
  const top = scratchTop();
  const scratch = mkdtempSync(join(top, 'acervo-bench-soak-'));
  scope.after(() => rmSync(scratch, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));
  try {
    const bench = { scratch, isQuick: false, after: scope.after };
    const acervo = await startAcervo(bench, { env: ENV });
    const load = makeLoad(acervo, scratch);
    const samples = await whileLoaded(load, minutes, run, () => sampleOf(acervo));
    const guarantees = await acervo.guarantees(load.counts.stored);
    const result = judgedSoak(minutes, samples, load.counts);
    run.say(soakText(result));
    for (const guarantee of guarantees) run.say(`   on      ${guarantee}`);
    if (run.options.isWrite) {
      const measuredOn = new Date().toISOString().slice(0, 10);
      keepSoak(run.root, { ...result, guarantees, measuredOn, machine: machineOf(top) });
      writeFileSync(join(run.root, 'docs/performance.md'), performanceDocument(run.root));
    }
    return { isGood: result.isFlat, text: `soak ${result.isFlat ? 'flat' : 'grows'}` };
  } finally {
    await scope.end();
  }
}

type Load = { counts: SoakCounts; tasks: ((signal: AbortSignal) => Promise<void>)[] };

function makeLoad(acervo: Acervo, scratch: string): Load {
  const counts: SoakCounts = { stored: 0, searched: 0, retrieved: 0 };
  const ct = { kind: 'ct', seed: 1, folders: 2, studiesPerFolder: 1, instancesPerStudy: 20 } as const;
  const tiny = { kind: 'tiny', seed: 2, folders: 2, studiesPerFolder: 4, instancesPerStudy: 40 } as const;
  const sets = [writeObjects(join(scratch, 'ct'), ct), writeObjects(join(scratch, 'tiny'), tiny)];
  /** What the last wave brought, as paths: reads stay with what is recent, as a reading room does. */
  const recent: string[] = [];
  let wave = 0;
  const sendWave = async (): Promise<void> => {
    wave += 1;
    for (const set of sets) set.restamp(wave);
    await sendFolders(
      acervo,
      sets.flatMap(({ folders }) => folders),
    );
    for (const set of sets) await checkHeld(shelfOfAcervo(acervo), set, 'acervo');
    counts.stored += sets.reduce((sum, { files }) => sum + files.length, 0);
    recent.splice(0, recent.length, ...sets.flatMap(pathsOf));
  };
  const search = async (): Promise<void> => {
    await ask(acervo, `/dicom-web/studies?${SEARCHES[counts.searched % SEARCHES.length]}`, 'application/dicom+json');
    counts.searched += 1;
  };
  const retrieve = async (): Promise<void> => {
    const path = recent[(counts.retrieved * 7919) % Math.max(1, recent.length)];
    if (path === undefined) return;
    await ask(acervo, path, 'application/dicom; transfer-syntax=*');
    counts.retrieved += 1;
  };
  const every = (ms: number, work: () => Promise<void>) => (signal: AbortSignal) => repeat(ms, work, signal);
  return {
    counts,
    tasks: [every(WAVE_MS, sendWave), every(SEARCH_EVERY_MS, search), every(RETRIEVE_EVERY_MS, retrieve)],
  };
}

function pathsOf(set: ObjectSet): string[] {
  const uids = set.uids();
  return set.files.map(({ place }) => {
    const { study, series } = place;
    return `/dicom-web/studies/${uids.of({ study })}/series/${uids.of({ study, series })}/instances/${uids.of(place)}`;
  });
}

async function ask({ http, headers }: Acervo, path: string, accept: string): Promise<void> {
  const answer = await fetch(http + path, { headers: { ...headers, accept } });
  await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
}

/** Once every so many milliseconds, as long as one is done before the next; a slow one is followed at once. */
async function repeat(everyMs: number, work: () => Promise<void>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const next = performance.now() + everyMs;
    await work();
    await pause(Math.max(0, next - performance.now()));
  }
}

/** Runs the load and takes samples, evenly over the time. A load that fails ends it. */
async function whileLoaded(load: Load, minutes: number, run: Run, sample: () => SoakSample): Promise<SoakSample[]> {
  const enough = new AbortController();
  const working = Promise.all(load.tasks.map((task) => task(enough.signal)));
  const began = performance.now();
  const until = began + minutes * 60_000;
  const stepMs = Math.max(SAMPLE_MS_MIN, (minutes * 60_000) / SAMPLES);
  const samples: SoakSample[] = [];
  try {
    while (performance.now() < until) {
      await Promise.race([pause(stepMs), working]);
      run.signal.throwIfAborted();
      samples.push({ ...sample(), minutes: (performance.now() - began) / 60_000 });
      if (samples.length % 10 === 0) run.say(progressText(samples.at(-1), load.counts));
    }
  } finally {
    enough.abort();
  }
  await working;
  return samples;
}

function sampleOf(acervo: Acervo): SoakSample {
  return {
    minutes: 0,
    rssBytes: acervo.resident().bytes,
    databaseBytes: acervo.databaseBytes(),
    openFiles: openFilesOf(acervo.pid),
  };
}

function progressText(sample: SoakSample | undefined, { stored, searched, retrieved }: SoakCounts): string {
  if (sample === undefined) return '';
  const mib = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
  const { minutes, rssBytes, databaseBytes, openFiles } = sample;
  const memory = `server ${mib(rssBytes)}, database ${mib(databaseBytes)}, ${openFiles} descriptors`;
  return `${minutes.toFixed(1)} min: ${memory}; ${stored} stored, ${searched} searched, ${retrieved} retrieved`;
}
