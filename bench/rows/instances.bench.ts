import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { postmasterOf } from '../../test/harness/archive-process.ts';
import { type Acervo, startAcervo } from '../harness/acervo.ts';
import { shelfOfAcervo } from '../harness/ask-back.ts';
import { ingestSide } from '../harness/ingest-side.ts';
import { hasStorescu, sendFolders } from '../harness/storescu.ts';
import { instanceIndex } from '../instances/index.ts';
import { askIndex, drawInstances, grownBytes, type Held, sizeOfIndex } from '../instances/index-database.ts';
import { writeObjects } from '../objects/object-set.ts';
import type { Bench, Measured, Row, Side, Sides, Target } from '../row.ts';

/** The index that is promised for, and the one that it is compared with. */
const MANY = Number(process.env['ACERVO_BENCH_INSTANCES'] ?? 100_000_000);
const FEW = 1_000_000;
const SLOWER_MAX = 1.5;
const BYTES_MAX = 400;
const ROUNDS = 5;
const START_ROUNDS = 3;
/** Drawn anew for each round: most of them were not looked at before. */
const DRAWN = 400;
const SEEDS = 1_000_000_000;

const slower = (figure: string): Target => ({ figure: `${figure}/million`, better: 'lower', committed: SLOWER_MAX });

/** As many rows as a nation has in a year, against a million: whatever does not grow with them is as quick. */
export const INSTANCE_ROWS: readonly Row[] = [
  {
    id: 'instances-cstore',
    title: 'C-STORE of 10 KB, 4 associations, into an index of 100,000,000 instances, against one of 1,000,000',
    isQuick: false,
    rounds: ROUNDS,
    targets: [{ figure: 'rate/million', better: 'higher', committed: 1 / SLOWER_MAX }, slower('cpuMs')],
    open: (bench) => openBoth(bench, cstoreSides),
  },
  {
    id: 'instances-qido-uid',
    title: 'QIDO-RS of an instance by its SOP Instance UID, drawn from 100,000,000, against 1,000,000',
    isQuick: false,
    rounds: ROUNDS,
    targets: [slower('p50Ms')],
    open: (bench) =>
      openBoth(bench, (both) => both.map((each) => qidoSide(each, ({ sop }) => `/instances?00080018=${sop}`))),
  },
  {
    id: 'instances-qido-series',
    title: 'QIDO-RS of the instances of a series (50 of them), drawn from 100,000,000, against 1,000,000',
    isQuick: false,
    rounds: ROUNDS,
    targets: [slower('p50Ms')],
    open: (bench) =>
      openBoth(bench, (both) =>
        both.map((each) =>
          qidoSide(each, ({ study, series }) => `/studies/${study}/series/${series}/instances?limit=50`),
        ),
      ),
  },
  {
    id: 'instances-start',
    title: 'Starting on an index of 100,000,000 instances, against 1,000,000; its size',
    isQuick: false,
    rounds: START_ROUNDS,
    targets: [
      slower('startSeconds'),
      slower('startKilledSeconds'),
      slower('startCrashedSeconds'),
      { figure: 'builtBytesPerInstance', better: 'lower', committed: BYTES_MAX },
      { figure: 'grownBytesPerInstance', better: 'lower', committed: BYTES_MAX },
    ],
    open: (bench) => openBoth(bench, (both) => both.map(startSide)),
  },
];

/** A server on one of the two indexes; `acervo` is another one after each start. */
type Indexed = { name: string; detail: string; dataDir: string; bench: Bench; acervo: Acervo };

async function openBoth(
  bench: Bench,
  sidesOf: (both: readonly Indexed[]) => readonly Side[],
): Promise<Sides | { skipped: string }> {
  if (!hasStorescu()) return { skipped: 'no storescu (dcmtk)' };
  const both: Indexed[] = [];
  for (const [name, instances] of [
    ['acervo', MANY],
    ['million', FEW],
  ] as const) {
    const made = await instanceIndex(instances, (line) => process.stdout.write(`${line}\n`));
    if ('skipped' in made) return made;
    const { dataDir } = made;
    const acervo = await startAcervo(bench, { dataDir });
    both.push({ name, detail: `Acervo, ${instances.toLocaleString('en')} instances`, dataDir, bench, acervo });
  }
  const [ours, ...peers] = sidesOf(both);
  if (ours === undefined) throw new Error('no side of ours');
  return {
    ours,
    peers,
    checks:
      'stored: counts and content as in the rows of ingest; found: each answer has the UID that was asked for; the ' +
      'generated rows name one stored object as their bytes, so reading a pack costs the same in both',
    close: () => Promise.resolve(),
  };
}

