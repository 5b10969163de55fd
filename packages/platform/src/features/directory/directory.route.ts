import { Failure } from '@acervo/kernel/failure.ts';
import { z } from 'zod';
import type { HttpRequest, Route } from '../../bindings/http.ts';
import { JSON_TYPE, jsonAnswer, jsonBodyOf, understood } from '../../bindings/json-body.ts';
import { scopeOf } from '../../holdings/scope.ts';
import { ROLES } from '../../ports/directory.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';
import { INSTITUTION, PERSON, SUBJECT } from './description.ts';
import { facilitiesBegun, withoutRevision } from './directory.repo.ts';
import * as schema from './directory.schema.ts';
import { INCOMPATIBLE } from './incompatible.ts';
import { describeInstitution } from './institutions.ts';
import { describePerson, endRole, grantRole, removePerson } from './people.ts';
import { clearSensitive, markSensitive, showSensitivities } from './sensitivity.ts';
import { showPeople } from './show.ts';
import type { DirectoryView } from './view.ts';

export type DirectoryPorts = { db: Db; directory: DirectoryView };

const BODY_BYTES_MAX = 262_144;
const FOUND_MAX = 100;
const BEGUN_CHARS_MAX = 64;
const ROOT = '/api/directory';

/** Whom the archive knows: lists for who may search, changes for who administers. Not in the standard. */
export function directoryRoutes(ports: DirectoryPorts): Route[] {
  return [...listRoutes(ports), ...peopleRoutes(ports), ...otherRoutes(ports)];
}

function listRoutes({ db, directory }: DirectoryPorts): Route[] {
  const institutions = (op: Op) => {
    scopeOf(op);
    return { revision: directory.revision, institutions: [...directory.institutions()] };
  };
  return [
    get('/institutions', 'Institutions of the directory', schema.INSTITUTIONS, (op) =>
      Promise.resolve(institutions(op)),
    ),
    get('/people', 'People and their roles; logins only for who administers', schema.PEOPLE, (op) =>
      Promise.resolve({ people: showPeople(directory, op) }),
    ),
    get('/roles', 'Roles, and which ones a person must not have together', schema.ROLE_PAIRS, (op) => {
      scopeOf(op);
      return Promise.resolve({ roles: [...ROLES], incompatible: INCOMPATIBLE });
    }),
    {
      ...get(
        '/facilities',
        `Establishments of the catalogue CLUES, at most ${FOUND_MAX}`,
        schema.FACILITIES,
        async (op, { query }) => {
          scopeOf(op);
          const found = await facilitiesBegun(db, begunOf(query), FOUND_MAX);
          return { facilities: found.map(withoutRevision) };
        },
      ),
      query: [{ name: 'begins', description: 'First characters of the CLUES, or of the name' }],
    },
    {
      ...get('/sensitivities', 'Patients and studies that fewer see', schema.MARKED, async (op, { query }) => {
        const marks = await showSensitivities(db, op, query.get('institution') ?? undefined);
        return { sensitivities: marks.map(withoutRevision) };
      }),
      query: [{ name: 'institution', description: 'Of one institution; absent: of all that the caller sees' }],
    },
  ];
}

function peopleRoutes({ db, directory }: DirectoryPorts): Route[] {
  const post = posting(directory);
  return [
    post('/people', 'Say who a person is; the same login or id: anew', PERSON, schema.PERSON_CHANGE, (op, person) =>
      describePerson(db, op, person),
    ),
    post('/people/remove', 'A person is gone', schema.REMOVE_BODY, schema.PERSON_CHANGE, (op, { person }) =>
      removePerson(db, op, person),
    ),
    post('/roles', 'Give a person a role', schema.GRANT_BODY, schema.GRANT_CHANGE, (op, { person, ...grant }) =>
      grantRole(db, op, person, grant),
    ),
    post('/roles/end', 'End a role of a person', schema.END_BODY, schema.GRANT_CHANGE, (op, { person, ...end }) =>
      endRole(db, op, person, end),
    ),
  ];
}

function otherRoutes({ db, directory }: DirectoryPorts): Route[] {
  const post = posting(directory);
  return [
    post('/institutions', 'Say what an institution is', INSTITUTION, schema.INSTITUTION_CHANGE, (op, institution) =>
      describeInstitution(db, op, institution),
    ),
    post('/sensitivities', 'A patient or a study is seen by fewer', SUBJECT, schema.MARK_CHANGE, (op, subject) =>
      markSensitive(db, op, subject),
    ),
    post('/sensitivities/clear', 'It is so no more', SUBJECT, schema.MARK_CHANGE, (op, subject) =>
      clearSensitive(db, op, subject),
    ),
  ];
}

function get<T extends object>(
  path: string,
  summary: string,
  answer: z.ZodType<T>,
  ask: (op: Op, request: HttpRequest) => Promise<T>,
): Route {
  return {
    method: 'GET',
    path: ROOT + path,
    summary,
    produces: [JSON_TYPE],
    answerSchema: z.toJSONSchema(answer),
    handle: async (request, op) => jsonAnswer(await ask(op, request)),
  };
}

/** After a change this process knows it at once; others within a second or two. */
const posting =
  (directory: DirectoryView) =>
  <B extends z.ZodType, T extends object>(
    path: string,
    summary: string,
    body: B,
    answer: z.ZodType<T>,
    change: (op: Op, given: z.output<B>) => Promise<T>,
  ): Route => ({
    method: 'POST',
    path: ROOT + path,
    summary,
    consumes: [JSON_TYPE],
    produces: [JSON_TYPE],
    bodySchema: z.toJSONSchema(body, { io: 'input' }),
    answerSchema: z.toJSONSchema(answer),
    handle: async (request, op) => {
      const done = await change(op, understood(body, await jsonBodyOf(request, BODY_BYTES_MAX)));
      await directory.refresh();
      return jsonAnswer(done);
    },
  });

function begunOf(query: URLSearchParams): string {
  const begun = query.get('begins')?.trim() ?? '';
  if (begun === '' || begun.length > BEGUN_CHARS_MAX)
    throw new Failure('request/invalid', `begins: 1 to ${BEGUN_CHARS_MAX} characters`);
  return begun;
}
