import { auditRecordOf } from '@acervo/interop/audit/describe.ts';
import type { AuditSource } from '@acervo/interop/audit/event.ts';
import { auditEventOf } from '@acervo/interop/audit/fhir.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { FHIR_ROOT, type FhirResource, type FhirType } from '../../bindings/fhir.ts';
import { baseUrlOf, type HttpRequest } from '../../bindings/http.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { scopeOf } from '../../holdings/scope.ts';
import { type Envelope, envelopeOf } from '../../journal/event.ts';
import { lastSeal } from '../../journal/journal.repo.ts';
import { withRetired } from '../../journal/retired.ts';
import type { Op } from '../../ports/op.ts';
import { type EventsWanted, eventsIn, type SealedRow, sealedById, studiesOfPatient } from './audit-export.repo.ts';
import { sealedOf } from './sealed.ts';
import { type Asked, CURSOR, PARAMETERS, readSearch } from './search-parameters.ts';

type Ports = Pick<Holdings, 'db' | 'journal' | 'journalBlobs'>;

const TYPE = 'AuditEvent';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Numbers that are looked through by one question to the database, and questions in one answer. */
const STRETCH = 10_000;
const STRETCHES_MAX = 20;
/** Studies of one patient; more are asked for by study. */
const STUDIES_MAX = 1000;

/** The sealed journal as AuditEvents (FHIR R4). Reading it is an event of the journal, too. */
export function auditEventType(ports: Ports, source: AuditSource): FhirType {
  const resourceOf = (row: SealedRow): FhirResource => auditEventOf(auditRecordOf(sealedOf(row), source));
  return {
    type: TYPE,
    documentation: 'Events of the sealed journal, of institutions that the caller sees and administers',
    parameters: PARAMETERS,
    search: async (request, op) => {
      const page = await search(ports, op, readSearch(request.query));
      await tellRead(ports, op, { keys: [...new Set(request.query.keys())].sort(), returned: page.rows.length });
      return bundle(request, page, resourceOf);
    },
    read: async (id, op) => {
      op.allow('audit', op.institution);
      const row = UUID.test(id) ? await eventOf(ports, id, scopeOf(op)) : undefined;
      if (row === undefined) throw new Failure('request/not-found', 'no such event for this caller');
      await tellRead(ports, op, { keys: ['_id'], returned: 1 });
      return resourceOf(row);
    },
  };
}

/** One event, of a retired month too, where the caller may see its institution's. */
async function eventOf(
  { db, journalBlobs }: Ports,
  id: string,
  institutions: readonly string[] | undefined,
): Promise<SealedRow | undefined> {
  const numbered = await sealedById(db, id);
  const [row] = numbered === undefined ? [] : await withRetired(journalBlobs, [numbered]);
  if (row === undefined || institutions === undefined) return row;
  return institutions.includes((JSON.parse(row.event) as Envelope).institution) ? row : undefined;
}

const tellRead = ({ journal }: Ports, op: Op, facts: { keys: string[]; returned: number }): Promise<void> =>
  journal.record(envelopeOf(op, 'audit.read', {}, facts));

type Page = { rows: readonly SealedRow[]; next: number | undefined };

/** @throws {Failure} access/denied, query/too-broad */
async function search({ db }: Ports, op: Op, asked: Asked): Promise<Page> {
  op.allow('audit', op.institution);
  const institutions = scopeOf(op);
  const wanted = await wantedOf({ db }, asked, institutions);
  const { isNewestFirst, count, cursor } = asked;
  // Read first: every number up to this one is visible to the questions that follow.
  const { seq: last } = await lastSeal(db);
  // Studies have an index of their own; any other search looks through the numbers, so many in one answer.
  const stretch = wanted.studies === undefined ? STRETCH : last;
  const rows: SealedRow[] = [];
  let at = cursor ?? (isNewestFirst ? last + 1 : 0);
  const isMore = (): boolean => (isNewestFirst ? at > 1 : at < last);
  for (let asks = 0; asks < STRETCHES_MAX && isMore() && rows.length < count; asks++) {
    const range = isNewestFirst
      ? { above: Math.max(0, at - 1 - stretch), through: Math.min(at - 1, last) }
      : { above: at, through: Math.min(at + stretch, last) };
    const found = await eventsIn(db, range, wanted, isNewestFirst, count - rows.length);
    rows.push(...found);
    at = rows.length < count ? (isNewestFirst ? range.above + 1 : range.through) : (rows.at(-1)?.seq ?? at);
  }
  return { rows, next: isMore() ? at : undefined };
}

async function wantedOf(
  { db }: Pick<Ports, 'db'>,
  { patient, study, agent: actor, from, until }: Asked,
  institutions: readonly string[] | undefined,
): Promise<EventsWanted> {
  const wanted = { institutions, actor, from, until, studies: study === undefined ? undefined : [study] };
  if (patient === undefined) return { ...wanted, placed: undefined };
  const held = await studiesOfPatient(db, patient, institutions, STUDIES_MAX + 1);
  if (held.length > STUDIES_MAX) throw new Failure('query/too-broad', `more than ${STUDIES_MAX} studies`);
  const studies = held.filter((each) => study === undefined || each.study === study);
  return {
    ...wanted,
    studies: studies.map((each) => each.study),
    placed: studies.map((each) => `${each.institution} ${each.study}`),
  };
}

function bundle(
  request: HttpRequest,
  { rows, next }: Page,
  resourceOf: (row: SealedRow) => FhirResource,
): FhirResource {
  const base = `${baseUrlOf(request)}${FHIR_ROOT}/${TYPE}`;
  const urlWith = (query: URLSearchParams): string => (query.size === 0 ? base : `${base}?${query}`);
  const following = new URLSearchParams(request.query);
  if (next !== undefined) following.set(CURSOR, String(next));
  const resources = rows.map(resourceOf);
  return {
    resourceType: 'Bundle',
    type: 'searchset',
    link: [
      { relation: 'self', url: urlWith(request.query) },
      ...(next === undefined ? [] : [{ relation: 'next', url: urlWith(following) }]),
    ],
    ...(resources.length > 0 && {
      entry: resources.map((resource) => ({
        fullUrl: `${base}/${String(resource['id'])}`,
        resource,
        search: { mode: 'match' },
      })),
    }),
  };
}
