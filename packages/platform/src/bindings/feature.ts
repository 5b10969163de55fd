import type { DimseService } from './dimse.ts';
import type { Route } from './http.ts';

/** One capability: what it serves by which protocol. apps/features.ts lists them all. */
export type Feature = { name: string; routes: readonly Route[]; services: readonly DimseService[] };
