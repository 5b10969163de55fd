import { newId } from '@acervo/kernel/id.ts';
import { DEMO_MODEL } from '../features/models/demo-model.fixture.ts';
import { A, type Matrix, SECRET, type Subject, type Who } from './cross-matrix.fixture.ts';
import type { Cell, Cells } from './cross-matrix-http.fixture.ts';
import { EXTERNAL, freshKey } from './cross-matrix-models.fixture.ts';

type Judging = { isGood: Cell['has']; names(what: (of: Subject) => string): Cell['has'] };

/** Packages that are not national, whose keys count, and what else computes, are their institution's. */
export function modelCells(matrix: Matrix, { isGood, names }: Judging): Cells {
  const about = 'institution';
  const list = (path: string, word: string): Cell => ({
    about,
    isList: true,
    has: names(() => word),
    ask: (by) => matrix.fetch(by, 'GET', path),
  });
  const get = (path: string): Cell => ({
    about,
    has: isGood,
    ask: (by, { institution }) => {
      const id = institution === A ? DEMO_MODEL.model : 'mx.nothing';
      const named = path.replace(':id', id).replace(':version', DEMO_MODEL.version);
      return matrix.fetch(by, 'GET', named.replace(':digest', matrix.model.file));
    },
  });
  const one = (kind: 'signer' | 'external', path: string, body: object, control: Who): Cell => ({
    about,
    has: isGood,
    control,
    ask: async (by, { institution }) => {
      const id = institution === A ? await matrix.fresh(kind) : newId();
      return matrix.fetch(by, 'POST', path.replace(':id', id), body);
    },
  });
  const root = '/api/models/:id/versions/:version';
  const [signers, external] = ['/api/model-signers', '/api/ai-inventory/external'];
  return {
    'GET /api/models': list('/api/models', DEMO_MODEL.model),
    'POST /api/models': { about, has: isGood, ask: (by, { institution }) => matrix.model.submit(by, institution) },
    'GET /api/models/:id': get('/api/models/:id'),
    [`GET ${root}`]: get(root),
    [`GET ${root}/files/:digest`]: get(`${root}/files/:digest`),
    [`GET ${signers}`]: list(signers, SECRET),
    [`POST ${signers}`]: {
      about,
      has: isGood,
      control: 'steward-A',
      ask: (by, { institution }) => matrix.fetch(by, 'POST', signers, freshKey(institution)),
    },
    [`POST ${signers}/:id/revoke`]: one('signer', `${signers}/:id/revoke`, { reason: 'ceased' }, 'steward-A'),
    'GET /api/ai-inventory': list('/api/ai-inventory', DEMO_MODEL.model),
    [`POST ${external}`]: {
      about,
      has: isGood,
      ask: (by, { institution }) => matrix.fetch(by, 'POST', external, { ...EXTERNAL, institution }),
    },
    [`POST ${external}/:id/retire`]: one('external', `${external}/:id/retire`, {}, 'A'),
  };
}
