import type { Approval } from './approval.ts';
import type { Evidence } from './evidence.ts';
import { GUARDS, isShare } from './guards.ts';
import { type Asker, type Edge, edgeOf } from './machine.ts';
import { type Asked, type Given, judgeQuorum } from './quorum.ts';
import { type Finding, isFinding, refused, type Verdict } from './rules.ts';
import { NATION, type Scope, type State, type Track } from './states.ts';

/** A step that somebody asks for. */
export type Request = {
  scope: Scope;
  track: Track;
  from: State;
  to: State;
  /** Who asks: roles in force with where they are held, or the archive itself. */
  asker: { kind: 'person' | 'system' | 'process'; grants: readonly { role: string; institution: string }[] };
  /** Null: the nation. */
  site: string | null;
  evidence: Evidence;
  given: readonly Given[];
  asked: Omit<Asked, 'edge'>;
};

export type Judgement =
  | { isAccepted: true; edge: Edge; approvals: readonly Approval[]; verdicts: readonly Verdict[] }
  | { isAccepted: false; edge: Edge | undefined; found: readonly Finding[] };

/** Everything that stands against a step, or what it rests on. Nothing is changed and nothing is asked. */
export async function judge(request: Request): Promise<Judgement> {
  const { scope, track, from, to, evidence, given, asked } = request;
  const edge = edgeOf(scope, track, from, to);
  if (edge === undefined) {
    return { isAccepted: false, edge, found: [refused('G37/edge', `${from} to ${to}`)] };
  }
  const verdicts = verdictsOf(edge, evidence);
  const found = verdicts.filter(isFinding);
  if (!mayAsk(edge, request)) found.unshift(refused('G01/role'));
  const isNeeded = edge.signatures.length > 0 && edge.isRestored !== true;
  const quorum = isNeeded ? await judgeQuorum(given, { ...asked, edge }) : { approvals: [], found: [] };
  found.push(...quorum.found);
  if (found.length > 0) return { isAccepted: false, edge, found };
  return { isAccepted: true, edge, approvals: quorum.approvals, verdicts };
}

/** What each guard of an edge says, each rule once. A share is of limited use only. */
export function verdictsOf(edge: Edge, evidence: Evidence): Verdict[] {
  const verdicts = edge.guards.map((name) => GUARDS[name].judge(evidence, edge.to));
  const { percentage } = evidence.statement;
  if (!edge.guards.includes('percentage') && percentage !== undefined && isShare(percentage)) {
    verdicts.push(refused('G37/percentage', 'of limited use only'));
  }
  return verdicts;
}

/** Held at the site itself, or they do not count there. */
export const OF_A_SITE: ReadonlySet<string> = new Set(['site-chief', 'medical-physicist', 'radiologist']);

/** Roles of the nation are held at all institutions; those of a site at the site. */
function mayAsk({ by }: Edge, { asker, site }: Request): boolean {
  if (asker.kind === 'process') return by.includes('process') || by.includes('administrator');
  if (asker.kind !== 'person') return false;
  const places = site === null ? [NATION] : [NATION, site];
  return asker.grants.some(({ role, institution }) => {
    const isOfSite = OF_A_SITE.has(role);
    const isPlaced = isOfSite ? institution === site : places.includes(institution);
    return isPlaced && by.includes(role as Asker);
  });
}