/** The same files to both; what an earlier run stored is still there, so the UIDs are of this moment. */
function cstoreSides(both: readonly Indexed[]): Side[] {
  return both.map((each, index) => {
    const seed = (Date.now() + index) % SEEDS;
    const plan = { kind: 'tiny', folders: 4, studiesPerFolder: 10, instancesPerStudy: 100, seed } as const;
    const objects = writeObjects(join(each.bench.scratch, each.name), plan);
    const server = { ...each.acervo, name: each.name, detail: each.detail, shelf: shelfOfAcervo(each.acervo) };
    return ingestSide(server, objects, () => sendFolders(each.acervo, objects.folders));
  });
}

function qidoSide({ name, detail, dataDir, acervo }: Indexed, pathOf: (held: Held) => string): Side {
  return {
    name,
    detail,
    round: async (): Promise<Measured> => {
      const drawn = await askIndex(dataDir, (client) => drawInstances(client, DRAWN));
      const latenciesMs: number[] = [];
      const [cpuBefore, began] = [acervo.cpuSeconds(), performance.now()];
      for (const held of drawn) {
        const before = performance.now();
        const answer = await fetch(`${acervo.http}/dicom-web${pathOf(held)}`, { headers: acervo.headers });
        const text = await answer.text();
        latenciesMs.push(performance.now() - before);
        if (!text.includes(held.series)) throw new Error(`${name} answers ${answer.status} to ${pathOf(held)}`);
      }
      const seconds = (performance.now() - began) / 1000;
      return { operations: drawn.length, seconds, cpuSeconds: acervo.cpuSeconds() - cpuBefore, latenciesMs };
    },
  };
}

/** Starts three times: after a clean stop, after kill -9 of the server, and of its PostgreSQL, too, while it stores. */
function startSide(each: Indexed): Side {
  const { name, detail, dataDir, bench } = each;
  const again = async (): Promise<number> => {
    const acervo = await startAcervo(bench, { dataDir });
    each.acervo = acervo;
    return acervo.startMs / 1000;
  };
  let grown: Promise<number> | undefined;
  return {
    name,
    detail,
    round: async (): Promise<Measured> => {
      await each.acervo.stop();
      const began = performance.now();
      const startSeconds = await again();
      await whileStoring(each, () => each.acervo.kill());
      const startKilledSeconds = await again();
      await whileStoring(each, async () => {
        const postmaster = postmasterOf(dataDir);
        await each.acervo.kill();
        if (postmaster !== undefined) process.kill(postmaster, 'SIGKILL');
      });
      const startCrashedSeconds = await again();
      // The same every time, and it takes a while.
      grown ??= askIndex(dataDir, grownBytes);
      const { bytes, rows, uid } = await askIndex(dataDir, sizeOfIndex);
      const figures = {
        startSeconds,
        startKilledSeconds,
        startCrashedSeconds,
        instances: rows,
        uidCharacters: uid,
        builtBytesPerInstance: bytes,
        grownBytesPerInstance: await grown,
      };
      const seconds = (performance.now() - began) / 1000;
      return { operations: 3, seconds, cpuSeconds: each.acervo.cpuSeconds(), figures };
    },
  };
}

const STORING_MS = 1_500;

/** With objects on their way: a segment is open, and the database has more than it has written down. */
async function whileStoring({ bench, acervo, name }: Indexed, end: () => Promise<void>): Promise<void> {
  const seed = Date.now() % SEEDS;
  const plan = { kind: 'tiny', folders: 4, studiesPerFolder: 10, instancesPerStudy: 100, seed } as const;
  const objects = writeObjects(join(bench.scratch, `${name}-${seed}`), plan);
  // The senders are cut off.
  const sending = sendFolders(acervo, objects.folders).catch(() => undefined);
  await pause(STORING_MS);
  await end();
  await sending;
}
