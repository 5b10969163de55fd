import type { NationalState, State } from './states.ts';

/** SHA-256 with its name: `sha256:` and 64 hexadecimal digits. */
export type Digest = `sha256:${string}`;

/** All that an approval is about. What cannot be produced yet is null, and is signed as that. */
export type Digests = {
  /** Of the package: the list of every file's digest. */
  paquete: Digest;
  /** Of the ONNX file. */
  modelo: Digest;
  manifiesto: Digest;
  /** Of thresholds, calibration and abstention, which are governed like weights. */
  umbrales: Digest;
  riesgo: Digest;
  plan: Digest | null;
  banco: Digest | null;
  informe: Digest | null;
};

/** Something measured. Only what the platform itself produced counts (G30). */
export type Produced = { by: string; digest: Digest; isMet: boolean };
/** The one producer that guards believe. */
export const PLATFORM = 'plataforma';

/** What can be measured once the archive has what measures it; absent: not yet. */
export type Measured =
  | 'vulnerabilities'
  | 'risk'
  | 'plan'
  | 'budget'
  | 'leakage'
  | 'endpoints'
  | 'calibration'
  | 'subgroups'
  | 'monitoringPlan'
  | 'review'
  | 'scope'
  | 'latency'
  | 'volume'
  | 'failures'
  | 'scores'
  | 'acceptance'
  | 'training'
  | 'override'
  | 'incidents'
  | 'burden';

export type PackageFacts = {
  digests: Digests;
  /** `regulatory` of the manifest. */
  useStatus: 'investigacion' | 'clinico' | 'demostracion';
  registration: string | null;
  license: string;
  supplier: string;
  /** What intake found: signature, structure, operators (G67); golden cases; documents (G09). */
  intake: { isSound: boolean; isGolden: boolean; isDocumented: boolean };
};

/** What is told with a request, as far as its step asks for it. */
export type Statement = {
  reason: string;
  /** Of a resumption: root cause, and the digest of the record of corrective action. */
  rootCause?: string | undefined;
  correctiveAction?: Digest | undefined;
  /** Of a retirement: what becomes of the data. */
  disposition?: string | undefined;
  percentage?: number | undefined;
};

/** All that guards see. */
export type Evidence = {
  package: PackageFacts;
  national: { state: NationalState; isExpired: boolean };
  /** The state before the suspension that is to end; undefined where it is not suspended. */
  before: State | undefined;
  measured: Partial<Record<Measured, Produced>>;
  statement: Statement;
  /** Is another version of the model being put to use here in the same act? */
  isReplaced: boolean;
  /** Of a former version: what the site signed, where it still holds. */
  former: { state: State; percentage: number | undefined } | undefined;
};
