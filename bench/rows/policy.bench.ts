import { cedarPolicy } from '@acervo/platform/adapters/cedar/cedar-policy.ts';
import { Authorities, type Standpoint } from '@acervo/platform/policy/authority.ts';
import { Decisions } from '@acervo/platform/policy/classes.ts';
import type { Policy, Question } from '@acervo/platform/ports/policy.ts';
import { type Agreement, type Marks, NO_MARKS, type Sharing } from '@acervo/platform/ports/sharing.ts';
import type { Measured, Row } from '../row.ts';

const DECISIONS = 5_000;
const QUICK_DECISIONS = 500;
const INSTITUTIONS = 50;
const VIEWS = 50;

/**
 * What one decision takes, and one view. A decision is about a study that was found, as retrievals take it: its facts
 * against what is shared, then the engine, or what it answered before for a study of the same class; every round begins
 * with nothing remembered. `engine` figures are of the engine alone, asked anew each time. A view is what a caller may search who shares with fifty institutions, each by
 * an agreement of its own, with labels of sensitivity at every one of them: made by an engine that knows nothing yet.
 */
export const POLICY_ROWS: readonly Row[] = [
  {
    id: 'policy-decision',
    title: `Decisions about one study by the whole policy set, and a view of ${INSTITUTIONS} institutions`,
    isQuick: true,
    rounds: 5,
    targets: [
      { figure: 'p99Ms', better: 'lower', committed: 1 },
      { figure: 'engineP99Ms', better: 'lower', committed: 1 },
      { figure: 'viewP50Ms', better: 'lower', committed: 250 },
    ],
    open: (bench) => {
      const policy = cedarPolicy();
      const decisions = bench.isQuick ? QUICK_DECISIONS : DECISIONS;
      return Promise.resolve({
        ours: {
          name: 'acervo',
          detail: `policy ${policy.digest.slice(0, 8)}`,
          round: () => Promise.resolve(round(policy, decisions)),
        },
        peers: [],
        checks: 'own studies are permitted, sensitive ones of others are not; a view has the institutions that share',
        close: () => Promise.resolve(),
      });
    },
  },
];

const PERSON = {
  kind: 'person',
  id: 'p1',
  institution: 'H0',
  roles: ['radiologist'],
  may: [],
  strength: 'password',
} as const;

function questionOf(number: number): Question {
  const isOwn = number % 2 === 0;
  return {
    principal: PERSON,
    context: { purpose: 'TREATMENT', secondFactor: false },
    action: 'read',
    study: {
      institution: isOwn ? 'H0' : `H${1 + (number % INSTITUTIONS)}`,
      isOwn,
      isGranted: false,
      sharedFor: number % 3 === 0 ? ['TREATMENT'] : [],
      isReferred: number % 5 === 0 && !isOwn,
      glassBroken: false,
      sensitivity: number % 4 === 1 ? ['hiv', 'vip'] : [],
    },
  };
}

function round(policy: Policy, decisions: number): Measured {
  const cpu = process.cpuUsage();
  const began = performance.now();
  const latenciesMs = decidedMs(policy, decisions);
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const engine = engineMs(policy, decisions);
  const views = viewsMs(policy);
  return {
    operations: decisions,
    seconds,
    cpuSeconds: (user + system) / 1e6,
    latenciesMs,
    figures: {
      engineP50Ms: engine[engine.length >> 1] ?? 0,
      engineP99Ms: engine[Math.floor(engine.length * 0.99)] ?? 0,
      viewP50Ms: views[views.length >> 1] ?? 0,
      viewMaxMs: views.at(-1) ?? 0,
    },
  };
}

const timed = <T>(took: number[], work: () => T): T => {
  const start = performance.now();
  const done = work();
  took.push(performance.now() - start);
  return done;
};

/** Studies of the own institution, of fifty that share, and of one that does not. */
function decidedMs(policy: Policy, decisions: number): number[] {
  const took: number[] = [];
  const authority = new Authorities(new Decisions(policy), SHARING, MARKS).of(STANDPOINT);
  for (let number = 0; number < decisions; number++) {
    const at = number % (INSTITUTIONS + 2);
    const modality = number % 3 === 0 ? 'US' : 'CT';
    const labels = number % 7 === 0 ? ['vip'] : [];
    const study = {
      institution: `H${at}`,
      studyUid: `2.25.${number}`,
      issuer: 'H',
      patientId: `${number}`,
      modalities: [modality],
      studyDate: '2026-01-01',
      labels,
    };
    const { decision } = timed(took, () => authority.judge('read', study));
    const isShared = at <= INSTITUTIONS && modality === 'CT' && labels.length === 0;
    if (decision.isPermitted !== (at === 0 || isShared)) throw new Error(`decision ${number} is wrong`);
  }
  return took;
}

/** In order. */
function engineMs(policy: Policy, decisions: number): number[] {
  const took: number[] = [];
  for (let number = 0; number < decisions; number++) {
    const question = questionOf(number);
    const { isPermitted } = timed(took, () => policy.decide(question));
    const { study } = question as Extract<Question, { study: unknown }>;
    const isSensitive = study.sensitivity.length > 0;
    const expected = study.isOwn || study.isReferred || (!isSensitive && study.sharedFor.length > 0);
    if (isPermitted !== expected) throw new Error(`decision ${number} is wrong`);
  }
  return took.sort((a, b) => a - b);
}

const AGREEMENTS = Array.from(
  { length: INSTITUTIONS },
  (_, number): Agreement => ({
    owner: `H${1 + number}`,
    receiver: 'H0',
    modalities: ['CT', 'MR'],
    purposes: number % 2 === 0 ? ['TREATMENT', 'EMERGENCY'] : ['TREATMENT'],
    validity: { from: '2026-01-01T00:00:00.000Z' },
    reference: 'bench',
  }),
);
const SHARING: Sharing = { revision: 1, givenTo: () => ({ agreements: AGREEMENTS, referrals: [], glasses: [] }) };
const MARKS: Marks = { ...NO_MARKS, labelsOf: () => ['hiv', 'staff', 'vip'] };
const STANDPOINT: Standpoint = {
  principal: PERSON,
  context: { purpose: 'TREATMENT', secondFactor: false },
  granted: [],
};

/** In order. Each is made by decisions that were never asked for before. */
function viewsMs(policy: Policy): number[] {
  const took: number[] = [];
  for (let number = 0; number < VIEWS; number++) {
    const view = timed(took, () => new Authorities(new Decisions(policy), SHARING, MARKS).of(STANDPOINT).view('query'));
    if (view.institutions.size !== INSTITUTIONS + 1) throw new Error(`${view.institutions.size} institutions`);
  }
  return took.sort((a, b) => a - b);
}
