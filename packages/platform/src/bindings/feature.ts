import type { DimseService } from './dimse.ts';
import type { FhirType } from './fhir.ts';
import type { Hosted } from './hosted.ts';
import type { Route } from './http.ts';

/** Work beside requests, for as long as the process serves. It is whole or done again, whenever it is ended. */
export type Job = {
  name: string;
  /** Resolves after the signal aborts; reports its own failures and goes on. */
  run(signal: AbortSignal): Promise<void>;
};

/** One capability: what it serves by which protocol. apps/features.ts lists them all. */
export type Feature = {
  name: string;
  routes: readonly Route[];
  services: readonly DimseService[];
  /** Types of FHIR resources; their routes are among `routes`. */
  fhir?: readonly FhirType[];
  jobs?: readonly Job[];
  hosted?: readonly Hosted[];
};
