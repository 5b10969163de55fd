import type { TestContext } from 'node:test';
import { tagOf, vrOf } from '@acervo/dicom/dictionary.ts';
import { fromDicomJson } from '@acervo/dicom/json/from-json.ts';
import type { DicomJson } from '@acervo/dicom/json/to-json.ts';
import { tagText } from '@acervo/dicom/tag.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { migratedDatabase, silentLog, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { fileBlobStore } from '../../adapters/fs/blob-store.ts';
import type { Database } from '../../adapters/postgres/database.ts';
import { type HttpRequest, problemOf } from '../../bindings/http.ts';
import {
  codesOf,
  type InstanceRow,
  insertInstances,
  type SeriesRow,
  type StudyRow,
} from '../../holdings/index.repo.ts';
import { indexFactsOf } from '../../holdings/index-facts.ts';
import { seriesKeyOf, studyKeyOf } from '../../holdings/keys.ts';
import { SegmentFiles } from '../../holdings/segment-files.ts';
import { Recorder } from '../../journal/recorder.ts';
import type { Op } from '../../ports/op.ts';
import type { Sql } from '../../ports/sql.ts';
import { Many } from './many.ts';
import { explainRoutes, queryRoutes } from './query.route.ts';
import type { Ports } from './search.ts';

/** Attributes by keyword. A name is its text, with `=` between groups; items of a sequence are facts again. */
export type Facts = { readonly [keyword: string]: string | number | readonly (string | number)[] | readonly Facts[] };

/** One instance as it is indexed; the UIDs are among its facts. */
export type Given = { institution: string; facts: Facts };

export function dicomJson(facts: Facts): DicomJson {
  const json: DicomJson = {};
  for (const [keyword, given] of Object.entries(facts)) {
    const tag = tagOf(keyword);
    if (tag === undefined) throw new RangeError(keyword);
    const vr = vrOf(tag);
    const values: readonly unknown[] = Array.isArray(given) ? given : [given];
    const Value = values.map((value) => {
      if (vr === 'SQ') return dicomJson(value as Facts);
      return vr === 'PN' ? nameJson(String(value)) : value;
    });
    json[tagText(tag)] = values.length === 0 ? { vr } : { vr, Value };
  }
  return json;
}

function nameJson(name: string): object {
  const [Alphabetic = '', Ideographic = '', Phonetic = ''] = name.split('=');
  return Object.fromEntries(Object.entries({ Alphabetic, Ideographic, Phonetic }).filter(([, group]) => group !== ''));
}

const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';
const EXPLICIT_LE = '1.2.840.10008.1.2.1';
const ROWS_AT_ONCE = 100;

/** Index instances as ingest does, but for their bytes, which are not there. */
export async function index(database: Database, given: readonly Given[]): Promise<void> {
  const classes = given.map(({ facts }) => String(facts['SOPClassUID'] ?? SECONDARY_CAPTURE));
  const codes = await codesOf(database, [...new Set([EXPLICIT_LE, ...classes])]);
  await database.transaction((sql) => insertAll(sql, given, codes), { synchronousCommit: 'off' });
}

async function insertAll(sql: Sql, given: readonly Given[], codes: ReadonlyMap<string, number>): Promise<void> {
  for (let at = 0; at < given.length; at += ROWS_AT_ONCE) {
    const instances: InstanceRow[] = [];
    const series = new Map<string, SeriesRow>();
    const studies = new Map<string, StudyRow>();
    for (const [place, each] of given.slice(at, at + ROWS_AT_ONCE).entries()) {
      const rows = rowsOf(each, at + place, codes);
      instances.push(rows.instance);
      const key = `${rows.series.study_key} ${rows.series.series_key}`;
      if (!series.has(key)) series.set(key, rows.series);
      if (!studies.has(rows.study.study_key)) studies.set(rows.study.study_key, rows.study);
    }
    await insertInstances(sql, instances, [...series.values()], [...studies.values()]);
  }
}

