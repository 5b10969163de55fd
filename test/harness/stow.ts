import assert from 'node:assert/strict';
import { concat, latin1Bytes } from '@acervo/kernel/bytes.ts';

/** What a Store Instances Response Module says (PS3.18 annex I). */
export type StowAnswer = {
  status: number;
  stored: { sopInstanceUid: string; retrieveUrl: string; warningReason?: number }[];
  failed: { sopInstanceUid: string; failureReason: number }[];
  /** Failure reasons of parts in which nothing could be identified. */
  others: number[];
};

type JsonItem = Record<string, { Value?: unknown[] }>;

/** Files as the body of a multipart/related request (RFC 2387). */
export function multipartBody(files: readonly Uint8Array[], boundary: string): Uint8Array<ArrayBuffer> {
  const head = latin1Bytes(`\r\n--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`);
  return new Uint8Array(concat([...files.flatMap((file) => [head, file]), latin1Bytes(`\r\n--${boundary}--\r\n`)]));
}

/** Below which institution to store, and below which study. */
export type StowTarget = { http: string; institution?: string; study?: string; token?: string };

/** Store files by one multipart request (PS3.18 10.5). */
export function stow(target: StowTarget, files: readonly Uint8Array[]): Promise<StowAnswer> {
  const boundary = 'acervo-test-boundary-7d1c';
  const type = `multipart/related; type="application/dicom"; boundary=${boundary}`;
  return post(target, multipartBody(files, boundary), type);
}

/** Store one file as the whole body of a request. */
export function stowSingle(target: StowTarget, file: Uint8Array): Promise<StowAnswer> {
  return post(target, new Uint8Array(file), 'application/dicom');
}

export function stowUrl({ http, institution, study }: StowTarget): string {
  const root = institution === undefined ? '/dicom-web' : `/dicom-web/i/${institution}`;
  return `${http}${root}/studies${study === undefined ? '' : `/${study}`}`;
}

async function post(target: StowTarget, body: Uint8Array<ArrayBuffer>, type: string): Promise<StowAnswer> {
  const answer = await fetch(stowUrl(target), {
    method: 'POST',
    body,
    headers: {
      'content-type': type,
      accept: 'application/dicom+json',
      ...(target.token !== undefined && { authorization: `Bearer ${target.token}` }),
    },
  });
  const text = await answer.text();
  if (!(answer.headers.get('content-type') ?? '').startsWith('application/dicom+json')) {
    return { status: answer.status, stored: [], failed: [], others: [] };
  }
  const module = JSON.parse(text) as JsonItem;
  return {
    status: answer.status,
    stored: items(module, '00081199').map((item) => ({
      sopInstanceUid: text1(item, '00081155'),
      retrieveUrl: text1(item, '00081190'),
      ...(item['00081196'] !== undefined && { warningReason: number1(item, '00081196') }),
    })),
    failed: items(module, '00081198').map((item) => ({
      sopInstanceUid: text1(item, '00081155'),
      failureReason: number1(item, '00081197'),
    })),
    others: items(module, '0008119A').map((item) => number1(item, '00081197')),
  };
}

const items = (module: JsonItem, tag: string): JsonItem[] => (module[tag]?.Value ?? []) as JsonItem[];

function text1(item: JsonItem, tag: string): string {
  return String(item[tag]?.Value?.[0] ?? '');
}

function number1(item: JsonItem, tag: string): number {
  const value = item[tag]?.Value?.[0];
  assert.ok(typeof value === 'number', `${tag} is no number`);
  return value;
}
