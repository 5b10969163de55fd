import { foldText } from '@acervo/dicom/person-name.ts';
import { type Approval, isAbout, isApproval, readApproval, type Signed, type Subject } from './approval.ts';
import type { Edge, Slot } from './machine.ts';
import { type Finding, refused } from './rules.ts';
import { NATION, type Scope, type SigningRole } from './states.ts';

/** What the archive knows of who hands in an approval, from session and directory. */
export type Signer = {
  kind: 'person' | 'system' | 'process';
  /** Id of the person who has logged in. */
  id: string;
  /** Was there a second factor, or a certificate? */
  isStrong: boolean;
  /** Whose the key is, while it is enrolled and not revoked. */
  keyOwner: string | undefined;
  /** Roles in force, and where each is held. */
  grants: readonly { role: string; institution: string }[];
  /** The person brought or develops a version of this model. */
  isDeveloper: boolean;
  /** Suppliers that the person is known to belong to. */
  affiliations: readonly string[];
};

/** A signature as it stands: what was signed, and who it is from. */
export type Given = {
  signed: Signed;
  signer: Signer;
  isUsed: boolean;
  /** It was handed in before the present state began: what has happened since, who signed could not know. */
  isEarlier: boolean;
};

const TERM_MS = 366 * 24 * 3_600_000;

/** Roles of which one person has one at the most where a model is decided (0029; developer stands beside them). */
export const INCOMPATIBLE_SIGNERS: readonly (readonly [SigningRole, SigningRole])[] = [
  ['validator', 'authority'],
  ['validator', 'data-protection-officer'],
  ['validator', 'regulatory-liaison'],
  ['validator', 'site-chief'],
  ['authority', 'data-protection-officer'],
  ['authority', 'regulatory-liaison'],
  ['authority', 'site-chief'],
];

export type Asked = { edge: Edge; subject: Subject; supplier: string; at: string };

/** Does one approval count for this step? All that is wrong with it. */
export async function judgeApproval(given: Given, asked: Asked): Promise<Approval | Finding[]> {
  const read = await readApproval(given.signed);
  const found = [...ofSigner(given)];
  if (!isApproval(read)) return [...found, read];
  found.push(...ofPerson(read, given.signer, asked), ...ofSubject(read, given, asked));
  return found.length === 0 ? read : found;
}

function* ofSigner({ signer }: Given): Iterable<Finding> {
  if (signer.kind !== 'person') yield refused('G01/service-account', `${signer.kind} ${signer.id}`);
  else if (!signer.isStrong) yield refused('G01/second-factor');
}

function* ofPerson(approval: Approval, signer: Signer, { edge, supplier }: Asked): Iterable<Finding> {
  const { rol, institucion, persona, conflicto, sitio } = approval;
  if (signer.keyOwner !== persona || signer.id !== persona) yield refused('G01/key');
  if (signer.isDeveloper) yield refused('G02/developer');
  const isHeld = signer.grants.some(({ role, institution }) => role === rol && institution === institucion);
  const place: Scope = institucion === NATION ? 'nacional' : 'sitio';
  if (sitio !== null && institucion !== sitio) yield refused('G03/site');
  else if (!isHeld || !edge.signatures.some((slot) => fits(slot, rol, place))) yield refused('G03/role');
  const other = signer.grants.find(({ role }) => isPair(role, rol));
  if (other !== undefined) yield refused('G02/incompatible', `${rol} with ${other.role}`);
  const isDeclared = !signer.affiliations.includes(supplier) || namesIt(conflicto, supplier);
  if (conflicto.trim() === '' || !isDeclared) yield refused('G06/undeclared');
}

function* ofSubject(approval: Approval, { isUsed, isEarlier }: Given, { subject, at }: Asked): Iterable<Finding> {
  if (!isAbout(approval, subject)) yield refused('G04/other-subject');
  if (isUsed) yield refused('G04/used');
  else if (isEarlier) yield refused('G04/earlier');
  if (approval.vence <= at) yield refused('G05/expired');
  if (Date.parse(approval.vence) - Date.parse(at) > TERM_MS) yield refused('G05/too-long');
}

/** There are many words for none; who is known to belong to the supplier names it. */
const namesIt = (conflict: string, supplier: string): boolean => foldText(conflict).includes(foldText(supplier));

const fits = ({ roles, place }: Slot, role: SigningRole, at: Scope): boolean => place === at && roles.includes(role);

const isPair = (a: string, b: string): boolean =>
  INCOMPATIBLE_SIGNERS.some((pair) => pair.some((role) => role === a) && pair.some((role) => role === b) && a !== b);

export type Quorum = { approvals: Approval[]; found: Finding[]; missing: readonly Slot[] };

/** Are there signatures for every slot, of as many persons? */
export async function judgeQuorum(given: readonly Given[], asked: Asked): Promise<Quorum> {
  const found: Finding[] = [];
  const counted: Approval[] = [];
  for (const each of given) {
    const judged = await judgeApproval(each, asked);
    if (Array.isArray(judged)) found.push(...judged);
    else if (counted.some(({ persona, rol }) => persona === judged.persona && rol !== judged.rol))
      found.push(refused('G02/one-person'));
    else counted.push(judged);
  }
  const taken = new Map<Slot, Approval>();
  for (const slot of asked.edge.signatures) {
    const persons = new Set([...taken.values()].map(({ persona }) => persona));
    const one = counted.find(({ rol, persona, institucion }) => {
      const place = institucion === NATION ? 'nacional' : 'sitio';
      return fits(slot, rol, place) && !persons.has(persona);
    });
    if (one !== undefined) taken.set(slot, one);
  }
  const missing = asked.edge.signatures.filter((slot) => !taken.has(slot));
  const approvals = [...taken.values()];
  // What does not count stands against nobody else's signature.
  if (missing.length === 0) return { approvals, found: [], missing };
  const roles = missing.map((slot) => slot.roles.join(' or ')).join(', ');
  return { approvals, found: [...found, refused('G03/signatures', roles)], missing };
}
