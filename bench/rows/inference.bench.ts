import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Acervo, startAcervo } from '../harness/acervo.ts';
import { DEADLINE_MINUTES, endOf, type ModelName, metricOf, SITE, takeIntoUse } from '../harness/governed.ts';
import { processesIn, residentOf } from '../harness/proc.ts';
import { hasStorescu, sendFolders } from '../harness/storescu.ts';
import { type ObjectSet, type ObjectSetOptions, writeObjects } from '../objects/object-set.ts';
import type { Bench, Measured, Row, Sides, Target } from '../row.ts';

const SEED = 31;
const MINUTE_MS = 60_000;
/** Long enough for the journal to be sealed and followed: when it is over, the study is routed at that moment. */
const QUIET_S = 3;
/** A study that has no task by then is not among the share of a model in limited use, which is 99 of 100 at most. */
const LATE_MS = 30_000;
const SOP_INSTANCE_UID = '00080018';
const NO_STORESCU = { skipped: 'no storescu (dcmtk)' };

/**
 * What AI costs who waits for it, and who does not. A study is complete when it got nothing for the quiet period; the
 * time from then until its report is stored and told, less the model's own computation, is what Acervo adds: routing,
 * the package verified, the images read, decoded and made a tensor, the report written and made durable. Models are
 * taken into use by the whole life-cycle. Budget of a radiograph of 10 MB: 30 ms to read and hand it over, five passes
 * over 5 million values at 15 ms, 30 ms of statements; of a CT of 150 MB: 0.4 s, five passes over 79 million values at
 * 0.2 s.
 */
export const INFERENCE_ROWS: readonly Row[] = [
  toReport('ai-cr', 'a radiograph of 10 MB, uncompressed', 'cr-opacidad', 300, {
    kind: 'cr',
    folders: 12,
    studiesPerFolder: 1,
    instancesPerStudy: 1,
    seriesPerStudy: 1,
  }),
  toReport('ai-ct-300', 'a CT of 300 slices, uncompressed', 'tc-densidad', 2_000, {
    kind: 'ct',
    folders: 5,
    studiesPerFolder: 1,
    instancesPerStudy: 300,
    seriesPerStudy: 1,
  }),
  {
    id: 'ai-drain',
    title: '10,000 queued inference tasks are done one after the other: memory of the server',
    isQuick: false,
    rounds: 1,
    isLong: true,
    targets: [{ figure: 'rssGrowth', better: 'lower', committed: 1.1 }],
    open: openDrain,
  },
  {
    id: 'ai-routing',
    title: 'CPU that routing adds to a stored study: a server with a rule in force less one without, nothing is run',
    isQuick: false,
    rounds: 3,
    targets: [{ figure: 'routingMs', better: 'lower', committed: 5 }],
    open: openRouting,
  },
];

type Data = Omit<ObjectSetOptions, 'seed'>;

function toReport(id: string, what: string, model: ModelName, p50Ms: number, data: Data): Row {
  const targets: Target[] = [{ figure: 'p50Ms', better: 'lower', committed: p50Ms }];
  const title = `From a complete study to its stored report, without the model's computation: ${what}`;
  return { id, title, isQuick: false, rounds: 3, targets, open: (bench) => openReport(bench, model, data) };
}

const objectsOf = (bench: Bench, data: Data): ObjectSet =>
  writeObjects(join(bench.scratch, 'objects'), { ...data, seed: SEED });

async function openReport(bench: Bench, model: ModelName, data: Data): Promise<Sides | { skipped: string }> {
  if (!hasStorescu()) return NO_STORESCU;
  const objects = objectsOf(bench, bench.isQuick ? { ...data, folders: 2 } : data);
  const acervo = await startAcervo(bench, { institution: SITE, env: { ACERVO_AI_QUIET_SECONDS: `${QUIET_S}` } });
  await takeIntoUse(bench, acervo, model);
  let stamp = 0;
  const round = async (): Promise<Measured> => {
    stamp += 1;
    objects.restamp(stamp);
    return reported(acervo, objects);
  };
  return {
    ours: { name: 'acervo', detail: `Acervo, ${model}`, round },
    peers: [],
    checks: 'each study: a result of AI, whose reports are asked back as objects of the study',
    guarantees: () => acervo.guarantees(objects.files.length),
    close: () => Promise.resolve(),
  };
}

