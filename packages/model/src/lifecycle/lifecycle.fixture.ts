import { type Approval, approvalText, keyName, type Signed, type Subject, signApproval } from './approval.ts';
import { type Digest, type Evidence, type Measured, PLATFORM } from './evidence.ts';
import { OF_A_SITE, type Request } from './judge.ts';
import type { Edge, Slot } from './machine.ts';
import type { Given, Signer } from './quorum.ts';
import { NATION, type SigningRole, type State, type Track } from './states.ts';

export const NOW = '2026-11-29T12:00:00.000Z';
export const UNTIL = '2027-05-01T00:00:00.000Z';
export const SITE = 'HOSPITAL-A';
export const SUPPLIER = 'Universidad';

const sha = (digit: string): Digest => `sha256:${digit.repeat(64)}`;

export const DIGESTS = {
  paquete: sha('1'),
  modelo: sha('2'),
  manifiesto: sha('3'),
  umbrales: sha('4'),
  riesgo: sha('5'),
  plan: sha('6'),
  banco: null,
  informe: null,
};

const MEASURED: readonly Measured[] = [
  'vulnerabilities',
  'risk',
  'plan',
  'budget',
  'leakage',
  'endpoints',
  'calibration',
  'subgroups',
  'monitoringPlan',
  'review',
  'scope',
  'latency',
  'volume',
  'failures',
  'scores',
  'acceptance',
  'training',
  'override',
  'incidents',
  'burden',
];
export const measuredBy = (by: string): Evidence['measured'] =>
  Object.fromEntries(MEASURED.map((what) => [what, { by, digest: sha('7'), isMet: true }]));

/** Evidence with which every guard of an edge is met. */
export function evidenceFor({ to, track, guards, scope }: Edge): Evidence {
  const isShown = track === 'demostracion';
  const percentage = guards.includes('percentage') ? 10 : undefined;
  return {
    package: {
      digests: DIGESTS,
      useStatus: isShown ? 'demostracion' : 'clinico',
      registration: isShown ? null : '0001C2026 SSA',
      license: 'Apache-2.0',
      supplier: SUPPLIER,
      intake: { isSound: true, isGolden: true, isDocumented: true },
    },
    national: {
      state: scope === 'sitio' ? (isShown ? 'demostracion' : 'aprobado_nacional') : 'borrador',
      isExpired: false,
    },
    before: to,
    measured: measuredBy(PLATFORM),
    statement: {
      reason: 'motivo',
      rootCause: 'causa',
      correctiveAction: sha('8'),
      disposition: 'se conservan',
      percentage,
    },
    isReplaced: true,
    former: { state: to, percentage: 20 },
  };
}

const PERSONS = new Map<string, Promise<{ id: string; pair: CryptoKeyPair; key: string }>>();

/** Somebody with a key; the same for the same name. */
export function personOf(name: string): Promise<{ id: string; pair: CryptoKeyPair; key: string }> {
  const known = PERSONS.get(name) ?? made(PERSONS.size + 1);
  PERSONS.set(name, known);
  return known;
}

async function made(number: number) {
  const pair = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify']);
  const id = `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`;
  return { id, pair, key: await keyName(pair.publicKey) };
}

export const subjectOf = (edge: Edge, site = SITE): Subject => ({
  digests: DIGESTS,
  from: edge.from,
  to: edge.to,
  site: edge.scope === 'sitio' ? site : null,
  percentage: edge.guards.includes('percentage') ? 10 : null,
});

export type Twist = {
  approval?: Partial<Approval>;
  signer?: Partial<Signer>;
  signed?: (signed: Signed) => Signed;
  isUsed?: boolean;
  isEarlier?: boolean;
};

export async function givenFor(edge: Edge, name: string, rol: SigningRole, twist: Twist = {}): Promise<Given> {
  const { id, pair, key } = await personOf(name);
  const { digests, from, to, site, percentage } = subjectOf(edge);
  const institucion = site ?? NATION;
  const approval: Approval = {
    t: 'aprobacion/v1',
    ...digests,
    de: from,
    a: to,
    sitio: site,
    porcentaje: percentage,
    rol,
    persona: id,
    institucion,
    conflicto: 'ninguno',
    vence: UNTIL,
    nonce: 'n'.repeat(22),
    ...twist.approval,
  };
  const text = approvalText(approval);
  const signed = { text, signature: await signApproval(text, pair.privateKey), key };
  const signer: Signer = {
    kind: 'person',
    id,
    isStrong: true,
    keyOwner: id,
    grants: [{ role: rol, institution: institucion }],
    isDeveloper: false,
    affiliations: [],
    ...twist.signer,
  };
  const { isUsed = false, isEarlier = false } = twist;
  return { signed: twist.signed?.(signed) ?? signed, signer, isUsed, isEarlier };
}

/** As many signatures as an edge needs, of as many people; those whose slot has a twist, with it. */
export const signaturesFor = (edge: Edge, twists: readonly Twist[] = []): Promise<Given[]> =>
  Promise.all(
    edge.signatures.map((slot, index) => givenFor(edge, `p${index}`, roleOf(slot), twists[index] ?? twists[0])),
  );

export const roleOf = ({ roles: [first] }: Slot): SigningRole => first as SigningRole;

/** A request that nothing stands against. */
export async function requestFor(edge: Edge, twists: readonly Twist[] = []): Promise<Request> {
  const site = edge.scope === 'sitio' ? SITE : null;
  const grants = edge.by.map((role) => {
    const isOfSite = OF_A_SITE.has(role);
    return { role, institution: isOfSite ? SITE : NATION };
  });
  return {
    scope: edge.scope,
    track: trackOf(edge),
    from: edge.from,
    to: edge.to,
    asker: { kind: 'person', grants },
    site,
    evidence: evidenceFor(edge),
    given: await signaturesFor(edge, twists),
    asked: { subject: subjectOf(edge), supplier: SUPPLIER, at: NOW },
  };
}

export const trackOf = ({ track }: Pick<Edge, 'track'>): Track => track ?? 'clinico';

/** Where a path through the machine stands, for who walks it at random. */
export type Place = { national: State; site: State };
