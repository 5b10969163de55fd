import type { Feature } from '../../bindings/feature.ts';
import { nEventReport } from './answer.scp.ts';
import { deliverReports } from './deliver.job.ts';
import type { CommitmentPorts } from './ports.ts';
import { nAction } from './request.scp.ts';

/** Storage commitment, as SCP and as SCU. */
export function commitmentFeature(ports: CommitmentPorts): Feature {
  return {
    name: 'commitment',
    routes: [],
    services: [nAction(ports), nEventReport(ports.holdings.db)],
    jobs: [deliverReports(ports)],
  };
}
