import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { textElement } from '@acervo/dicom/data-set/build.ts';
import { T } from '@acervo/dicom/tags.ts';
import { goodManifest } from '@acervo/model/manifest/manifest.fixture.ts';
import type { Manifest, ManifestInput } from '@acervo/model/manifest/manifest.ts';
import type { Rule } from '@acervo/model/routing/rule.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { SMALL_PACKS, storeSmall } from '@acervo/testkit/filled-archive.ts';
import { smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { openTestArchive } from '@acervo/testkit/open-archive.ts';
import type { InferenceTask, PlacedModel, RunOutcome } from '../../ports/inference-tasks.ts';
import { type System, systemsOver } from '../../ports/systems.ts';
import type { Destinations } from './destinations.ts';
import type { InferencePorts, WorkerPorts } from './ports.ts';
import { requestTasks } from './request.ts';
import { claimTask } from './task.repo.ts';
import { statusOf } from './watch.ts';
import { workOn } from './work.ts';

const LEASE_MS = 30_000;

export const MODEL = 'mx.prueba.torax';
export const PLACED: PlacedModel = {
  package: 'a'.repeat(64),
  model: MODEL,
  version: '1.0.0',
  stage: 'limitado',
  percentage: 50,
  contentQualification: 'RESEARCH',
};
export const SILENT: PlacedModel = {
  ...PLACED,
  package: 'b'.repeat(64),
  version: '2.0.0',
  stage: 'silencioso',
};
export const RULE: Rule = {
  effect: 'run',
  id: 'torax',
  institution: 'HGM',
  model: MODEL,
  scope: { modality: ['CR'] },
  deadlineMinutes: 60,
};

const good = goodManifest();
const [input] = good.inputs as readonly [ManifestInput];
/** For any CR image. */
export const MANIFEST: Manifest = {
  ...good,
  inputs: [{ ...input, select: { level: 'instance', all: [{ tag: '00080060', in: ['CR'] }] } }],
};
export const DONE: RunOutcome = { status: 'DONE', objects: [], said: [], runMs: 1 };
/** Digest of what was sealed. */
export const SEALED = 'c'.repeat(64);

/** Systems that results may be sent to: each of the institution, at an address where nothing listens. */
export function destinationsOf(...systems: readonly (readonly [aeTitle: string, institution: string])[]): Destinations {
  const known = systems.map(([aeTitle, institution]): readonly [string, System] => [
    aeTitle,
    {
      aeTitle,
      institution,
      kind: 'workstation',
      host: '127.0.0.1',
      port: 1,
      tls: false,
      certificates: [],
      may: [],
      isMoveDestination: false,
      transferSyntaxes: [],
    },
  ]);
  return systemsOver(new Map(known));
}

export type Opened = Awaited<ReturnType<typeof openRouted>>;

/** An archive with what routes and works on it; nothing runs unless a test says so. */
export async function openRouted(t: TestContext, over: { placed?: readonly PlacedModel[] } = {}) {
  const archive = await openTestArchive(t, undefined, SMALL_PACKS);
  const kept: InferenceTask[] = [];
  const silenced: InferenceTask[] = [];
  const state = { placed: over.placed ?? [PLACED], isAssigned: true };
  const ports: InferencePorts = {
    holdings: archive.holdings,
    states: { runningAt: () => state.placed },
    isAssigned: () => Promise.resolve(state.isAssigned),
    systems: destinationsOf(['PACS-HGM', 'HGM'], ['PACS-IMSS', 'IMSS']),
    quietMs: 0,
    openOp: (signal) => testOp({ signal, actor: { kind: 'process', id: 'inference' }, institution: '' }),
    worker: undefined,
    resultsTold: () => Promise.resolve(new Map()),
    metrics: { taskEnded: () => {}, setTasksOpen: () => {} },
  };
  const worker: WorkerPorts = {
    runner: { open: () => Promise.resolve({ manifest: MANIFEST, run: () => Promise.resolve(DONE) }) },
    sink: {
      keep: (task) => {
        kept.push(task);
        return Promise.resolve([`2.25.${kept.length}`]);
      },
    },
    silent: {
      hasRoom: () => Promise.resolve(true),
      keep: (task) => {
        silenced.push(task);
        return Promise.resolve({ sha256: SEALED });
      },
    },
    count: 1,
    inputBytesMax: 2 ** 20,
  };
  return { archive, ports, worker, kept, silenced, state };
}

const NAME = 'inference';

/** One image of a study; @returns its Study Instance UID */
export async function storeImage(
  { archive }: Pick<Opened, 'archive'>,
  study: number,
  of: { number?: number; series?: number; modality?: string; age?: string; view?: string; pixelBytes?: number } = {},
  institution = 'HGM',
): Promise<string> {
  const { number = 1, series = 1, modality = 'CR', age = '040Y', view = 'PA', pixelBytes = 64 } = of;
  const options = {
    name: NAME,
    study,
    series,
    number,
    pixelBytes,
    also: [
      textElement(T.Modality, 'CS', modality),
      textElement(T.PatientAge, 'AS', age),
      textElement(T.ViewPosition, 'CS', view),
      textElement(T.BodyPartExamined, 'CS', 'CHEST'),
    ],
  };
  await storeSmall(archive, options, institution);
  return smallObject(options).studyUid;
}

export const asked = (opened: Opened, studies: readonly string[], model = `${MODEL}@1.0.0`) =>
  requestTasks(opened.ports, testOp(), { studies, model, deadlineMinutes: 60 });

export async function workOnce(opened: Opened, worker: WorkerPorts = opened.worker): Promise<void> {
  const task = await claimTask(opened.archive.holdings.db, LEASE_MS);
  assert.ok(task !== undefined, 'a task is to be done');
  await workOn(opened.ports, worker, task, new AbortController().signal);
}

/** What is told of a study: the state, as people hear it, and why. */
export async function told(opened: Opened, study: string) {
  const [status] = await statusOf(opened.ports, testOp({ may: () => false }), study);
  return status?.tasks.map(({ state, es, reason }) => [state, es, reason]);
}
