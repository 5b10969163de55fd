import { createHash } from 'node:crypto';
import { join, relative } from 'node:path';
import { postmasterOf } from '../../test/harness/archive-process.ts';
import {
  bytesOf,
  type ObjectFile,
  type ObjectSet,
  type ObjectSetOptions,
  writeObjects,
} from '../objects/object-set.ts';
import type { Bench, Side, Sides } from '../row.ts';
import { type Acervo, startAcervo } from './acervo.ts';
import { checkHeld, shelfOfAcervo, shelfOfOrthanc } from './ask-back.ts';
import { startNginx } from './nginx.ts';
import { startOrthanc } from './orthanc.ts';
import { checkPicture } from './picture.ts';
import { cpuSecondsOf } from './proc.ts';
import { type Asked, readSide } from './read-side.ts';
import { sendFolders } from './storescu.ts';

const SEED = 11;
const SAMPLE_FILES = 3;
const SECONDS = 6;
const QUICK_SECONDS = 2;

/** What of an instance is read. */
export type Resource = {
  /** Below the address of the instance; '' for its file, of which servers keep all but the head. */
  suffix: string;
  /** Accept, of a DICOMweb server. */
  accept: string;
  /** So many bytes at the end of a file are compared, the pixels: storescu writes the header anew. */
  bytes: number;
  /** Of a picture: its sides, in pixels, which are checked in place of its bytes. */
  pictureSide?: number;
};

export type ReadPlan = {
  data: Omit<ObjectSetOptions, 'seed'>;
  resource: Resource;
  /** Of Orthanc, where it is to be asked for another form. */
  orthanc?: Resource;
  nginx?: boolean;
  processes: 1 | 2;
};

const CHECKS =
  'no answer but 2xx; each round three answers, fetched in the same way, are the bytes that were sent, by digest; ' +
  'before, ' +
  'counts of every study and the content of three files';

/** Stores made objects, then reads instances in random order, all of them in the page cache. */
export async function openReads(bench: Bench, plan: ReadPlan): Promise<Sides | { skipped: string }> {
  const { folders } = plan.data;
  const data = bench.isQuick ? { ...plan.data, studiesPerFolder: 1, instancesPerStudy: 20 } : plan.data;
  const folder = join(bench.scratch, 'objects');
  const objects = writeObjects(folder, { ...data, folders, seed: SEED });
  const acervo = await startAcervo(bench);
  await sendFolders(acervo, objects.folders);
  await checkHeld(shelfOfAcervo(acervo), objects, 'acervo');
  const peers: Side[] = [];
  if (plan.orthanc !== undefined) {
    const orthanc = await startOrthanc(bench);
    if (orthanc === undefined) return { skipped: 'no Orthanc' };
    await sendFolders(orthanc, objects.folders);
    await checkHeld(shelfOfOrthanc(orthanc), objects, 'orthanc');
    const web = asked(bench, objects, plan.orthanc, {});
    const server = { ...orthanc, name: 'orthanc', urls: [orthanc.http], asked: web };
    peers.push(readSide({ ...server, check: checker(objects, plan.orthanc, [orthanc.http], web) }, bench.scratch));
  }
  if (plan.nginx === true) {
    const nginx = await startNginx(bench, folder);
    if (nginx === undefined) return { skipped: 'no nginx' };
    const paths = objects.files.map(({ path }) => `/${relative(folder, path)}`);
    const web = { ...asked(bench, objects, plan.resource, {}), paths };
    const check = checker(objects, plan.resource, [nginx.http], web);
    peers.push(readSide({ ...nginx, name: 'nginx', urls: [nginx.http], asked: web, check }, bench.scratch));
  }
  const second = plan.processes === 2 ? await startAcervo(bench, { dataDir: acervo.dataDir }) : undefined;
  return {
    ours: readSide(oursOf(bench, objects, plan, [acervo, ...(second === undefined ? [] : [second])]), bench.scratch),
    peers,
    checks: CHECKS,
    guarantees: async () => {
      await second?.stop();
      return acervo.guarantees(objects.files.length);
    },
    close: () => Promise.resolve(),
  };
}

function oursOf(bench: Bench, objects: ObjectSet, { resource }: ReadPlan, processes: readonly Acervo[]) {
  const [first] = processes as readonly [Acervo];
  const urls = processes.map(({ http }) => http);
  const web = asked(bench, objects, resource, first.headers);
  return {
    name: 'acervo',
    detail: processes.length === 1 ? 'Acervo' : `Acervo, ${processes.length} processes`,
    urls,
    asked: web,
    // One database serves them all: it must not be counted twice.
    cpuSeconds: () => cpuSecondsOf([...processes.map(({ pid }) => pid), postmasterOf(first.dataDir) ?? first.pid]),
    resident: () => first.resident(),
    check: checker(objects, resource, urls, web),
  };
}

function asked(bench: Bench, objects: ObjectSet, resource: Resource, headers: Readonly<Record<string, string>>): Asked {
  return {
    paths: objects.files.map((file) => pathOf(objects, file) + resource.suffix),
    headers: { ...headers, accept: resource.accept },
    threads: 2,
    connections: 4,
    seconds: bench.isQuick ? QUICK_SECONDS : SECONDS,
  };
}

/** DICOMweb's address of an instance. */
function pathOf(objects: ObjectSet, { place }: ObjectFile): string {
  const uids = objects.uids();
  const { study, series } = place;
  return `/dicom-web/studies/${uids.of({ study })}/series/${uids.of({ study, series })}/instances/${uids.of(place)}`;
}

/** Fetches some files as the load did, from each process, and compares them with what was sent. */
function checker(objects: ObjectSet, resource: Resource, urls: readonly string[], { paths, headers }: Asked) {
  return async (): Promise<void> => {
    for (let nth = 0; nth < SAMPLE_FILES; nth++) {
      const at = Math.floor((nth * objects.files.length) / SAMPLE_FILES);
      const file = objects.files[at] as ObjectFile;
      const url = `${urls[nth % urls.length]}${paths[at]}`;
      const answer = await fetch(url, { headers });
      const body = new Uint8Array(await answer.arrayBuffer());
      if (resource.pictureSide !== undefined) {
        await checkPicture(url, body, resource.pictureSide);
        continue;
      }
      const part = onlyPart(body, answer.headers.get('content-type') ?? '');
      const got = resource.suffix === '' ? part.subarray(-resource.bytes) : part;
      if (!answer.ok || digestOf(got) !== digestOf(bytesOf(file).subarray(-resource.bytes)))
        throw new Error(`${url}: ${answer.status}, ${part.length} bytes that are not those sent`);
    }
  };
}

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Of a multipart body with one part what is in it; else the body. */
function onlyPart(body: Uint8Array, contentType: string): Uint8Array {
  const boundary = /boundary="?([^";]+)/.exec(contentType)?.[1];
  if (boundary === undefined) return body;
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  return bytes.subarray(bytes.indexOf('\r\n\r\n') + 4, bytes.lastIndexOf(`\r\n--${boundary}--`));
}
