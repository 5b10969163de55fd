import type { Feature } from '../../bindings/feature.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import type { Op } from '../../ports/op.ts';
import { patientRoutes } from './patients.route.ts';
import { resolveJob } from './resolve.job.ts';

export type PatientsPorts = {
  /** The archive acting by itself: whoever sent the studies is gone. */
  openOp(signal: AbortSignal): Op;
};

/** Patients of several institutions that are one person. */
export function patientsFeature(holdings: Holdings, { openOp }: PatientsPorts): Feature {
  const jobs = [resolveJob(holdings.db, openOp)];
  return { name: 'patients', routes: patientRoutes(holdings), services: [], jobs };
}