/** Each study alone: sent, complete, reported, and only then the next. */
async function reported(acervo: Acervo, objects: ObjectSet): Promise<Measured> {
  const latenciesMs: number[] = [];
  const runMs: number[] = [];
  const cpu = acervo.cpuSeconds();
  const began = performance.now();
  for (const [study, folder] of objects.folders.entries()) {
    const uid = objects.uids().of({ study });
    const before = await metricOf(acervo, 'acervo_ai_run_seconds_sum');
    await sendFolders(acervo, [folder]);
    const told = await endOf(acervo, uid, LATE_MS);
    if (told === undefined) continue;
    if (told.state !== 'result' || told.endedAt === null) throw new Error(`AI ended with ${told.state}`);
    await checkReport(acervo, uid, told.results);
    const run = 1000 * ((await metricOf(acervo, 'acervo_ai_run_seconds_sum')) - before);
    const complete = Date.parse(told.deadline) - DEADLINE_MINUTES * MINUTE_MS;
    runMs.push(run);
    latenciesMs.push(Date.parse(told.endedAt) - complete - run);
  }
  return {
    operations: latenciesMs.length,
    seconds: (performance.now() - began) / 1000,
    cpuSeconds: acervo.cpuSeconds() - cpu,
    latenciesMs,
    figures: { runMs: runMs.toSorted((a, b) => a - b)[Math.floor(runMs.length / 2)] ?? 0 },
  };
}

/** Reports of scores and of what was drawn are two; segmentations are results, too. */
async function checkReport({ http, headers }: Acervo, study: string, results: readonly string[]): Promise<void> {
  const answer = await fetch(`${http}/dicom-web/studies/${study}/instances?Modality=SR`, { headers });
  type Instance = { [SOP_INSTANCE_UID]?: { Value?: string[] } };
  const found = answer.status === 200 ? ((await answer.json()) as Instance[]) : [];
  const uids = found.map((instance) => instance[SOP_INSTANCE_UID]?.Value?.[0] ?? '');
  if (uids.length === 0 || !uids.every((uid) => results.includes(uid))) {
    throw new Error(`${uids.length} reports in a study whose AI result is ${results.length} objects`);
  }
}

const SMALL = { kind: 'cr-small', folders: 4, instancesPerStudy: 1, seriesPerStudy: 1 } as const;
/** One of 100 studies is not among the share of a model in limited use. */
const DRAINED = 10_200;
const QUICK_DRAINED = 200;
const QUEUED = 'acervo_ai_tasks_open{state="queued"}';
const LEASED = 'acervo_ai_tasks_open{state="leased"}';
const DONE = 'acervo_ai_tasks_ended_total{state="done"}';
const WATCH_MS = 500;
/** The gauge is set every 10 s. */
const COUNTED_MS = 11_000;
const DRAIN_MS_MAX = 3_600_000;

async function openDrain(bench: Bench): Promise<Sides | { skipped: string }> {
  if (!hasStorescu()) return NO_STORESCU;
  const studies = bench.isQuick ? QUICK_DRAINED : DRAINED;
  const objects = objectsOf(bench, { ...SMALL, studiesPerFolder: studies / SMALL.folders });
  const start = (workers: number, dataDir?: string): Promise<Acervo> => {
    const env = { ACERVO_AI_QUIET_SECONDS: '0', ACERVO_AI_WORKERS: `${workers}` };
    return startAcervo(bench, { institution: SITE, env, ...(dataDir !== undefined && { dataDir }) });
  };
  let acervo = await start(0);
  await takeIntoUse(bench, acervo, 'cr-opacidad');
  let stamp = 0;
  const round = async (): Promise<Measured> => {
    stamp += 1;
    objects.restamp(stamp);
    await sendFolders(acervo, objects.folders);
    const tasks = await queuedIn(acervo, studies);
    await acervo.stop();
    acervo = await start(1, acervo.dataDir);
    const measured = await drained(acervo, tasks);
    await acervo.stop();
    acervo = await start(0, acervo.dataDir);
    return measured;
  };
  return {
    ours: { name: 'acervo', detail: 'Acervo, cr-opacidad, one task at a time', round },
    peers: [],
    checks: 'as many tasks end with a result as were queued, none otherwise',
    guarantees: () => acervo.guarantees(objects.files.length),
    close: () => Promise.resolve(),
  };
}

