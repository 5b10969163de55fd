import type { Matrix } from './cross-matrix.fixture.ts';
import type { Cell, Cells } from './cross-matrix-http.fixture.ts';

/** Models are the nation's; where one stands at a site is the site's, and whoever is not of it stops nothing there. */
export function governanceCells(matrix: Matrix, isGood: Cell['has']): Cells {
  const version = '/api/models/:id/versions/:version';
  const ofNobody = (method: 'GET' | 'POST', path: string, body?: object): Cell => ({
    about: 'nobody',
    has: () => true,
    ask: (by) => matrix.fetch(by, method, path.replace(':id', 'mx.none').replace(':version', '1.0.0'), body),
  });
  const atSite = (method: 'GET' | 'POST', path: string, body?: object): Cell => ({
    about: 'institution',
    has: isGood,
    ask: (by, { institution }) => matrix.fetch(by, method, `/api/sites/${institution}/ai${path}`, body),
  });
  const reason = 'matrix';
  const signed = { document: '{}', signature: 'x', key: 'x' };
  const key = { key: 'x', at: '2026-01-01T00:00:00Z', proof: 'x' };
  return {
    [`GET ${version}/state`]: ofNobody('GET', `${version}/state`),
    [`GET ${version}/history`]: ofNobody('GET', `${version}/history`),
    [`GET ${version}/approvals`]: ofNobody('GET', `${version}/approvals`),
    [`GET ${version}/approvals/draft`]: ofNobody('GET', `${version}/approvals/draft?to=limitado&role=site-chief`),
    [`POST ${version}/approvals`]: ofNobody('POST', `${version}/approvals`, signed),
    [`POST ${version}/transitions`]: ofNobody('POST', `${version}/transitions`, { to: 'retirado', reason }),
    [`POST ${version}/suspend`]: ofNobody('POST', `${version}/suspend`, { reason }),
    'GET /api/sites/:institution/ai': atSite('GET', ''),
    'POST /api/sites/:institution/ai/stop': { ...atSite('POST', '/stop', { reason }), control: 'chief-A' },
    'POST /api/sites/:institution/ai/rollback': {
      ...atSite('POST', '/rollback', { model: 'mx.none', reason }),
      control: 'chief-A',
      // There is nothing to go back to, which only the site is told.
      has: ({ status }) => status === 409,
    },
    'GET /api/approver-keys': ofNobody('GET', '/api/approver-keys'),
    'POST /api/approver-keys': ofNobody('POST', '/api/approver-keys', key),
    'POST /api/approver-keys/:key/revoke': ofNobody('POST', '/api/approver-keys/x/revoke', { reason }),
  };
}
