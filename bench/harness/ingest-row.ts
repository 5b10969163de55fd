import { join } from 'node:path';
import { type ObjectSet, type ObjectSetOptions, writeObjects } from '../objects/object-set.ts';
import type { Bench, Sides } from '../row.ts';
import { type Acervo, startAcervo } from './acervo.ts';
import { shelfOfAcervo, shelfOfOrthanc } from './ask-back.ts';
import { ingestSide, type Load } from './ingest-side.ts';
import { type Orthanc, type OrthancOptions, startOrthanc } from './orthanc.ts';

/** Where a load goes: what every server of an ingest row has. */
export type Receiver = Pick<Acervo, 'http' | 'dimsePort' | 'aeTitle' | 'headers'>;

export type IngestPlan = {
  data: Omit<ObjectSetOptions, 'seed'>;
  /** With `--quick`, so many instances in one study of each folder. */
  quickInstances: number;
  orthanc: OrthancOptions;
  load(to: Receiver, objects: ObjectSet): Promise<Load>;
};

const SEED = 7;
const CHECKS =
  'each round, each study: as many instances as were sent; three files fetched and compared with those sent, ' +
  'element by element and pixel by pixel';

/** Both sides of a row that stores made objects, ours and Orthanc. */
export async function openIngest(bench: Bench, plan: IngestPlan): Promise<Sides | { skipped: string }> {
  const { index = 'sqlite' } = plan.orthanc;
  const orthanc = await startOrthanc(bench, plan.orthanc);
  if (orthanc === undefined) return { skipped: `no Orthanc with ${index}` };
  return sidesOf(bench, plan, (load, objects) =>
    ingestSide(peerOf(orthanc), objects, () => load({ ...orthanc, headers: {} }, objects)),
  );
}

/** An hour, in which no round ends. */
const UNSEALED = { ACERVO_ACCESS: 'open', ACERVO_SEAL_INTERVAL_MS: '3600000', ACERVO_CHECKPOINT_S: '3600' };

/** The same against an archive of ours under open access, whose journal is not sealed while it is measured. */
export async function openIngestAgainstOpen(bench: Bench, plan: Omit<IngestPlan, 'orthanc'>): Promise<Sides> {
  const open = await startAcervo(bench, { env: UNSEALED });
  return sidesOf(bench, plan, (load, objects) => {
    const server = { ...open, name: 'open', detail: 'Acervo, open and unsealed', shelf: shelfOfAcervo(open) };
    return ingestSide(server, objects, () => load(open, objects));
  });
}

type Peer = (load: IngestPlan['load'], objects: ObjectSet) => Sides['peers'][number];

async function sidesOf(bench: Bench, plan: Omit<IngestPlan, 'orthanc'>, peer: Peer): Promise<Sides> {
  const acervo = await startAcervo(bench);
  const smaller = { studiesPerFolder: 1, instancesPerStudy: plan.quickInstances };
  const data = bench.isQuick ? { ...plan.data, ...smaller } : plan.data;
  const objects = writeObjects(join(bench.scratch, 'objects'), { ...data, seed: SEED });
  let rounds = 0;
  const ours = { ...acervo, name: 'acervo', detail: 'Acervo', shelf: shelfOfAcervo(acervo) };
  const counted = (): Promise<Load> => {
    rounds += 1;
    return plan.load(acervo, objects);
  };
  return {
    ours: ingestSide(ours, objects, counted),
    peers: [peer(plan.load, objects)],
    checks: CHECKS,
    guarantees: () => acervo.guarantees(rounds * objects.files.length),
    close: () => Promise.resolve(),
  };
}

const peerOf = (orthanc: Orthanc): Parameters<typeof ingestSide>[0] => ({
  ...orthanc,
  name: 'orthanc',
  shelf: shelfOfOrthanc(orthanc),
});