/** Wait until all are routed. @returns how many tasks there are */
async function queuedIn(acervo: Acervo, studies: number): Promise<number> {
  for (let before = -1; ; ) {
    await pause(COUNTED_MS);
    const now = await metricOf(acervo, QUEUED);
    if (now === before && now > 0.9 * studies) return now;
    if (now === before && now > 0) throw new Error(`${now} tasks of ${studies} studies`);
    before = now;
  }
}

/** Resident memory when the first have been done, after a third of them, and at the end. */
async function drained(acervo: Acervo, tasks: number): Promise<Measured> {
  const cpu = acervo.cpuSeconds();
  const began = performance.now();
  const marks = [0.02 * tasks, tasks / 3, tasks];
  const seen: { server: number; runs: number }[] = [];
  while (seen.length < marks.length) {
    await pause(WATCH_MS);
    const done = await metricOf(acervo, DONE);
    const runs = processesIn(acervo.pid, 'model-runs.worker').reduce((sum, pid) => sum + residentOf(pid).bytes, 0);
    while (seen.length < marks.length && done >= (marks[seen.length] ?? 0)) {
      seen.push({ server: acervo.resident().bytes, runs });
    }
    if (performance.now() - began > DRAIN_MS_MAX) throw new Error(`${done} of ${tasks} tasks within an hour`);
  }
  const seconds = (performance.now() - began) / 1000;
  await pause(COUNTED_MS);
  const left = (await metricOf(acervo, QUEUED)) + (await metricOf(acervo, LEASED));
  const done = await metricOf(acervo, DONE);
  if (left !== 0 || done !== tasks) throw new Error(`${done} of ${tasks} tasks done, ${left} open`);
  const [start, third, end] = seen as [(typeof seen)[0], (typeof seen)[0], (typeof seen)[0]];
  const figures = {
    rssStartBytes: start.server,
    rssThirdBytes: third.server,
    rssEndBytes: end.server,
    rssGrowth: end.server / third.server,
    rssRunsThirdBytes: third.runs,
    rssRunsEndBytes: end.runs,
  };
  return { operations: tasks, seconds, cpuSeconds: acervo.cpuSeconds() - cpu, figures };
}

const ROUTED = 2_000;
const QUICK_ROUTED = 200;
/** After the last one is sent both servers are watched for so long: what they do by themselves counts on both sides. */
const ROUTE_MS = 30_000;

async function openRouting(bench: Bench): Promise<Sides | { skipped: string }> {
  if (!hasStorescu()) return NO_STORESCU;
  const studies = bench.isQuick ? QUICK_ROUTED : ROUTED;
  const objects = objectsOf(bench, { ...SMALL, studiesPerFolder: studies / SMALL.folders });
  const env = { ACERVO_AI_QUIET_SECONDS: '1', ACERVO_AI_WORKERS: '0' };
  const ruled = await startAcervo(bench, { institution: SITE, env });
  await takeIntoUse(bench, ruled, 'cr-opacidad');
  const free = await startAcervo(bench, { institution: SITE, env });
  let stamp = 0;
  const round = async (): Promise<Measured> => {
    stamp += 1;
    objects.restamp(stamp);
    const before = await metricOf(ruled, QUEUED);
    const [plain, routed] = [await stored(free, objects), await stored(ruled, objects)];
    const made = (await metricOf(ruled, QUEUED)) - before;
    if (made < 0.9 * studies) throw new Error(`${made} tasks of ${studies} studies`);
    return {
      operations: studies,
      seconds: routed.seconds,
      cpuSeconds: routed.cpuSeconds,
      figures: {
        plainCpuMs: (1000 * plain.cpuSeconds) / studies,
        routingMs: (1000 * (routed.cpuSeconds - plain.cpuSeconds)) / studies,
        tasks: made,
      },
    };
  };
  return {
    ours: { name: 'acervo', detail: 'Acervo, one rule', round },
    peers: [],
    checks: 'each round, a task for each study of the share, none without a rule; after it the whole archive verified',
    guarantees: () => ruled.guarantees(objects.files.length),
    close: () => Promise.resolve(),
  };
}

async function stored(to: Acervo, { folders }: ObjectSet): Promise<{ seconds: number; cpuSeconds: number }> {
  const cpu = to.cpuSeconds();
  const { seconds } = await sendFolders(to, folders);
  await pause(ROUTE_MS);
  return { seconds, cpuSeconds: to.cpuSeconds() - cpu };
}
