import { newId } from '@acervo/kernel/id.ts';
import { A, type Answer, type Matrix, type Subject } from './cross-matrix.fixture.ts';
import type { Cell, Cells } from './cross-matrix-http.fixture.ts';

type Judging = { isGood: Cell['has']; names(what: (of: Subject) => string): Cell['has'] };

/** Rules and queues are of one institution; what AI said of a study is for whoever reads it. */
export function inferenceCells(matrix: Matrix, { isGood, names }: Judging): Cells {
  const about = 'institution';
  const rule = ({ institution }: Subject) => ({
    effect: 'run',
    id: 'matrix',
    institution,
    model: 'mx.matrix',
    scope: { modality: ['CT'] },
  });
  const post = (path: string, body: (of: Subject) => object): Cell => ({
    about,
    has: isGood,
    ask: (by, of) => matrix.fetch(by, 'POST', `/api/ai/${path}`, body(of)),
  });
  const put = (of: Subject): Promise<Answer> => matrix.fetch('A', 'POST', '/api/ai/rules', rule(of));
  return {
    'GET /api/ai/rules': {
      about,
      isList: true,
      has: names(({ institution }) => `"${institution}"`),
      ask: async (by, of) => {
        if (of.institution === A) await put(of);
        return matrix.fetch(by, 'GET', '/api/ai/rules');
      },
    },
    'POST /api/ai/rules': post('rules', rule),
    'POST /api/ai/rules/remove': {
      about,
      has: isGood,
      ask: async (by, of) => {
        if (of.institution === A) await put(of);
        return matrix.fetch(by, 'POST', '/api/ai/rules/remove', { name: 'matrix' });
      },
    },
    'POST /api/ai/rules/dry-run': post('rules/dry-run', (of) => ({ days: 30, rule: rule(of) })),
    // Where no model runs its own people are told so; of others' studies only that there is none.
    'POST /api/ai/requests': {
      ...post('requests', ({ study }) => ({ studies: [study], model: 'mx.matrix@1' })),
      has: ({ status }) => status === 404,
    },
    'GET /api/ai/queue': { about: 'nobody', has: isGood, ask: (by) => matrix.fetch(by, 'GET', '/api/ai/queue') },
    'POST /api/ai/cancel': {
      about: 'nobody',
      has: ({ status }) => status === 404,
      ask: (by) => matrix.fetch(by, 'POST', '/api/ai/cancel', { id: newId() }),
    },
    // Counts of an institution's own studies are for its people, never for a program.
    'GET /api/ai/silent/:id/:version': {
      about: 'nobody',
      has: ({ status }) => status === 403,
      ask: (by) => matrix.fetch(by, 'GET', '/api/ai/silent/mx.matrix/1'),
    },
    'GET /api/ai/withdrawn': {
      about: 'nobody',
      has: isGood,
      ask: (by) => matrix.fetch(by, 'GET', '/api/ai/withdrawn'),
    },
    // Of what was withdrawn elsewhere there is nothing here.
    'GET /api/ai/withdrawn/:id': {
      about: 'nobody',
      has: ({ status }) => status === 404,
      ask: (by) => matrix.fetch(by, 'GET', `/api/ai/withdrawn/${newId()}`),
    },
    'GET /api/ai/studies/:study': {
      about: 'study',
      has: isGood,
      ask: (by, { study }) => matrix.fetch(by, 'GET', `/api/ai/studies/${study}`),
    },
  };
}
