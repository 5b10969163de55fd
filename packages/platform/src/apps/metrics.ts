import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { InferenceMetrics } from '../features/inference/ports.ts';
import type { ResultsMetrics } from '../features/results/ports.ts';
import type { Door } from '../ports/op.ts';

export type StoreOutcome = 'stored' | 'resent' | 'version' | 'refused';

type AiMetrics = InferenceMetrics & ResultsMetrics;

/** What the archive counts. Names of labels and their values are ours, never a patient's or a peer's. */
export type Metrics = AiMetrics & {
  instanceStored(door: Door, outcome: StoreOutcome): void;
  /** One fdatasync that made `instances` durable, `seconds` after the first of them asked. */
  groupCommitted(instances: number, seconds: number): void;
  associationOpened(): void;
  associationClosed(): void;
  /** @param route the pattern, such as /dicom-web/studies/:study, not the path. */
  httpAnswered(route: string, method: string, status: number): void;
  /** @param reason a code of the table of failures */
  systemRefused(reason: string): void;
  /** When our certificate, and the first CRL, expire: seconds since 1970. */
  setTlsExpiry(certificateSeconds: number, crlSeconds: number | undefined): void;
  databaseConnectionLost(): void;
  setDiskFree(bytes: number): void;
  /** Age of the oldest committed journal row that is not sealed yet. */
  setSealLag(seconds: number): void;
  /** Since the last signed checkpoint, while events wait for the next one; 0 while none does. */
  setCheckpointAge(seconds: number): void;
  /** Storage commitment as SCP: requests, and attempts to report. */
  commitment(outcome: 'requested' | 'refused' | 'reported' | 'postponed' | 'abandoned'): void;
  /** Reports of storage commitment that are owed now. */
  setReportsOwed(count: number): void;
  /** Audit messages of a connection that their receiver has ended. */
  auditMessagesSent(count: number): void;
  auditExportFailed(reason: string): void;
  /** The last number of the journal known to be taken; age of the first one that is not. */
  setAuditExport(seq: number, lagSeconds: number): void;
  /** An attempt to witness the journal of another archive. */
  witnessed(outcome: 'signed' | 'unchanged' | 'refused' | 'failed'): void;
  /** Whether the last checkpoint of that archive was refused: it was set back, or altered. */
  setWitnessRefusing(url: string, isRefusing: boolean): void;
  /** The text of GET /metrics, and its media type. */
  exposition(): Promise<{ contentType: string; text: string }>;
};

const COMMIT_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const TASK_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
const GROUP_SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/** A registry of its own, so that two archives in one process do not share counts. */
export function makeMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const stored = new Counter({
    name: 'acervo_instances_stored_total',
    help: 'SOP Instances offered, by door and outcome',
    labelNames: ['door', 'outcome'],
    registers,
  });
  const commitSeconds = new Histogram({
    name: 'acervo_group_commit_seconds',
    help: 'From the first waiting instance to its durability',
    buckets: COMMIT_SECONDS,
    registers,
  });
  const groupSize = new Histogram({
    name: 'acervo_group_commit_instances',
    help: 'Instances made durable by one fdatasync',
    buckets: GROUP_SIZES,
    registers,
  });
  const associations = new Gauge({ name: 'acervo_associations_open', help: 'DICOM associations now open', registers });
  const http = new Counter({
    name: 'acervo_http_requests_total',
    help: 'HTTP requests answered, by route and status',
    labelNames: ['route', 'method', 'status'],
    registers,
  });
  const lost = new Counter({
    name: 'acervo_database_connections_lost_total',
    help: 'Connections to the index database that were lost',
    registers,
  });
  const disk = new Gauge({ name: 'acervo_disk_free_bytes', help: 'Free bytes of the disk of the packs', registers });
  const sealLag = new Gauge({
    name: 'acervo_journal_seal_lag_seconds',
    help: 'Age of the oldest committed journal row that is not sealed',
    registers,
  });
  const checkpointAge = new Gauge({
    name: 'acervo_journal_checkpoint_age_seconds',
    help: 'Since the last signed checkpoint of the journal, while events wait for one',
    registers,
  });
  return {
    ...systemMetrics(registers),
    ...commitmentMetrics(registers),
    ...auditMetrics(registers),
    ...witnessMetrics(registers),
    ...aiMetrics(registers),
    instanceStored: (door, outcome) => stored.inc({ door, outcome }),
    groupCommitted: (instances, seconds) => {
      groupSize.observe(instances);
      commitSeconds.observe(seconds);
    },
    associationOpened: () => associations.inc(),
    associationClosed: () => associations.dec(),
    httpAnswered: (route, method, status) => http.inc({ route, method, status: `${status}` }),
    databaseConnectionLost: () => lost.inc(),
    setDiskFree: (bytes) => disk.set(bytes),
    setSealLag: (seconds) => sealLag.set(seconds),
    setCheckpointAge: (seconds) => checkpointAge.set(seconds),
    exposition: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}