function rowsOf({ institution, facts }: Given, place: number, codes: ReadonlyMap<string, number>) {
  const told = indexFactsOf(fromDicomJson(dicomJson(facts)), { issuer: institution, charset: 'ISO_IR 100' });
  const text = (keyword: string): string => String(facts[keyword]);
  const study_key = studyKeyOf(institution, text('StudyInstanceUID'));
  const series_key = seriesKeyOf(text('SeriesInstanceUID'));
  const source = String(place).padStart(10, '0');
  const stored = '2026-01-01T00:00:00Z';
  const instance: InstanceRow = {
    study_key,
    series_key,
    sop_uid: text('SOPInstanceUID'),
    version: 0,
    segment: 1,
    file_at: place,
    file_bytes: 1000,
    head_bytes: 300,
    digest: '00',
    transfer_syntax: codes.get(EXPLICIT_LE) ?? 0,
    sop_class: codes.get(String(facts['SOPClassUID'] ?? SECONDARY_CAPTURE)) ?? 0,
    instance_number: told.instanceNumber,
    marks: 0,
  };
  const series: SeriesRow = {
    ...told.series,
    study_key,
    series_key,
    series_uid: text('SeriesInstanceUID'),
    source,
    charset_default: '',
    stored,
  };
  const study: StudyRow = {
    ...told.study,
    study_key,
    institution,
    study_uid: text('StudyInstanceUID'),
    source,
    stored,
  };
  return { instance, series, study };
}

/** An index of this test's own, and what a search asks of it. */
export async function testIndex(t: TestContext): Promise<{ database: Database; ports: Ports }> {
  const database = await migratedDatabase(t);
  const files = new SegmentFiles(fileBlobStore(temporaryDirectory()), 4);
  const journal = new Recorder(database, silentLog, 60_000);
  return { database, ports: { db: database, files, log: silentLog, journal, many: new Many() } };
}

export type Answered = { status: number; headers: Record<string, string>; json: DicomJson[] };

/** What the route of a path answers. */
export async function ask(
  ports: Ports,
  target: string,
  headers: Record<string, string> = {},
  over: Partial<Op> = {},
): Promise<Answered> {
  const [path = '', ...query] = target.split('?');
  const root = path.startsWith('/api/') ? '' : '/dicom-web';
  for (const route of [...queryRoutes(ports), ...explainRoutes(ports)]) {
    const pattern = new RegExp(`^${route.path.replaceAll(/:(\w+)/g, '(?<$1>[^/]+)')}$`);
    const match = pattern.exec(root + path);
    if (match === null) continue;
    const request = requestOf(
      root + target,
      query.join('?'),
      { ...match.groups },
      { host: 'pacs.example:8080', ...headers },
    );
    const {
      status,
      headers: said,
      body,
    } = await route.handle(request, testOp(over)).catch((thrown: unknown) => {
      if (thrown instanceof Failure && thrown.code !== 'internal') return problemOf(thrown, 'op');
      throw thrown;
    });
    return { status, headers: said, json: JSON.parse(String(body)) as DicomJson[] };
  }
  throw new RangeError(path);
}

function requestOf(
  url: string,
  rawQuery: string,
  params: Record<string, string>,
  headers: Record<string, string>,
): HttpRequest {
  async function* nothing(): AsyncGenerator<never> {}
  return {
    method: 'GET',
    url,
    rawQuery,
    params,
    query: new URLSearchParams(rawQuery),
    headers,
    body: nothing(),
    parts: () => nothing(),
  };
}

/** The first value of an attribute. */
export function valueOf(json: DicomJson | undefined, keyword: string): unknown {
  return json?.[tagText(tagOf(keyword) ?? 0)]?.Value?.[0];
}

/** The values of one attribute in every match, in order. */
export const column = ({ json }: Answered, keyword: string): unknown[] => json.map((match) => valueOf(match, keyword));
