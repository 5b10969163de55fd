import { getJson } from './fetch.ts';

type Attribute = { vr: string; Value?: readonly unknown[] };
/** One match of a search, in the DICOM JSON model (PS3.18 F.2). */
export type Match = Readonly<Record<string, Attribute | undefined>>;

const DICOM_JSON = 'application/dicom+json';
export const PAGE_SIZE = 50;

export type StudyFilter = {
  text: string;
  period: 'all' | 'today' | 'week' | 'month' | 'range';
  /** Of a range, YYYY-MM-DD; '' leaves that end open. */
  from: string;
  to: string;
  modality: string;
  institution: string;
};

export const NO_FILTER: StudyFilter = { text: '', period: 'all', from: '', to: '', modality: '', institution: '' };

/** A page of one search for each of the attributes that the text may be of; where each goes on. */
export type StudyPage = { studies: Match[]; cursors: (string | undefined)[]; total: number; isExact: boolean };

/**
 * Which attributes a text is looked for in: a UID in its own, digits in patient's and accession numbers, anything else
 * in names. QIDO-RS has no "or", so each attribute is a search.
 */
export function keysOf(text: string): Record<string, string>[] {
  const trimmed = text.trim();
  if (trimmed === '') return [{}];
  if (/^\d+(\.\d+){3,}$/.test(trimmed)) return [{ StudyInstanceUID: trimmed }];
  if (!/\d/.test(trimmed)) return [{ PatientName: trimmed, fuzzymatching: 'true' }];
  return [{ PatientID: `${trimmed}*` }, { AccessionNumber: `${trimmed}*` }];
}

export function dateRange(filter: StudyFilter, today: Date): string {
  const daysAgo = (days: number): string => {
    const day = new Date(today);
    day.setDate(day.getDate() - days);
    const two = (part: number): string => String(part).padStart(2, '0');
    return `${day.getFullYear()}${two(day.getMonth() + 1)}${two(day.getDate())}`;
  };
  if (filter.period === 'today') return daysAgo(0);
  if (filter.period === 'week') return `${daysAgo(6)}-`;
  if (filter.period === 'month') return `${daysAgo(29)}-`;
  const [from, to] = [filter.from, filter.to].map((date) => date.replaceAll('-', ''));
  return filter.period === 'all' || `${from}${to}` === '' ? '' : `${from}-${to}`;
}

export const rootOf = (institution: string): string =>
  institution === '' ? '/dicom-web' : `/dicom-web/i/${encodeURIComponent(institution)}`;

/** @param cursors of the page before; undefined: the first page. @throws {Problem} */
export async function searchStudies(
  filter: StudyFilter,
  cursors: readonly (string | undefined)[] | undefined,
  signal: AbortSignal,
): Promise<StudyPage> {
  const searches = keysOf(filter.text).map((keys, index) => ({ keys, cursor: cursors?.[index] }));
  const answers = await Promise.all(
    searches.map(({ keys, cursor }) =>
      cursors !== undefined && cursor === undefined
        ? Promise.resolve(undefined)
        : searchPage(filter, keys, cursor, signal),
    ),
  );
  const found = answers.filter((answer) => answer !== undefined);
  const byUid = new Map(found.flatMap(({ studies }) => studies).map((study) => [textOf(study, '0020000D'), study]));
  return {
    studies: [...byUid.values()].sort((a, b) => newness(b).localeCompare(newness(a))),
    cursors: answers.map((answer) => answer?.cursor),
    total: found.reduce((sum, { total }) => sum + total, 0),
    isExact: found.length === 1 && found.every(({ isExact }) => isExact),
  };
}

type SearchPage = { studies: Match[]; cursor: string | undefined; total: number; isExact: boolean };

async function searchPage(
  filter: StudyFilter,
  keys: Record<string, string>,
  cursor: string | undefined,
  signal: AbortSignal,
): Promise<SearchPage> {
  const query = new URLSearchParams({ ...keys, limit: String(PAGE_SIZE) });
  const dates = dateRange(filter, new Date());
  if (dates !== '') query.set('StudyDate', dates);
  if (filter.modality !== '') query.set('ModalitiesInStudy', filter.modality);
  if (cursor !== undefined) query.set('cursor', cursor);
  const { body, headers } = await getJson<Match[]>(
    `${rootOf(filter.institution)}/studies?${query}`,
    signal,
    DICOM_JSON,
  );
  const next = /[?&]cursor=([^&>]+)/.exec(headers.get('link') ?? '')?.[1];
  const total = Number(headers.get('x-total-count') ?? body.length);
  const isExact = !/At least/.test(headers.get('warning') ?? '');
  return { studies: body, cursor: next && decodeURIComponent(next), total, isExact };
}

/** The series of a study. @throws {Problem} */
export async function listSeries(study: string, institution: string, signal: AbortSignal): Promise<Match[]> {
  return (await getJson<Match[]>(`${rootOf(institution)}/studies/${study}/series`, signal, DICOM_JSON)).body;
}

export function textOf(match: Match, tag: string): string {
  const [value] = match[tag]?.Value ?? [];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

export const numberOf = (match: Match, tag: string): number => Number(textOf(match, tag) || 0);

export const textsOf = (match: Match, tag: string): string[] => (match[tag]?.Value ?? []).map(String);

/** A person's name as people write it: family name complex, then given names (PS3.5 6.2.1). */
export function personOf(match: Match, tag: string): string {
  const [value] = (match[tag]?.Value ?? []) as readonly { Alphabetic?: string; Ideographic?: string }[];
  const name = value?.Alphabetic ?? value?.Ideographic ?? '';
  const [family = '', given = '', middle = ''] = name.split('^').map((part) => part.trim());
  const first = [given, middle].filter((part) => part !== '').join(' ');
  return [family, first].filter((part) => part !== '').join(', ');
}

const newness = (study: Match): string => `${textOf(study, '00080020')}${textOf(study, '00080030')}`;

/** Address of a study in the viewer. */
export const viewerUrl = (study: string, institution: string): string => {
  const of = institution === '' ? '' : `&institution=${encodeURIComponent(institution)}`;
  return `/ohif/viewer?StudyInstanceUIDs=${study}${of}`;
};
