import type { Feature } from '../../bindings/feature.ts';
import type { Op } from '../../ports/op.ts';
import { expiryJob } from './expiry.job.ts';
import { governanceRoutes } from './governance.route.ts';
import type { Ports } from './refusing.ts';

export type GovernancePorts = Ports & { openOp(signal: AbortSignal): Op };

/** The life-cycle of models: approvals, steps, stops, expiry. */
export function governanceFeature({ openOp, ...ports }: GovernancePorts): Feature {
  return { name: 'governance', routes: governanceRoutes(ports), services: [], jobs: [expiryJob(ports, openOp)] };
}
