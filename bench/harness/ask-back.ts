import { sameContent } from '@acervo/dicom/data-set/compare.ts';
import { sourceOf } from '@acervo/dicom/data-set/source.ts';
import { readFileHead } from '@acervo/dicom/part10.ts';
import { findTransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { bytesOf, type ObjectFile, type ObjectSet } from '../objects/object-set.ts';
import type { Acervo } from './acervo.ts';
import type { Orthanc } from './orthanc.ts';

export type InstanceUids = { studyUid: string; seriesUid: string; sopInstanceUid: string };

/** What a server says that it holds, asked after a round. */
export type Shelf = {
  countOf(studyUid: string): Promise<number>;
  fileOf(uids: InstanceUids): Promise<Uint8Array>;
};

const SAMPLE_FILES = 3;
const NUMBER_OF_STUDY_RELATED_INSTANCES = '00201208';

export function shelfOfAcervo({ http, headers }: Pick<Acervo, 'http' | 'headers'>): Shelf {
  return {
    countOf: async (studyUid) => {
      const query = `StudyInstanceUID=${studyUid}&includefield=NumberOfStudyRelatedInstances`;
      const answer = await fetch(`${http}/dicom-web/studies?${query}`, { headers });
      if (answer.status === 204) return 0;
      const [study] = (await answer.json()) as Record<string, { Value?: number[] }>[];
      return study?.[NUMBER_OF_STUDY_RELATED_INSTANCES]?.Value?.[0] ?? 0;
    },
    fileOf: ({ studyUid, seriesUid, sopInstanceUid }) => {
      const path = `/dicom-web/studies/${studyUid}/series/${seriesUid}/instances/${sopInstanceUid}`;
      return bodyOf(`${http}${path}`, { ...headers, accept: 'application/dicom; transfer-syntax=*' });
    },
  };
}

export function shelfOfOrthanc({ http, ask }: Pick<Orthanc, 'http' | 'ask'>): Shelf {
  const idOf = async (uid: string): Promise<string | undefined> => {
    const found = await ask<{ ID: string }[]>('/tools/lookup', { method: 'POST', body: uid });
    return found[0]?.ID;
  };
  return {
    countOf: async (studyUid) => {
      const id = await idOf(studyUid);
      if (id === undefined) return 0;
      return Number((await ask<{ CountInstances: number }>(`/studies/${id}/statistics`)).CountInstances);
    },
    fileOf: async ({ sopInstanceUid }) => bodyOf(`${http}/instances/${await idOf(sopInstanceUid)}/file`, {}),
  };
}

/** @throws unless the server holds as many instances of each study as were sent, and a sample has the same content */
export async function checkHeld(shelf: Shelf, sent: ObjectSet, what: string): Promise<void> {
  const uids = sent.uids();
  for (const [study, files] of Map.groupBy(sent.files, ({ place }) => place.study)) {
    const held = await shelf.countOf(uids.of({ study }));
    if (held !== files.length) throw new Error(`${what} holds ${held} of the ${files.length} instances sent`);
  }
  for (let nth = 0; nth < SAMPLE_FILES; nth++) {
    const file = sent.files[Math.floor((nth * sent.files.length) / SAMPLE_FILES)];
    if (file !== undefined) await checkContent(shelf, sent, file, what);
  }
}

async function checkContent(shelf: Shelf, sent: ObjectSet, file: ObjectFile, what: string): Promise<void> {
  const uids = sent.uids();
  const { study, series } = file.place;
  const sopInstanceUid = uids.of(file.place);
  const named = { studyUid: uids.of({ study }), seriesUid: uids.of({ study, series }), sopInstanceUid };
  const isSame = await sameContent(dataSetOf(await shelf.fileOf(named)), dataSetOf(bytesOf(file)));
  if (!isSame) throw new Error(`${what} holds other content of ${sopInstanceUid} than was sent`);
}

function dataSetOf(bytes: Uint8Array): Parameters<typeof sameContent>[0] {
  const head = readFileHead(bytes, true);
  if ('need' in head) throw new Error('a file without a head');
  const syntax = findTransferSyntax(head.transferSyntaxUid);
  if (syntax === undefined) throw new Error(`no transfer syntax ${head.transferSyntaxUid}`);
  return { source: sourceOf(bytes.subarray(head.dataSetOffset)), syntax };
}

async function bodyOf(url: string, headers: Readonly<Record<string, string>>): Promise<Uint8Array> {
  const answer = await fetch(url, { headers });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}
