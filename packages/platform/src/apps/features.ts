import type { Associate } from '../bindings/dimse-scu.ts';
import type { Feature } from '../bindings/feature.ts';
import { capabilityRoute } from '../bindings/fhir.ts';
import { assessmentFeature } from '../features/assessment/index.ts';
import { resultsTold } from '../features/assessment/told.ts';
import { type AuditPorts, auditExportFeature } from '../features/audit-export/index.ts';
import { type CasePorts, caseFileFeature } from '../features/case-file/index.ts';
import { changesFeature } from '../features/changes/index.ts';
import { commitmentFeature } from '../features/commitment/index.ts';
import type { CommitmentPorts } from '../features/commitment/ports.ts';
import { consoleFeature } from '../features/console/index.ts';
import { type DirectoryPorts, directoryFeature } from '../features/directory/index.ts';
import { cEcho } from '../features/echo/index.ts';
import { type GovernancePorts, governanceFeature } from '../features/governance/index.ts';
import { inferenceFeature } from '../features/inference/index.ts';
import type { InferencePorts } from '../features/inference/ports.ts';
import { type JournalPorts, journalFeature, type Witnessing } from '../features/journal/index.ts';
import { mediaFeature } from '../features/media/index.ts';
import { type ModelPorts, modelRegistryFeature } from '../features/models/registry/index.ts';
import { type PatientsPorts, patientsFeature } from '../features/patients/index.ts';
import { queryFeature } from '../features/query/index.ts';
import { renderFeature } from '../features/render/index.ts';
import { retrieveFeature } from '../features/retrieve/index.ts';
import type { WhoIs } from '../features/rights/accesses.ts';
import { rightsFeature } from '../features/rights/index.ts';
import { sharingFeature } from '../features/sharing/index.ts';
import { type StatusPorts, statusFeature } from '../features/status/index.ts';
import { storeFeature } from '../features/store/index.ts';
import { type SystemState, systemFeature } from '../features/system/index.ts';
import { transferFeature } from '../features/transfer/index.ts';
import { viewerFeature } from '../features/viewer/index.ts';
import type { Holdings } from '../holdings/holdings.ts';
import type { StaticFiles } from '../ports/static-files.ts';
import type { Systems } from '../ports/systems.ts';
import { bundlePartsOf } from './assessment.ts';
import { accessesIn } from './case-accesses.ts';

/** What a feature may ask beside the archive's own objects. */
export type Surroundings = {
  systems: Systems;
  directory: DirectoryPorts['directory'];
  associate: Associate;
  settings: { findMatchesMax: number };
  state: SystemState;
  journal: Omit<JournalPorts, 'db'> & Pick<CasePorts, 'signJournal'>;
  /** Undefined: no other archive is witnessed. */
  witnessing: Witnessing | undefined;
  patients: PatientsPorts;
  whoIs: WhoIs;
  governance: Omit<GovernancePorts, 'db' | 'directory'>;
  commitment: Pick<CommitmentPorts, 'dial' | 'openOp' | 'retryHours' | 'metrics'>;
  inference: Omit<InferencePorts, 'holdings' | 'resultsTold'>;
  status: Omit<StatusPorts, 'db'>;
  /** How people log in, or that nobody needs to. */
  login: Feature;
  audit: AuditPorts;
  models: ModelPorts;
  /** Folders that were made before: the built page, the fetched viewer. */
  page: StaticFiles;
  viewer: StaticFiles;
};

/** Every capability of the archive. A new one is one folder and one line here. */
export function featuresOf(holdings: Holdings, around: Surroundings): readonly Feature[] {
  const { systems, directory, associate, settings, state, status, patients, whoIs, commitment, page, viewer } = around;
  const casePorts = { ...holdings, ...around.journal, accessesOf: accessesIn(holdings, whoIs) };
  const features: Feature[] = [
    { name: 'echo', routes: [], services: [cEcho] },
    storeFeature(holdings),
    queryFeature(holdings, settings),
    retrieveFeature(holdings),
    renderFeature(holdings),
    transferFeature({ ...holdings, systems, associate }),
    changesFeature(holdings),
    commitmentFeature({
      ...commitment,
      holdings,
      isReachable: (aeTitle) => systems.addressOf(aeTitle) !== undefined,
    }),
    statusFeature({ ...status, db: holdings.db }),
    consoleFeature(page),
    viewerFeature(viewer),
    mediaFeature(holdings),
    patientsFeature(holdings, patients),
    rightsFeature({ ...holdings, whoIs }),
    caseFileFeature(casePorts),
    sharingFeature(holdings.db),
    directoryFeature({ db: holdings.db, directory }),
    governanceFeature({ ...around.governance, db: holdings.db, directory }),
    journalFeature({ ...around.journal, db: holdings.db }, around.witnessing),
    around.login,
    auditExportFeature(holdings, around.audit),
    modelRegistryFeature(holdings, around.models),
    inferenceFeature({ ...around.inference, holdings, resultsTold: resultsTold({ ...holdings, whoIs }) }),
    assessmentFeature({ ...holdings, whoIs, ...bundlePartsOf(casePorts, around.models.modelBlobs) }),
  ];
  const types = features.flatMap(({ fhir = [] }) => fhir);
  features.push({ name: 'fhir', routes: [capabilityRoute(types, state.version)], services: [] });
  return [
    ...features,
    systemFeature(
      state,
      features.flatMap(({ routes }) => routes),
    ),
  ];
}
