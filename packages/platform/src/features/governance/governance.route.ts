import { NATIONAL_STATES, SITE_STATES } from '@acervo/model/lifecycle/states.ts';
import { z } from 'zod';
import type { HttpMethod, HttpRequest, Route } from '../../bindings/http.ts';
import { JSON_TYPE, jsonAnswer, jsonBodyOf, parametersOf, understood } from '../../bindings/json-body.ts';
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

const versionOf = ({ params: { id: model = '', version = '' } }: HttpRequest): Version => ({ model, version });

type Handle = (request: HttpRequest, op: Op) => Promise<object>;

const route = (method: HttpMethod, path: string, summary: string, handle: Handle): Route => ({
  method,
  path,
  summary,
  ...(method === 'POST' && { consumes: [JSON_TYPE] }),
  produces: [JSON_TYPE],
  handle: async (request, op) => jsonAnswer(await handle(request, op)),
});

function versionRoutes(ports: Ports): Route[] {
  const read = (path: string, summary: string, handle: (op: Op, of: Version) => Promise<object>): Route =>
    route('GET', `${VERSION}/${path}`, summary, (request, op) => {
      op.allow('read-model', op.institution);
      return handle(op, versionOf(request));
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
      ...route(
        'GET',
        `${VERSION}/approvals/draft`,
        'The text to sign for a step, and what its guards say',
        (request, op) => {
          op.allow('read-model', op.institution);
          const { site = null, percentage, ...asked } = understood(DRAFT, parametersOf(request));
          return draftApproval(ports, op, versionOf(request), { ...asked, site, percentage });
        },
      ),
      query: ['to', 'role', 'site', 'percentage', 'conflict'].map((name) => ({
        name,
        description: DRAFTED[name] ?? '',
      })),
    },
    route(
      'POST',
      `${VERSION}/approvals`,
      'Hand in what one signed: { document, signature, key }',
      async (request, op) => {
        const { document: text, signature, key } = understood(APPROVAL, await jsonBodyOf(request));
        return giveApproval(ports, op, versionOf(request), { text, signature, key });
      },
    ),
    route(
      'POST',
      `${VERSION}/transitions`,
      'Take a step: { to, reason, site, percentage, rootCause, correctiveAction, disposition }',
      async (request, op) => {
        const { site = null, ...asked } = understood(STEP, await jsonBodyOf(request));
        return takeStep(ports, op, versionOf(request), { ...asked, site });
      },
    ),
    route(
      'POST',
      `${VERSION}/suspend`,
      'Suspend at once, without signatures: { site, reason }',
      async (request, op) => {
        const { site = null, reason } = understood(SUSPEND, await jsonBodyOf(request));
        return suspend(ports, op, versionOf(request), { site, reason });
      },
    ),
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
  const siteOf = ({ params: { institution: site = '' } }: HttpRequest): string => site;
  return [
    route('GET', SITE, 'Models at a site, and how far each is in use', async (request, op) => {
      const site = siteOf(request);
      op.allow('read-model', site);
      return { models: await showSite(ports, site) };
    }),
    route(
      'POST',
      `${SITE}/stop`,
      'Stop all AI of a site, everywhere within a minute: { reason }',
      async (request, op) => {
        const { reason } = understood(REASON, await jsonBodyOf(request));
        return { stopped: await stopSite(ports, op, siteOf(request), reason) };
      },
    ),
    route(
      'POST',
      `${SITE}/rollback`,
      'Back to the version that was in use before, while it is approved: { model, reason }',
      async (request, op) => {
        const { model, reason } = understood(ROLLBACK, await jsonBodyOf(request));
        return { steps: await rollBack(ports, op, siteOf(request), model, reason) };
      },
    ),
  ];
}

function keyRoutes(ports: Ports): Route[] {
  return [
    route('GET', '/api/approver-keys', 'One’s own keys for approving models', async (_, op) => ({
      keys: await ownKeys(ports, op),
    })),
    route(
      'POST',
      '/api/approver-keys',
      'Enrol a public key: { key, at, proof }, proof being a signature by the private one',
      async (request, op) => enrolKey(ports, op, understood(KEY, await jsonBodyOf(request))),
    ),
    route('POST', '/api/approver-keys/:key/revoke', 'A key signs no more: { reason }', async (request, op) => {
      const { reason } = understood(REASON, await jsonBodyOf(request));
      return orRefused(ports, op, { what: 'revoke' }, () => revokeKey(ports, op, request.params['key'] ?? '', reason));
    }),
  ];
}
