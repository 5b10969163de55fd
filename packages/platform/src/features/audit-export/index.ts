import type { AuditSource } from '@acervo/interop/audit/event.ts';
import type { Feature } from '../../bindings/feature.ts';
import { fhirRoutes } from '../../bindings/fhir.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import type { AuditReceiver } from '../../ports/audit-receiver.ts';
import { auditEventType } from './audit-event.ts';
import { exportJob } from './export.job.ts';
import type { ExporterOptions, ExportMetrics } from './exporter.ts';

/** What the export asks of the archive and of the world. */
export type AuditPorts = {
  /** Who tells. */
  source: AuditSource;
  header: ExporterOptions['header'];
  metrics: ExportMetrics;
  /** Undefined: no audit messages are sent. */
  receiver: AuditReceiver | undefined;
};

/** The sealed journal for others: audit messages over syslog (PS3.15 A.5, A.6), AuditEvents by FHIR. */
export function auditExportFeature(holdings: Holdings, { source, header, metrics, receiver }: AuditPorts): Feature {
  const auditEvents = auditEventType(holdings, source);
  const { db, journalBlobs, log } = holdings;
  return {
    name: 'audit-export',
    routes: fhirRoutes(auditEvents),
    services: [],
    fhir: [auditEvents],
    ...(receiver !== undefined && { jobs: [exportJob({ db, journalBlobs, receiver, source, header, metrics }, log)] }),
  };
}
