import { Failure } from '@acervo/kernel/failure.ts';
import { DirectoryView } from '../../features/directory/view.ts';
import { openLoginFeature } from '../../features/login/index.ts';
import { Activity } from '../../features/status/index.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { NOTHING_PLACED } from '../../ports/inference-tasks.ts';
import { systemsOver } from '../../ports/systems.ts';
import type { Surroundings } from '../features.ts';
import { version } from '../version.ts';

const closed = (): Failure => new Failure('store/unavailable', 'the archive is not open');

function refuse(): never {
  throw closed();
}

/** What features ask beside the objects, where there is no archive: they can be described, and do nothing. */
export const closedSurroundings = (holdings: Holdings): Surroundings => ({
  systems: systemsOver(new Map()),
  directory: new DirectoryView(holdings.db, holdings.log),
  associate: () => Promise.reject(closed()),
  login: openLoginFeature,
  settings: { findMatchesMax: 0 },
  state: {
    readiness: () => Promise.resolve({ ready: false, missing: ['archive'], alarms: [] }),
    exposition: () => Promise.resolve({ contentType: 'text/plain', text: '' }),
    version,
  },
  journal: {
    journalKeys: {
      signers: refuse,
    },
    node: '',
    signJournal: () => Promise.reject(closed()),
    witnesses: [],
  },
  witnessing: undefined,
  patients: {
    openOp: refuse,
  },
  whoIs: () => undefined,
  governance: {
    now: () => new Date(0),
    openOp: refuse,
  },
  commitment: {
    dial: () => Promise.reject(closed()),
    openOp: refuse,
    retryHours: 0,
    metrics: { commitment: () => {}, setReportsOwed: () => {} },
  },
  inference: {
    states: NOTHING_PLACED,
    isAssigned: () => Promise.reject(closed()),
    systems: systemsOver(new Map()),
    quietMs: 0,
    openOp: refuse,
    worker: undefined,
    metrics: { taskEnded: () => {}, setTasksOpen: () => {} },
  },
  silent: undefined,
  results: {
    send: () => Promise.reject(closed()),
    destinationOp: refuse,
    retryHours: 0,
    openOp: refuse,
    metrics: { aiDelivery: () => {}, aiWithdrawn: () => {} },
  },
  audit: {
    source: { aeTitle: '', id: '', site: '' },
    header: { hostname: '', appName: '', procId: '' },
    metrics: { auditMessagesSent: () => {}, auditExportFailed: () => {}, setAuditExport: () => {} },
    receiver: undefined,
  },
  models: {
    modelBlobs: holdings.blobs,
    staging: { begin: () => Promise.reject(closed()), sweep: () => Promise.resolve() },
    judge: { judge: () => Promise.reject(closed()) },
  },
  status: {
    activity: new Activity(),
    associationsMax: 0,
    disk: () => Promise.reject(closed()),
  },
  page: { find: () => Promise.resolve(undefined) },
  viewer: { find: () => Promise.resolve(undefined) },
});
