import { NATIONAL_STATES, SITE_STATES } from '@acervo/model/lifecycle/states.ts';
import { z } from 'zod';
import type { HttpRequest, Route } from '../../bindings/http.ts';
import { parametersOf, understood } from '../../bindings/json-body.ts';
import { getJson, postJson } from '../../bindings/json-route.ts';
import type { Op } from '../../ports/op.ts';
import { draftApproval, giveApproval, type Version } from './approvals.ts';
import { enrolKey, ownKeys, revokeKey } from './keys.ts';
import { orRefused, type Ports } from './refusing.ts';
import { showApprovals, showHistory, showSite, showState } from './show.ts';
import { takeStep } from './steps.ts';
import { rollBack, stopSite, suspend } from './stopping.ts';

const CHARS_MAX = 2000;
const told = z.string().trim().min(1).max(CHARS_MAX);
const institution = z.string().regex(/^[A-Z0-9._-]{1,24}$/);
const state = z.enum([...new Set([...NATIONAL_STATES, ...SITE_STATES])]);
const share = z.int().min(1).max(99);
const roles = z.enum([
  'validator',
  'authority',
  'data-protection-officer',
  'regulatory-liaison',
  'site-chief',
  'medical-physicist',
]);
const digest = z.templateLiteral(['sha256:', z.string().regex(/^[0-9a-f]{64}$/)]);

const APPROVAL = z.strictObject({
  document: z.string().max(8192),
  signature: z.string().max(100),
  key: z.string().max(100),
});
/** Nothing in it is evidence: what is measured, the archive measures (G30). */
const STEP = z.strictObject({
  to: state,
  site: institution.optional(),
  reason: told,
  percentage: share.optional(),
  rootCause: told.optional(),
  correctiveAction: digest.optional(),
  disposition: told.optional(),
});
const SUSPEND = z.strictObject({ site: institution.optional(), reason: told });
const DRAFT = z.strictObject({
  to: state,
  role: roles,
  site: institution.optional(),
  percentage: z
    .string()
    .regex(/^[1-9][0-9]?$/)
    .transform(Number)
    .optional(),
  conflict: told.optional(),
});
const REASON = z.strictObject({ reason: told });
const ROLLBACK = z.strictObject({ model: z.string().min(1).max(128), reason: told });
const KEY = z.strictObject({ key: z.string().max(64), at: z.iso.datetime(), proof: z.string().max(100) });

const VERSION = '/api/models/:id/versions/:version';
const SITE = '/api/sites/:institution/ai';

/** The life-cycle of models. Not in the standard. */
export function governanceRoutes(ports: Ports): Route[] {
  return [...versionRoutes(ports), ...siteRoutes(ports), ...keyRoutes(ports)];
}

const versionOf = ({ id: model = '', version = '' }: HttpRequest['params']): Version => ({ model, version });

function versionRoutes(ports: Ports): Route[] {
  const read = (path: string, summary: string, ask: (op: Op, of: Version, request: HttpRequest) => Promise<object>) =>
    getJson(`${VERSION}/${path}`, summary, (op, request) => {
      op.allow('read-model', op.institution);
      return ask(op, versionOf(request.params), request);
    });
  return [
    read('state', 'Where a version of a model stands, and what each step from there needs', (op, of) =>
      showState(ports, op, of),
    ),
    read('history', 'Every step of a version, the newest first', async (op, of) => ({
      steps: await showHistory(ports, op, of),
    })),
    read('approvals', 'Approvals as they were signed', async (op, of) => ({
      approvals: await showApprovals(ports, op, of),
    })),
    {
      ...read('approvals/draft', 'The text to sign for a step, and what its guards say', (op, of, request) => {
        const { site = null, percentage, ...asked } = understood(DRAFT, parametersOf(request));
        return draftApproval(ports, op, of, { ...asked, site, percentage });
      }),
      query: Object.entries(DRAFTED).map(([name, description]) => ({ name, description })),
    },
    postJson(`${VERSION}/approvals`, 'Hand in what one signed: { document, signature, key }', (op, body, params) => {
      const { document: text, signature, key } = understood(APPROVAL, body);
      return giveApproval(ports, op, versionOf(params), { text, signature, key });
    }),
    postJson(
      `${VERSION}/transitions`,
      'Take a step: { to, reason, site, percentage, rootCause, correctiveAction, disposition }',
      (op, body, params) => {
        const { site = null, ...asked } = understood(STEP, body);
        return takeStep(ports, op, versionOf(params), { ...asked, site });
      },
    ),
    postJson(`${VERSION}/suspend`, 'Suspend at once, without signatures: { site, reason }', (op, body, params) => {
      const { site = null, reason } = understood(SUSPEND, body);
      return suspend(ports, op, versionOf(params), { site, reason });
    }),
  ];
}

const DRAFTED: Readonly<Record<string, string>> = {
  to: 'State',
  role: 'Role that one would sign in',
  site: 'Institution; the nation unless said',
  percentage: 'Of limited use: 1 to 99',
  conflict: 'Conflict of interest, in words; ninguno unless said',
};

function siteRoutes(ports: Ports): Route[] {
  return [
    getJson(
      SITE,
      'Models at a site, and how far each is in use',
      async (op, { params: { institution: site = '' } }) => {
        op.allow('read-model', site);
        return { models: await showSite(ports, site) };
      },
    ),
    postJson(
      `${SITE}/stop`,
      'Stop all AI of a site, everywhere within a minute: { reason }',
      async (op, body, { institution: site = '' }) => {
        const { reason } = understood(REASON, body);
        return { stopped: await stopSite(ports, op, site, reason) };
      },
    ),
    postJson(
      `${SITE}/rollback`,
      'Back to the version that was in use before, while it is approved: { model, reason }',
      async (op, body, { institution: site = '' }) => {
        const { model, reason } = understood(ROLLBACK, body);
        return { steps: await rollBack(ports, op, site, model, reason) };
      },
    ),
  ];
}

function keyRoutes(ports: Ports): Route[] {
  return [
    getJson('/api/approver-keys', 'One’s own keys for approving models', async (op) => ({
      keys: await ownKeys(ports, op),
    })),
    postJson(
      '/api/approver-keys',
      'Enrol a public key: { key, at, proof }, proof being a signature by the private one',
      (op, body) => enrolKey(ports, op, understood(KEY, body)),
    ),
    postJson('/api/approver-keys/:key/revoke', 'A key signs no more: { reason }', (op, body, { key = '' }) => {
      const { reason } = understood(REASON, body);
      return orRefused(ports, op, { what: 'revoke' }, () => revokeKey(ports, op, key, reason));
    }),
  ];
}
