import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Failure } from '@acervo/kernel/failure.ts';
import type { DetailedError, EntityJson, PolicyJson, StatefulAuthorizationCall } from '@cedar-policy/cedar-wasm/nodejs';
import type { Decision, Policy, Principal, Question } from '../../ports/policy.ts';

type Cedar = typeof import('@cedar-policy/cedar-wasm/nodejs');

/** Four megabytes of WebAssembly, for those processes alone that decide. */
const cedar = (): Cedar => createRequire(import.meta.url)('@cedar-policy/cedar-wasm/nodejs') as Cedar;

const FOLDER = join(import.meta.dirname, '../../policy');
const SCHEMA = readFileSync(join(FOLDER, 'acervo.cedarschema'), 'utf8');
/** The policies that ship with the archive. */
const SHIPPED = readFileSync(join(FOLDER, 'acervo.cedar'), 'utf8');
/** What decides where a policy cannot be evaluated. No policy may be called so. */
const UNDECIDED = 'undecided';

/**
 * The policy set: what ships, with what an operator's text adds, and replaces by using an @id again.
 * @param own   of ACERVO_POLICY_FILE; undefined: none
 * @throws {Failure} config/invalid naming the policy that is not understood, or that the schema does not allow
 */
export function cedarPolicy(own?: { text: string; name: string }): Policy {
  const policies = partsOf(SHIPPED, 'acervo.cedar');
  if (own !== undefined) for (const [id, part] of partsOf(own.text, own.name)) policies.set(id, part);
  const parts = [...policies.values()];
  const staticPolicies = Object.fromEntries([...policies].map(([id, part]) => [id, part.text]));
  // Costs every start a third of a second; what ships, the tests check.
  if (own !== undefined) checkAgainstSchema(staticPolicies);
  const text = `${parts.map((part) => part.text).join('\n\n')}\n`;
  const digest = createHash('sha256').update(SCHEMA).update(text).digest('hex');
  const parsed = cedar().preparsePolicySet(digest, { staticPolicies });
  if (parsed.type === 'failure') throw notUnderstood('policies', parsed.errors);
  const engine = cedar();
  const names = namesIn(parts);
  return {
    digest,
    text,
    institutionsNamed: new Set(names.filter(({ type }) => type === 'Institution').map(({ id }) => id)),
    namesPrincipals: names.some(({ type }) => type === 'Person' || type === 'System'),
    decide: (question) => decide(engine, digest, question),
  };
}

type Part = { text: string; json: PolicyJson };

/** Each policy by its @id. */
function partsOf(text: string, file: string): Map<string, Part> {
  const parts = cedar().policySetTextToParts(text);
  if (parts.type === 'failure') throw notUnderstood(file, parts.errors);
  if (parts.policy_templates.length > 0) throw new Failure('config/invalid', `${file}: a template decides nothing`);
  const policies = new Map<string, Part>();
  for (const policy of parts.policies) {
    const read = cedar().policyToJson(policy);
    if (read.type === 'failure') throw notUnderstood(file, read.errors);
    const id = read.json.annotations?.['id'] ?? '';
    // A decision is told by the names of its policies, so each has one.
    if (id === '' || id === UNDECIDED) throw new Failure('config/invalid', `${file}: a policy without @id: ${policy}`);
    if (policies.has(id)) throw new Failure('config/invalid', `${file}: @id("${id}") stands twice`);
    policies.set(id, { text: policy, json: read.json });
  }
  return policies;
}

function checkAgainstSchema(staticPolicies: Record<string, string>): void {
  const answer = cedar().validate({ schema: SCHEMA, policies: { staticPolicies } });
  if (answer.type === 'failure') throw notUnderstood('policies', answer.errors);
  const [first] = answer.validationErrors;
  if (first !== undefined) throw notUnderstood(`policy ${first.policyId}`, [first.error]);
}

const notUnderstood = (what: string, errors: readonly DetailedError[]): Failure =>
  new Failure(
    'config/invalid',
    `${what}: ${errors.map(({ message, help }) => [message, help].filter(Boolean).join(': ')).join('; ')}`,
  );

type Name = { type: string; id: string };

/** Every entity that a policy names, wherever it stands. */
function namesIn(policies: readonly Part[]): Name[] {
  const found: Name[] = [];
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if ('type' in value && 'id' in value && typeof value.type === 'string' && typeof value.id === 'string') {
      found.push({ type: value.type, id: value.id });
    }
    Object.values(value).forEach(look);
  };
  for (const { json } of policies) look(json);
  return found;
}

function decide(engine: Cedar, preparsedPolicySetId: string, question: Question): Decision {
  const answer = engine.statefulIsAuthorized(callOf(preparsedPolicySetId, question));
  if (answer.type === 'failure') throw new Failure('internal', `policy: ${answer.errors[0]?.message}`);
  const { decision, diagnostics } = answer.response;
  // A policy that fails is passed over, and it may be the one that forbids.
  if (diagnostics.errors.length > 0) return { isPermitted: false, policies: [UNDECIDED] };
  return { isPermitted: decision === 'allow', policies: diagnostics.reason.toSorted() };
}

const institutionOf = (id: string) => ({ __entity: { type: 'Institution', id } });

function callOf(preparsedPolicySetId: string, question: Question): StatefulAuthorizationCall {
  const { action, context } = question;
  const principal = principalOf(question.principal);
  const resource = resourceOf(question);
  return {
    principal: uidOf(principal),
    action: { type: 'Action', id: action },
    resource: uidOf(resource),
    context,
    preparsedPolicySetId,
    // What is asked is made of types that equal the schema; to have it checked doubles the time.
    validateRequest: false,
    entities: [principal, resource],
  };
}

const uidOf = ({ uid }: EntityJson) => ('__entity' in uid ? uid.__entity : uid);

function principalOf({ kind, id, institution, roles, may, strength }: Principal): EntityJson {
  const shared = { institution: institutionOf(institution), strength };
  return kind === 'person'
    ? { uid: { type: 'Person', id }, attrs: { ...shared, roles: [...roles] }, parents: [] }
    : { uid: { type: 'System', id }, attrs: { ...shared, may: [...may] }, parents: [] };
}

function resourceOf(question: Question): EntityJson {
  if ('desk' in question) {
    const { institution, ...desk } = question.desk;
    const attrs = { ...desk, institution: institutionOf(institution) };
    return { uid: { type: 'Desk', id: '' }, attrs, parents: [] };
  }
  const { institution, sharedFor, sensitivity, ...study } = question.study;
  const attrs = {
    ...study,
    institution: institutionOf(institution),
    sharedFor: [...sharedFor],
    sensitivity: [...sensitivity],
  };
  return { uid: { type: 'Study', id: '' }, attrs, parents: [] };
}
