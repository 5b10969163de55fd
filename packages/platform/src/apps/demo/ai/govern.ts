import type { Approval } from '@acervo/model/lifecycle/approval.ts';
import { LOGINS, PLACED, type Placed, READER, ruleOf, type Signing, type Step, stepsOf } from './committee.ts';
import type { Member } from './members.ts';

/** The committee by login. */
export type Committee = ReadonlyMap<string, Member>;

/** A model at a site, as the life-cycle has it now. */
export type Stands = { model: string; version: string; site: string; state: string; percentage: number | null };

/** What came of it, and how much of it is in the journal. */
export type Governed = { people: number; approvals: number; steps: number; stands: Stands[] };

const REASON = 'DEMOSTRACIÓN: imágenes inventadas, sin pacientes';

type Held = { document: string; isUsed: boolean };
type Taken = { site: string; to: string };

/**
 * Bring each model from reception to limited use at its sites, as its committee: every approval is signed by the person
 * whose it is, every step and rule comes by the route that a page uses. What was done once, also by an earlier start,
 * is not done again: what people stopped since stays stopped.
 */
export async function govern(committee: Committee): Promise<Governed> {
  let [approvals, steps] = [0, 0];
  const stands: Stands[] = [];
  for (const placed of PLACED) {
    const base = pathOf(placed);
    const reader = memberIn(committee, READER);
    const taken = await reader.ask<{ steps: Taken[] }>(`${base}/history`);
    for (const step of stepsOf(placed)) {
      const isTaken = taken.steps.some(({ site, to }) => site === (step.site ?? '') && to === step.to);
      if (!isTaken) await take(committee, base, step);
    }
    for (const site of placed.sites) await addRule(memberIn(committee, site.chief), ruleOf(placed, site));
    approvals += (await reader.ask<{ approvals: Held[] }>(`${base}/approvals`)).approvals.length;
    steps += (await reader.ask<{ steps: Taken[] }>(`${base}/history`)).steps.length;
    const { model, version } = placed;
    const { sites } = await reader.ask<{ sites: Omit<Stands, 'model' | 'version'>[] }>(`${base}/state`);
    for (const { site, state, percentage } of sites) {
      if (state !== 'no_instalado') stands.push({ model, version, site, state, percentage });
    }
  }
  return { people: LOGINS.length, approvals, steps, stands };
}

const pathOf = ({ model, version }: Placed): string => `/api/models/${model}/versions/${version}`;

export function memberIn(committee: Committee, login: string): Member {
  const member = committee.get(login);
  if (member === undefined) throw new RangeError(`nobody of the demo is ${login}`);
  return member;
}

async function take(committee: Committee, base: string, step: Step): Promise<void> {
  const { to, site, percentage, by, signed } = step;
  for (const signing of signed) await approve(memberIn(committee, signing.login), base, signing, step);
  const place = { ...(site !== undefined && { site }), ...(percentage !== undefined && { percentage }) };
  await memberIn(committee, by).ask(`${base}/transitions`, { to, reason: REASON, ...place });
}

/** One signs what the archive proposes: the text has the digests of everything that it is about. */
async function approve(member: Member, base: string, { role }: Signing, step: Step): Promise<void> {
  const { to, site, percentage } = step;
  const { approvals } = await member.ask<{ approvals: Held[] }>(`${base}/approvals`);
  const isGiven = approvals.some(({ document, isUsed }) => {
    const { persona, rol, a, sitio } = JSON.parse(document) as Approval;
    return !isUsed && persona === member.id && rol === role && a === to && sitio === (site ?? null);
  });
  if (isGiven) return;
  const asked = new URLSearchParams({ to, role });
  if (site !== undefined) asked.set('site', site);
  if (percentage !== undefined) asked.set('percentage', String(percentage));
  const { document } = await member.ask<{ document: string }>(`${base}/approvals/draft?${asked}`);
  await member.ask(`${base}/approvals`, { document, ...(await member.sign(document)) });
}

async function addRule(chief: Member, rule: ReturnType<typeof ruleOf>): Promise<void> {
  const { rules } = await chief.ask<{ rules: { name: string }[] }>('/api/ai/rules');
  if (!rules.some(({ name }) => name === rule.id)) await chief.ask('/api/ai/rules', rule);
}
