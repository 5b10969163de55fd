import { type Evidence, type Measured, PLATFORM } from './evidence.ts';
import { met, type RuleId, refused, unavailable, type Verdict } from './rules.ts';
import type { State } from './states.ts';

/** @param to  the state that is asked for */
export type Guard = { rule: RuleId; judge(evidence: Evidence, to: State): Verdict };

/** Licences of weights that exclude use for patients. */
const NOT_CLINICAL = /(^|[^a-z])(nc|non-?commercial|research|msrla|evaluation)([^a-z]|$)/i;
const PERCENTAGE_MAX = 99;

/** By name; the machine says which edge has which. Pure: the same evidence gives the same verdict. */
export const GUARDS = {
  intake: holds('G67/intake', ({ package: { intake } }) => intake.isSound),
  golden: holds('G67/golden', ({ package: { intake } }) => intake.isGolden),
  documents: holds('G09/documents', ({ package: { intake } }) => intake.isDocumented),
  demonstration: holds('G11/clinical', ({ package: { useStatus } }) => useStatus === 'demostracion'),
  notDemonstration: holds('G11/demonstration', ({ package: { useStatus } }) => useStatus !== 'demostracion'),
  registration: holds('G11/registration', ({ package: { useStatus, registration } }) =>
    useStatus === 'clinico' ? registration !== null : useStatus === 'investigacion',
  ),
  licence: holds('G14/licence', ({ package: { license } }) => !NOT_CLINICAL.test(license)),
  correctiveAction: holds(
    'G50/corrective-action',
    ({ statement: { rootCause, correctiveAction } }) => isSaid(rootCause) && correctiveAction !== undefined,
  ),
  retirement: holds(
    'G57/retirement',
    ({ statement: { reason, disposition } }) => isSaid(reason) && isSaid(disposition),
  ),
  previous: holds('G37/previous', ({ before }, to) => before === to),
  approved: holds(
    'G37/national',
    ({ national: { state, isExpired } }) => !isExpired && (state === 'aprobado_nacional' || state === 'en_revision'),
  ),
  demonstrated: holds('G37/national', ({ national: { state, isExpired } }) => !isExpired && state === 'demostracion'),
  percentage: holds('G37/percentage', ({ statement: { percentage } }) => isShare(percentage)),
  replaced: holds('G56/replacement', ({ isReplaced }) => isReplaced),
  former: holds(
    'G56/rollback',
    ({ former, statement: { percentage } }, to) =>
      former?.state === to && (percentage ?? 0) <= (former.percentage ?? 0),
  ),
  risk: measured('G12/risk', 'risk'),
  vulnerabilities: measured('G13/vulnerabilities', 'vulnerabilities'),
  plan: measured('G29/plan', 'plan'),
  budget: measured('G25/budget', 'budget'),
  leakage: measured('G26/leakage', 'leakage'),
  endpoints: measured('G31/endpoints', 'endpoints'),
  calibration: measured('G31/calibration', 'calibration'),
  subgroups: measured('G31/subgroups', 'subgroups'),
  monitoringPlan: measured('G47/monitoring-plan', 'monitoringPlan'),
  review: measured('G52/review', 'review'),
  scope: measured('G10/scope', 'scope'),
  latency: measured('G48/latency', 'latency'),
  volume: measured('G32/volume', 'volume'),
  failures: measured('G48/failures', 'failures'),
  scores: measured('G48/scores', 'scores'),
  acceptance: measured('G32/acceptance', 'acceptance'),
  training: measured('G45/training', 'training'),
  override: measured('G41/override', 'override'),
  incidents: measured('G58/incident', 'incidents'),
  burden: measured('G44/burden', 'burden'),
} as const satisfies Record<string, Guard>;

export type GuardId = keyof typeof GUARDS;

function holds(rule: RuleId, isMet: (evidence: Evidence, to: State) => boolean): Guard {
  return { rule, judge: (evidence, to) => (isMet(evidence, to) ? met(rule) : refused(rule)) };
}

/** Whatever a supplier brings is no evidence, also where the platform has none of its own. */
function measured(rule: RuleId, what: Measured): Guard {
  return {
    rule,
    judge: ({ measured: { [what]: given } }) => {
      if (given === undefined) return unavailable(rule);
      if (given.by !== PLATFORM) return refused('G30/foreign-evidence', `${what}: by ${given.by}`);
      return given.isMet ? met(rule) : refused(rule);
    },
  };
}

const isSaid = (text: string | undefined): boolean => text !== undefined && text.trim() !== '';

export const isShare = (percentage: number | undefined): boolean =>
  percentage !== undefined && Number.isInteger(percentage) && percentage >= 1 && percentage <= PERCENTAGE_MAX;
