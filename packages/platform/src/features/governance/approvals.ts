import { newId } from '@acervo/kernel/id.ts';
import {
  type Approval,
  approvalText,
  isApproval,
  NO_CONFLICT,
  readApproval,
  type Signed,
} from '@acervo/model/lifecycle/approval.ts';
import { verdictsOf } from '@acervo/model/lifecycle/judge.ts';
import { edgeOf } from '@acervo/model/lifecycle/machine.ts';
import { judgeApproval } from '@acervo/model/lifecycle/quorum.ts';
import { type Finding, refused, type Verdict } from '@acervo/model/lifecycle/rules.ts';
import { NATION, type SigningRole, type State } from '@acervo/model/lifecycle/states.ts';
import { envelopeOf } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import type { Op } from '../../ports/op.ts';
import type { Sql } from '../../ports/sql.ts';
import {
  type ApprovalRow,
  approvalBy,
  approvalsFor,
  keyBy,
  lockGovernance,
  nextRevision,
  putApproval,
} from './governance.repo.ts';
import { allowPerson, isStrong, orRefused, type Ports, refusalOf } from './refusing.ts';
import { signerNow } from './signers.ts';
import { evidenceOf, type Standing, sinceOf, standingOf, subjectOf } from './standing.ts';

/** A version of a model, as routes and commands name it. */
export type Version = { model: string; version: string };

/** A year, as a rule (G05). */
const TERM_DAYS = 365;
const DAY_MS = 24 * 3_600_000;

export type Draft = {
  /** The text to sign: canonical, of the caller, with what the archive knows. */
  document: string;
  approval: Approval;
  /** What the guards of the step say now. */
  verdicts: readonly Verdict[];
};

/**
 * What a person would sign for a step, and what its guards say: both on one screen.
 * @throws {Failure} request/not-found; governance/refused for a step that there is not
 */
export async function draftApproval(
  ports: Ports,
  op: Op,
  { model, version }: Version,
  asked: {
    to: State;
    site: string | null;
    role: SigningRole;
    percentage: number | undefined;
    conflict?: string | undefined;
  },
): Promise<Draft> {
  const { to, site, role, percentage, conflict = NO_CONFLICT } = asked;
  const standing = await standingOf(ports, op, ports.db, { model, version, site });
  const edge = edgeOf(standing.scope, standing.track, standing.from, to);
  if (edge === undefined) throw refusalOf([refused('G37/edge', `${standing.from} to ${to}`)]);
  const at = ports.now();
  const statement = { reason: '', percentage };
  const evidence = await evidenceOf(ports.db, standing, { to, statement, at: at.toISOString(), isReplaced: false });
  const approval: Approval = {
    t: 'aprobacion/v1',
    ...standing.facts.digests,
    de: standing.from,
    a: to,
    sitio: site,
    porcentaje: percentage ?? null,
    rol: role,
    persona: op.actor.id,
    institucion: site ?? NATION,
    conflicto: conflict,
    vence: new Date(at.getTime() + TERM_DAYS * DAY_MS).toISOString(),
    nonce: newId().replaceAll('-', ''),
  };
  return { document: approvalText(approval), approval, verdicts: verdictsOf(edge, evidence) };
}

export type Approved = { id: string; role: string; to: string; site: string | null; expires: string };

/**
 * Take an approval: whoever has logged in hands in what he signed himself.
 * @throws {Failure} governance/forbidden, governance/refused with the rules; request/not-found
 */
export async function giveApproval(ports: Ports, op: Op, of: Version, signed: Signed): Promise<Approved> {
  return orRefused(ports, op, { what: 'approve', package: `${of.model} ${of.version}` }, async () => {
    allowPerson(op, 'sign-model', op.institution);
    const approval = await readApproval(signed);
    if (!isApproval(approval)) throw refusalOf([approval]);
    return ports.db.transaction(async (sql) => {
      await lockGovernance(sql);
      const standing = await standingOf(ports, op, sql, { ...of, site: approval.sitio });
      // Who did not get the answer sends it again.
      const before = await approvalBy(sql, op.actor.id, approval.nonce);
      if (before?.document === signed.text) return approvedAs(before.id, approval);
      if (before !== undefined) throw refusalOf([refused('G04/used', 'the nonce was used')]);
      const found = await judgedNow(ports, sql, op, { standing, signed, approval });
      if (found.length > 0) throw refusalOf(found);
      return keep(ports, sql, op, standing, signed, approval);
    });
  });
}

type Handed = { standing: Standing; signed: Signed; approval: Approval };

async function judgedNow(
  ports: Ports,
  sql: Sql,
  op: Op,
  { standing, signed, approval }: Handed,
): Promise<readonly Finding[]> {
  const { scope, track, from, row, facts, site } = standing;
  const edge = edgeOf(scope, track, from, approval.a);
  if (edge === undefined) return [refused('G37/edge', `${from} to ${approval.a}`)];
  const known = await keyBy(sql, signed.key);
  const keyOwner = known?.revokedAt === null ? known.person : undefined;
  const signer = await signerNow(ports, sql, op, { keyOwner, model: row.model });
  const at = ports.now().toISOString();
  // The share of limited use is whoever signs first's to say; the step then asks for the same of all.
  const subject = subjectOf(standing, approval.a, approval.porcentaje ?? undefined);
  const asked = { edge, subject, supplier: facts.supplier, at };
  const judged = await judgeApproval({ signed, signer, isUsed: false, isEarlier: false }, asked);
  const found = Array.isArray(judged) ? judged : [];
  const needsShare = edge.guards.includes('percentage');
  if (needsShare !== (approval.porcentaje !== null)) found.push(refused('G37/percentage'));
  const others = await approvalsFor(sql, { package: row.digest, site: site ?? '', to: approval.a });
  const isTwice = others.some(
    ({ document, isUsed, revision }) => !isUsed && revision > sinceOf(standing) && isOtherRole(document, approval, at),
  );
  return isTwice ? [...found, refused('G02/one-person')] : found;
}

/** A signature that still holds, of the same person in another role, for the same step. */
function isOtherRole(document: string, { persona, rol, de }: Approval, at: string): boolean {
  const other = JSON.parse(document) as Approval;
  return other.persona === persona && other.rol !== rol && other.de === de && other.vence > at;
}

async function keep(
  ports: Ports,
  sql: Sql,
  op: Op,
  { row, site }: Standing,
  { text, signature, key }: Signed,
  approval: Approval,
): Promise<Approved> {
  const id = newId();
  const revision = await nextRevision(sql);
  const told: Omit<ApprovalRow, 'event'> = {
    id,
    package: row.digest,
    document: text,
    signature,
    key,
    strength: isStrong(op) ? String(op.authentication?.strength) : '',
    receivedAt: ports.now().toISOString(),
    revision,
  };
  const event = envelopeOf(op, 'model.approved', { institution: site ?? '' }, { approval: told });
  await insertEvents(sql, [event]);
  await putApproval(sql, { ...told, event: event.id });
  return approvedAs(id, approval);
}

const approvedAs = (id: string, { rol, a, sitio, vence }: Approval): Approved => ({
  id,
  role: rol,
  to: a,
  site: sitio,
  expires: vence,
});
