import { cedarPolicy } from '@acervo/platform/adapters/cedar/cedar-policy.ts';
import { Authorities, type Standpoint } from '@acervo/platform/policy/authority.ts';
import { Decisions } from '@acervo/platform/policy/classes.ts';
import type { Policy, Question } from '@acervo/platform/ports/policy.ts';
import { type Agreement, NO_MARKS, type Sharing } from '@acervo/platform/ports/sharing.ts';
import type { Measured, Row } from '../row.ts';

const DECISIONS = 5_000;
const QUICK_DECISIONS = 500;
const INSTITUTIONS = 50;
const VIEWS = 50;

/**
 * What one decision takes, and one view. A decision is an evaluation of all policies by the engine, nothing remembered;
 * in the archive most are remembered. A view is what a caller may search who shares with fifty institutions, each by
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
  const latenciesMs: number[] = [];
  for (let number = 0; number < decisions; number++) {
    const question = questionOf(number);
    const start = performance.now();
    const { isPermitted } = policy.decide(question);
    latenciesMs.push(performance.now() - start);
    const { study } = question as Extract<Question, { study: unknown }>;
    const isSensitive = study.sensitivity.length > 0;
    const expected = study.isOwn || study.isReferred || (!isSensitive && study.sharedFor.length > 0);
    if (isPermitted !== expected) throw new Error(`decision ${number} is wrong`);
  }
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const views = viewsMs(policy);
  return {
    operations: decisions,
    seconds,
    cpuSeconds: (user + system) / 1e6,
    latenciesMs,
    figures: { viewP50Ms: views[views.length >> 1] ?? 0, viewMaxMs: views.at(-1) ?? 0 },
  };
}

/** In order. Each is made by decisions that were never asked for before. */
function viewsMs(policy: Policy): number[] {
  const agreements = Array.from(
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
  const sharing: Sharing = { revision: 1, givenTo: () => ({ agreements, referrals: [], glasses: [] }) };
  const marks = { ...NO_MARKS, labelsOf: () => ['hiv', 'staff', 'vip'] };
  const standpoint: Standpoint = {
    principal: PERSON,
    context: { purpose: 'TREATMENT', secondFactor: false },
    granted: [],
  };
  const took = Array.from({ length: VIEWS }, () => {
    const start = performance.now();
    const view = new Authorities(new Decisions(policy), sharing, marks).of(standpoint).view('query');
    const ms = performance.now() - start;
    if (view.institutions.size !== INSTITUTIONS + 1) throw new Error(`${view.institutions.size} institutions`);
    return ms;
  });
  return took.sort((a, b) => a - b);
}
