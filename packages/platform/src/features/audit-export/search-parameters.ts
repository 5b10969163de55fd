import { Failure } from '@acervo/kernel/failure.ts';
import type { SearchParameter } from '../../bindings/fhir.ts';

/** Where the next page goes on: a number of the journal. */
export const CURSOR = '_cursor';
export const COUNT_DEFAULT = 100;
export const COUNT_MAX = 1000;

/** What GET /fhir/AuditEvent understands. What it does not is refused: a filter that is ignored would mislead. */
export const PARAMETERS: readonly SearchParameter[] = [
  {
    name: 'patient:identifier',
    type: 'reference',
    documentation: '`id` or `issuer|id`: events about the studies that tell it of their patient',
  },
  {
    name: 'entity:identifier',
    type: 'reference',
    documentation: 'A Study Instance UID: `urn:dicom:uid|urn:oid:1.2.3`, `urn:oid:1.2.3` or `1.2.3`',
  },
  { name: 'agent:identifier', type: 'reference', documentation: 'Who acted: an AE title, a token name, a person' },
  { name: 'date', type: 'date', documentation: 'When it happened; eq, ge, gt, le, lt; may be repeated' },
  { name: '_lastUpdated', type: 'date', documentation: 'The same as date: an event never changes' },
  { name: '_sort', type: 'string', documentation: '`-date` (default): the newest number first; `date`: the oldest' },
  { name: '_count', type: 'number', documentation: `Events in one answer: ${COUNT_DEFAULT}, at most ${COUNT_MAX}` },
  { name: CURSOR, type: 'number', documentation: 'From the `next` link of the answer before' },
];
const KNOWN: readonly string[] = [...PARAMETERS.map(({ name }) => name), '_format'];

export type Asked = {
  patient: { issuer: string | undefined; id: string } | undefined;
  study: string | undefined;
  agent: string | undefined;
  from: string | undefined;
  until: string | undefined;
  isNewestFirst: boolean;
  count: number;
  cursor: number | undefined;
};

/** @throws {Failure} request/invalid */
export function readSearch(query: URLSearchParams): Asked {
  const unknown = [...query.keys()].find((name) => !KNOWN.includes(name));
  if (unknown !== undefined) throw new Failure('request/invalid', 'a parameter that this search does not have');
  const period = periodOf([...query.getAll('date'), ...query.getAll('_lastUpdated')]);
  const count = whole(query, '_count');
  const sort = one(query, '_sort') ?? '-date';
  if (sort !== 'date' && sort !== '-date') throw new Failure('request/invalid', '_sort is neither date nor -date');
  return {
    ...period,
    patient: patientOf(one(query, 'patient:identifier')),
    study: studyOf(one(query, 'entity:identifier')),
    agent: one(query, 'agent:identifier'),
    isNewestFirst: sort === '-date',
    count: count === undefined ? COUNT_DEFAULT : Math.min(Math.max(count, 1), COUNT_MAX),
    cursor: whole(query, CURSOR),
  };
}

function one(query: URLSearchParams, name: string): string | undefined {
  const [text, ...more] = query.getAll(name);
  if (more.length > 0 || text === '') throw new Failure('request/invalid', `${name} needs one value`);
  return text;
}

function whole(query: URLSearchParams, name: string): number | undefined {
  const text = one(query, name);
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new Failure('request/invalid', `${name} is not a whole number`);
  return Number(text);
}

function patientOf(text: string | undefined): Asked['patient'] {
  if (text === undefined) return undefined;
  const bar = text.lastIndexOf('|');
  return { issuer: bar < 0 ? undefined : text.slice(0, bar), id: text.slice(bar + 1) };
}

function studyOf(text: string | undefined): string | undefined {
  const uid = text?.replace(/^urn:dicom:uid\|/, '').replace(/^urn:oid:/, '');
  if (uid !== undefined && !/^[0-9.]{1,64}$/.test(uid)) {
    throw new Failure('request/invalid', 'entity:identifier is no Study Instance UID');
  }
  return uid;
}

const DATE = /^(eq|ge|gt|le|lt)?(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/;
const DAY_MS = 86_400_000;

/** FHIR R4 search 3.1.1.5.4: a date is a stretch as long as it is precise; here a day, a minute, a second or less. */
function periodOf(dates: readonly string[]): Pick<Asked, 'from' | 'until'> {
  let from = -Infinity;
  let until = Infinity;
  for (const text of dates) {
    const [, prefix = 'eq', day, time, seconds, fraction] = DATE.exec(text) ?? [];
    const begins = Date.parse(`${day}${time ?? ''}`);
    if (Number.isNaN(begins)) throw new Failure('request/invalid', 'a date that is none');
    const lasts = time === undefined ? DAY_MS : seconds === undefined ? 60_000 : fraction === undefined ? 1000 : 1;
    if (prefix === 'eq' || prefix === 'ge') from = Math.max(from, begins);
    if (prefix === 'gt') from = Math.max(from, begins + lasts);
    if (prefix === 'eq' || prefix === 'le') until = Math.min(until, begins + lasts);
    if (prefix === 'lt') until = Math.min(until, begins);
  }
  const told = (ms: number): string | undefined => (Number.isFinite(ms) ? new Date(ms).toISOString() : undefined);
  return { from: told(from), until: told(until) };
}
