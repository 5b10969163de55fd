import { newId } from '@acervo/kernel/id.ts';
import { putTask } from '../features/assessment/assessment.fixture.ts';
import { ABSENT, type Answer, type Matrix, NOWHERE, type Subject, type Who } from './cross-matrix.fixture.ts';
import type { Cell, Cells } from './cross-matrix-http.fixture.ts';

type Judging = { isGood: Cell['has']; names(what: (of: Subject) => string): Cell['has'] };

/** A result is for whoever reads its study; what people make of it is theirs, and incidents are of one institution. */
export function assessmentCells(matrix: Matrix, { isGood, names }: Judging): Cells {
  const tasks = new Map<string, Promise<string>>();
  const taskOf = (of: Subject): Promise<string> => {
    if (of === ABSENT || of === NOWHERE) return Promise.resolve(newId());
    const known = tasks.get(of.study) ?? putTask(matrix.server.archive.database, of);
    tasks.set(of.study, known);
    return known;
  };
  const report = async (by: Who, of: Subject): Promise<Answer> =>
    matrix.fetch(by, 'POST', `/api/ai/results/${await taskOf(of)}/incidents`, { severity: 'none', text: 'matrix' });
  const idOf = ({ body, status }: Answer): string =>
    status === 200 ? (JSON.parse(body) as { id: string }).id : newId();
  const about = 'institution';
  return {
    'GET /api/ai/results/:id': {
      about: 'study',
      has: isGood,
      ask: async (by, of) => matrix.fetch(by, 'GET', `/api/ai/results/${await taskOf(of)}`),
    },
    'POST /api/ai/results/:id/decisions': {
      about,
      has: isGood,
      control: 'radiologist-A',
      ask: async (by, of) =>
        matrix.fetch(by, 'POST', `/api/ai/results/${await taskOf(of)}/decisions`, { decision: 'accepted' }),
    },
    'POST /api/ai/results/:id/incidents': { about, has: isGood, control: 'radiologist-A', ask: report },
    'GET /api/ai/incidents': {
      about,
      isList: true,
      has: names(({ study }) => study),
      control: 'chief-A',
      ask: async (by, of) => {
        await report('radiologist-A', of);
        return matrix.fetch(by, 'GET', '/api/ai/incidents');
      },
    },
    'POST /api/ai/incidents/:id/steps': {
      about,
      has: isGood,
      control: 'chief-A',
      ask: async (by, of) => {
        const id = idOf(await report('radiologist-A', of));
        return matrix.fetch(by, 'POST', `/api/ai/incidents/${id}/steps`, { to: 'investigating', note: 'matrix' });
      },
    },
    'GET /api/ai/incidents/:id/bundle': {
      about,
      has: isGood,
      control: 'officer-A',
      ask: async (by, of) => {
        const id = idOf(await report('radiologist-A', of));
        return matrix.fetch(by, 'GET', `/api/ai/incidents/${id}/bundle`);
      },
    },
  };
}