/** Who is not let in, and until when our certificate lets others in. */
function systemMetrics(registers: Registry[]): Pick<Metrics, 'systemRefused' | 'setTlsExpiry'> {
  const refused = new Counter({
    name: 'acervo_systems_refused_total',
    help: 'Systems that were not let in, by reason',
    labelNames: ['reason'],
    registers,
  });
  const certificate = new Gauge({
    name: 'acervo_tls_certificate_expiry_timestamp_seconds',
    help: 'When the certificate of the archive expires; 0 without one',
    registers,
  });
  const crl = new Gauge({
    name: 'acervo_tls_crl_next_update_timestamp_seconds',
    help: 'When the first revocation list expires; 0 without one',
    registers,
  });
  return {
    systemRefused: (reason) => refused.inc({ reason }),
    setTlsExpiry: (certificateSeconds, crlSeconds) => {
      certificate.set(certificateSeconds);
      crl.set(crlSeconds ?? 0);
    },
  };
}

function commitmentMetrics(registers: Registry[]): Pick<Metrics, 'commitment' | 'setReportsOwed'> {
  const commitments = new Counter({
    name: 'acervo_commitments_total',
    help: 'Storage commitment as SCP: requests and attempts to report, by outcome',
    labelNames: ['outcome'],
    registers,
  });
  const owed = new Gauge({
    name: 'acervo_commitment_reports_owed',
    help: 'Storage commitment reports that are not delivered yet',
    registers,
  });
  return {
    commitment: (outcome) => commitments.inc({ outcome }),
    setReportsOwed: (count) => owed.set(count),
  };
}

function witnessMetrics(registers: Registry[]): Pick<Metrics, 'witnessed' | 'setWitnessRefusing'> {
  const attempts = new Counter({
    name: 'acervo_witness_attempts_total',
    help: 'Attempts to witness the journal of another archive, by outcome',
    labelNames: ['outcome'],
    registers,
  });
  const refusing = new Gauge({
    name: 'acervo_witness_refusing',
    help: '1 while the last checkpoint of that archive was refused: it was set back, or altered',
    labelNames: ['archive'],
    registers,
  });
  return {
    witnessed: (outcome) => attempts.inc({ outcome }),
    setWitnessRefusing: (archive, isRefusing) => refusing.set({ archive }, isRefusing ? 1 : 0),
  };
}

/** Tasks and results of models, without the names of models: which of them are silent is nobody's to know. */
function aiMetrics(registers: Registry[]): AiMetrics {
  const ended = new Counter({
    name: 'acervo_ai_tasks_ended_total',
    help: 'Inference tasks that this process has ended, by state',
    labelNames: ['state'],
    registers,
  });
  const seconds = (name: string, help: string) => new Histogram({ name, help, buckets: TASK_SECONDS, registers });
  const all = seconds('acervo_ai_task_seconds', 'From the lease of an inference task to its end');
  const run = seconds('acervo_ai_run_seconds', 'Of that, the computation of the model alone');
  const open = new Gauge({
    name: 'acervo_ai_tasks_open',
    help: 'Inference tasks of the archive that have not ended, by state',
    labelNames: ['state'],
    registers,
  });
  const waiting = new Gauge({
    name: 'acervo_ai_oldest_waiting_seconds',
    help: 'For how long the first of the waiting inference tasks could have been begun',
    registers,
  });
  const deliveries = new Counter({
    name: 'acervo_ai_deliveries_total',
    help: 'Attempts to send results of models to systems, by outcome',
    labelNames: ['outcome'],
    registers,
  });
  const withdrawn = new Counter({
    name: 'acervo_ai_results_withdrawn_total',
    help: 'Results of models that were withdrawn',
    registers,
  });
  return {
    taskEnded: (state, took) => {
      ended.inc({ state });
      if (took !== undefined) all.observe(took.all);
      if (took?.run !== undefined) run.observe(took.run);
    },
    setTasksOpen: ({ queued, leased }, oldestWaitingSeconds) => {
      open.set({ state: 'queued' }, queued);
      open.set({ state: 'leased' }, leased);
      waiting.set(oldestWaitingSeconds);
    },
    aiDelivery: (outcome) => deliveries.inc({ outcome }),
    aiWithdrawn: (results) => withdrawn.inc(results),
  };
}

function auditMetrics(
  registers: Registry[],
): Pick<Metrics, 'auditMessagesSent' | 'auditExportFailed' | 'setAuditExport'> {
  const sent = new Counter({
    name: 'acervo_audit_messages_sent_total',
    help: 'Audit messages sent to their receiver, repeated ones too',
    registers,
  });
  const failed = new Counter({
    name: 'acervo_audit_export_failures_total',
    help: 'Attempts to send audit messages that failed, by reason',
    labelNames: ['reason'],
    registers,
  });
  const seq = new Gauge({
    name: 'acervo_audit_export_seq',
    help: 'Number of the last journal event that the receiver is known to have',
    registers,
  });
  const lag = new Gauge({
    name: 'acervo_audit_export_lag_seconds',
    help: 'Age of the first sealed journal event that the receiver is not known to have',
    registers,
  });
  return {
    auditMessagesSent: (count) => sent.inc(count),
    auditExportFailed: (reason) => failed.inc({ reason }),
    setAuditExport: (last, lagSeconds) => {
      seq.set(last);
      lag.set(lagSeconds);
    },
  };
}
