import { EXPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { newId } from '@acervo/kernel/id.ts';
import { image } from '../features/retrieve/retrieve.fixture.ts';
import { A, type Answer, MARKED, type Matrix, SECRET, type Subject, type Who } from './cross-matrix.fixture.ts';
import { assessmentCells } from './cross-matrix-assessment.fixture.ts';
import { governanceCells } from './cross-matrix-governance.fixture.ts';
import { inferenceCells } from './cross-matrix-inference.fixture.ts';
import { modelCells } from './cross-matrix-model-cells.fixture.ts';

/** One route or service, and how it is shown to give nothing of an institution to another one. */
export type Cell = {
  /**
   * `study`: what is shared is given, and no more. `institution`: it is about one as a whole, which nothing shares.
   * `nobody`: it says nothing of any institution.
   */
  about: 'study' | 'institution' | 'nobody';
  ask(by: Who, of: Subject): Promise<Answer>;
  /** Does the answer have what was asked for? */
  has(answer: Answer, of: Subject): boolean;
  /** The question names no study, so what is not there cannot be asked for. */
  isList?: boolean;
  /** Who shows that it can be had, where that is not the institution's token. */
  control?: Who;
  /** Every institution is named in it, to all of them. */
  isOfAll?: boolean;
  /** Persons do not come by this door. */
  isForSystems?: boolean;
};

const isGood = ({ status }: Answer): boolean => status >= 200 && status < 300;
const names =
  (what: (of: Subject) => string) =>
  ({ status, body }: Answer, of: Subject): boolean =>
    status === 200 && body.includes(what(of));

export type Cells = Record<string, Cell>;

/** Every route of the archive has its line here; one that has none fails the test. */
export function httpCells(matrix: Matrix): ReadonlyMap<string, Cell> {
  const get = (path: (of: Subject) => string, rest: Partial<Cell> = {}): Cell => ({
    about: 'study',
    has: isGood,
    ask: (by, of) => matrix.fetch(by, 'GET', path(of)),
    ...rest,
  });
  return new Map(
    Object.entries({
      ...dicomWebCells(matrix, get),
      ...apiCells(matrix, get),
      ...sharingCells(matrix),
      ...directoryCells(matrix),
      ...rightsCells(matrix),
      ...auditCells(matrix),
      ...modelCells(matrix, { isGood, names }),
      ...governanceCells(matrix, isGood),
      ...inferenceCells(matrix, { isGood, names }),
      ...assessmentCells(matrix, { isGood, names }),
      ...openCells(matrix),
    }),
  );
}

type Get = (path: (of: Subject) => string, rest?: Partial<Cell>) => Cell;

/** What is read: below the study, with what its URL has in place of the last name. */
const READ: readonly string[] = [
  '',
  '/metadata',
  '/bulkdata',
  '/rendered',
  '/thumbnail',
  ...['', '/metadata', '/bulkdata', '/rendered', '/thumbnail'].map((path) => `/series/:series${path}`),
  ...['', '/metadata', '/bulkdata', '/rendered', '/thumbnail', '/frames/:frames', '/bulkdata/*'].map(
    (path) => `/series/:series/instances/:instance${path}`,
  ),
  '/series/:series/instances/:instance/frames/:frames/rendered',
  '/series/:series/instances/:instance/frames/:frames/thumbnail',
];

const SEARCHED: readonly string[] = [
  '/studies',
  '/series',
  '/instances',
  '/studies/:study/series',
  '/studies/:study/instances',
  '/studies/:study/series/:series/instances',
];

const placed = (path: string, of: Subject): string =>
  path
    .replace(':institution', of.institution)
    .replace(':study', of.study)
    .replace(':series', of.series)
    .replace(':instance', of.sop)
    .replace(':frames', '1')
    .replace(/\*$/, '00291010');

function dicomWebCells(matrix: Matrix, get: Get): Cells {
  const cells: Cells = {};
  for (const root of ['/dicom-web', '/dicom-web/i/:institution']) {
    for (const path of READ) {
      const whole = `${root}/studies/:study${path}`;
      cells[`GET ${whole}`] = get((of) => placed(whole, of));
    }
    for (const path of SEARCHED) {
      const uid = path.startsWith('/studies/') ? '' : '?StudyInstanceUID=';
      cells[`GET ${root}${path}`] = get((of) => placed(root + path, of) + (uid && uid + of.study), {
        has: names(({ study }) => study),
      });
    }
    const wado = root === '/dicom-web' ? '/wado' : `${root}/wado`;
    cells[`GET ${wado}`] = get(
      (of) => `${placed(wado, of)}?requestType=WADO&studyUID=${of.study}&seriesUID=${of.series}&objectUID=${of.sop}`,
    );
    for (const path of ['/studies', '/studies/:study']) {
      const isOfOne = root !== '/dicom-web';
      cells[`POST ${root}${path}`] = {
        about: isOfOne ? 'institution' : 'nobody',
        has: isGood,
        // A new study of whoever stores: nothing there can be overwritten or found out.
        ask: (by, { institution }) => store(matrix, by, placed(root, { ...BLANK, institution }), path),
      };
    }
  }
  for (const path of SEARCHED) {
    cells[`GET /api/explain${path}`] = get((of) => placed(`/api/explain${path}`, of), { about: 'nobody' });
  }
  return cells;
}

const BLANK: Subject = { institution: '', study: '', series: '', sop: '', patient: '' };

function store(matrix: Matrix, by: Who, root: string, path: string): Promise<Answer> {
  const study = `2.25.${BigInt(`0x${newId().replaceAll('-', '')}`)}`;
  const sent = image({ study, series: 1, number: 1, transferSyntaxUid: EXPLICIT_LE });
  return matrix.stow(by, root + path.replace(':study', study), sent);
}

function apiCells(matrix: Matrix, get: Get): Cells {
  const ofPatient = { has: names(({ patient }) => `"${patient}"`) };
  const ofInstitution = { about: 'institution', isList: true, has: names(({ institution }) => institution) } as const;
  const patients = (path: string, body: (ref: (id: string) => string) => object): Cell => ({
    about: 'institution',
    has: isGood,
    ask: (by, { institution }) =>
      matrix.fetch(
        by,
        'POST',
        path,
        body((id) => `${institution}/TEST/${id}`),
      ),
  });
  return {
    'GET /api/studies/:study/zip': get(({ study }) => `/api/studies/${study}/zip`),
    'GET /api/changes': get(() => '/api/changes?since=0&limit=1000', {
      isList: true,
      has: names(({ study }) => study),
    }),
    'GET /api/holders': get(({ study }) => `/api/holders?study=${study}`, {
      has: names(({ institution }) => institution),
    }),
    'GET /api/patients': get(({ patient }) => `/api/patients?id=${patient}`, ofPatient),
    'GET /api/patients/collisions': get(() => '/api/patients/collisions', {
      ...ofInstitution,
      has: names(() => 'PA-DOUBT'),
    }),
    'POST /api/patients/link': patients('/api/patients/link', (ref) => ({
      patients: [ref('PA-CT'), ref('PA-MR')],
      reason: 'matrix',
    })),
    'POST /api/patients/unlink': patients('/api/patients/unlink', (ref) => ({
      patient: ref('PA-CT'),
      reason: 'matrix',
    })),
    'GET /api/institutions': get(() => '/api/institutions', ofInstitution),
    'GET /api/devices': get(() => '/api/devices', ofInstitution),
    'GET /api/activity': get(() => '/api/activity', ofInstitution),
  };
}

/** Changing what is shared: only the owner may, and what is not his is not there. */
function sharingCells(matrix: Matrix): Cells {
  const list = (path: string): Cell => ({
    about: 'institution',
    isList: true,
    has: names(() => SECRET),
    ask: (by) => matrix.fetch(by, 'GET', `/api/sharing/${path}`),
  });
  const post = (path: string, body: (of: Subject) => object, rest: Partial<Cell> = {}): Cell => ({
    about: 'institution',
    has: isGood,
    ask: (by, of) => matrix.fetch(by, 'POST', `/api/sharing/${path}`, body(of)),
    ...rest,
  });
  const one = (kind: 'agreement' | 'referral' | 'glass', path: string, body: object, control?: Who): Cell => ({
    about: 'institution',
    has: isGood,
    ask: async (by, { institution }) => {
      const id = institution === A ? await matrix.fresh(kind) : newId();
      return matrix.fetch(by, 'POST', `/api/sharing/${path.replace(':id', id)}`, body);
    },
    ...(control && { control }),
  });
  const validity = { from: '2026-01-01T00:00:00Z' };
  const between = ({ institution: owner }: Subject) => ({ owner, receiver: 'HOSPITAL-D', validity });
  return {
    'GET /api/sharing/agreements': list('agreements'),
    'GET /api/sharing/referrals': list('referrals'),
    'GET /api/sharing/break-glass': list('break-glass'),
    'POST /api/sharing/agreements': post('agreements', (of) => ({
      ...between(of),
      purposes: ['TREATMENT'],
      reference: SECRET,
    })),
    'POST /api/sharing/agreements/:id/end': one('agreement', 'agreements/:id/end', {}),
    'POST /api/sharing/referrals': post('referrals', (of) => ({
      ...between(of),
      issuer: 'TEST',
      patientId: 'PA-MR',
      reason: SECRET,
    })),
    'POST /api/sharing/referrals/:id/end': one('referral', 'referrals/:id/end', {}),
    'POST /api/sharing/break-glass': post(
      'break-glass',
      ({ institution: owner, study }) => ({ owner, subject: { studyUid: study }, reason: 'matrix' }),
      { control: 'radiologist-A' },
    ),
    'POST /api/sharing/break-glass/:id/review': one(
      'glass',
      'break-glass/:id/review',
      { finding: 'justified' },
      'officer-A',
    ),
  };
}

/** Whom an institution employs and what it marked is its own; who is an institution, everybody may know. */
function directoryCells(matrix: Matrix): Cells {
  const list = (path: string, word: string): Cell => ({
    about: 'institution',
    isList: true,
    has: names(() => word),
    ask: (by) => matrix.fetch(by, 'GET', `/api/directory/${path}`),
  });
  const post = (path: string, body: (of: Subject, person: string) => object): Cell => ({
    about: 'institution',
    has: isGood,
    ask: async (by, of) => {
      const person = of.institution === A ? await matrix.fresh('person') : newId();
      return matrix.fetch(by, 'POST', `/api/directory/${path}`, body(of, person));
    },
  });
  const known = (path: string): Cell => ({
    about: 'nobody',
    has: isGood,
    isOfAll: true,
    ask: (by) => matrix.fetch(by, 'GET', `/api/directory/${path}`),
  });
  const role = ({ institution }: Subject, person: string) => ({ institution, person, role: 'technician' });
  const marked = ({ institution }: Subject) => ({ institution, label: 'staff', patientId: 'PA-2', reason: 'matrix' });
  return {
    'GET /api/directory/institutions': known('institutions'),
    'GET /api/directory/roles': known('roles'),
    'GET /api/directory/facilities': known('facilities?begins=X'),
    'GET /api/directory/people': list('people', 'radiologist-A'),
    'GET /api/directory/sensitivities': list('sensitivities', MARKED),
    'POST /api/directory/institutions': post('institutions', ({ institution: code }) => ({ code, name: code })),
    'POST /api/directory/people': post('people', ({ institution }) => ({
      login: `m-${newId()}`,
      name: 'matrix',
      institution,
    })),
    'POST /api/directory/people/remove': post('people/remove', (_, person) => ({ person })),
    'POST /api/directory/roles': post('roles', role),
    'POST /api/directory/roles/end': post('roles/end', (of, person) => ({ ...role(of, person), role: 'validator' })),
    'POST /api/directory/sensitivities': post('sensitivities', marked),
    'POST /api/directory/sensitivities/clear': post('sensitivities/clear', marked),
  };
}

/** Who saw a patient's studies, and what the patient decided, is told at the institution that has them. */
function rightsCells(matrix: Matrix): Cells {
  const ref = ({ institution }: Subject): string => `${institution}/TEST/PA-CT`;
  const get = (path: string): Cell => ({
    about: 'institution',
    has: isGood,
    ask: (by, of) => matrix.fetch(by, 'GET', `/api/rights/${path}?patient=${ref(of)}`),
  });
  return {
    'POST /api/studies/:study/case-file': {
      ...get(''),
      control: 'officer-A',
      ask: (by, { study }) => matrix.fetch(by, 'POST', `/api/studies/${study}/case-file`, { reason: 'matrix' }),
    },
    'GET /api/rights/accesses': get('accesses'),
    'GET /api/rights/secondary-use': get('secondary-use'),
    'POST /api/rights/secondary-use': {
      ...get('secondary-use'),
      ask: (by, of) =>
        matrix.fetch(by, 'POST', '/api/rights/secondary-use', {
          patient: ref(of),
          decision: 'refused',
          reason: 'matrix',
        }),
    },
  };
}

/** What the journal tells of an institution. */
function auditCells(matrix: Matrix): Cells {
  const about = 'institution';
  const listed = (by: Who, study: string): Promise<Answer> =>
    matrix.fetch(by, 'GET', `/fhir/AuditEvent?_count=1000&entity:identifier=${study}`);
  return {
    'GET /fhir/AuditEvent': {
      about,
      isList: true,
      has: names(({ study }) => study),
      // A search tells what it looked for; what was found is all that may name the study otherwise.
      ask: async (by, { study }) => {
        const { status, body } = await listed(by, study);
        return { status, body: JSON.stringify((JSON.parse(body) as { entry?: object[] }).entry ?? []) };
      },
    },
    'GET /fhir/AuditEvent/:id': {
      about,
      has: isGood,
      ask: async (by, { institution, study }) => {
        const known = institution === A ? (await listed('A', study)).body : '{}';
        const { entry = [] } = JSON.parse(known) as { entry?: { resource: { id: string } }[] };
        return matrix.fetch(by, 'GET', `/fhir/AuditEvent/${entry[0]?.resource.id ?? newId()}`);
      },
    },
  };
}

/** What says nothing of any institution. */
function openCells(matrix: Matrix): Cells {
  const open = (method: string, path: string): Cell => ({
    about: 'nobody',
    has: () => true,
    ask: (by, of) => matrix.fetch(by, method, placed(path, of)),
  });
  const pages = [
    '/',
    '/modelos',
    '/incidentes',
    '/activity',
    '/devices',
    '/storage',
    '/assets/*',
    '/api/viewer',
    '/ohif',
    '/ohif/*',
  ];
  const cells: Cells = {};
  for (const path of [
    ...pages,
    '/api/journal/key',
    '/api/journal/checkpoint',
    '/healthz',
    '/readyz',
    '/metrics',
    '/api/openapi.json',
    '/api/storage',
    '/fhir/metadata',
  ]) {
    cells[`GET ${path}`] = open('GET', path);
  }
  const keys = ['/login/keys', '/login/webauthn.js'];
  // Who one is oneself, and how one comes to be known.
  for (const path of ['/login', '/login/callback', '/login/style.css', '/login/enrol', '/api/session', ...keys]) {
    cells[`GET ${path}`] = open('GET', path);
  }
  for (const path of ['/logout', '/login/enrol', '/login/keys', '/api/session', '/api/journal/witnesses'])
    cells[`POST ${path}`] = open('POST', path);
  for (const root of ['/dicom-web', '/dicom-web/i/:institution']) {
    cells[`OPTIONS ${root}`] = open('OPTIONS', root);
    if (root !== '/dicom-web') cells[`OPTIONS ${root}/wado`] = open('OPTIONS', `${root}/wado`);
    for (const path of [...SEARCHED, ...READ.map((below) => `/studies/:study${below}`)]) {
      cells[`OPTIONS ${root}${path}`] = open('OPTIONS', root + path);
    }
  }
  return cells;
}
