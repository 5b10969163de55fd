import { parentPort, workerData } from 'node:worker_threads';
import { charsetOf, readTerms } from '@acervo/dicom/charset/decode.ts';
import { DataSetReader, readDataSetFrom } from '@acervo/dicom/data-set/read.ts';
import { sourceOf } from '@acervo/dicom/data-set/source.ts';
import { inflate } from '@acervo/dicom/deflate.ts';
import { toDicomJsonText } from '@acervo/dicom/json/to-json.ts';
import { readFileHead } from '@acervo/dicom/part10.ts';
import { frameBytes, readFrameIndex } from '@acervo/dicom/pixel/frames.ts';
import { T } from '@acervo/dicom/tags.ts';
import { findTransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { createRandom, type Random } from '@acervo/kernel/random.ts';
import { indexFactsOf } from '@acervo/platform/holdings/index-facts.ts';
import { mutate } from '@acervo/testkit/fixtures/mutate.ts';
import type { Seed } from './seeds/fuzzed.ts';

/** Reads mutated files for as long as it is told, and says which one it is at: its parent watches that. */
export type FuzzTask = {
  files: { path: string; bytes: Uint8Array }[];
  seed: string;
  /** The first and the number behind the last that is made; before them these seeds are made again. */
  from: number;
  to: number;
  seeds: readonly Seed[];
};
export type FuzzReport =
  | { kind: 'at'; number: number; path: string }
  | { kind: 'done'; outcomes: Record<string, number>; slowestMs: number; slowest: string; crashes: string[] };

const REPORT_EVERY = 50;
const FRAMES_MAX = 3;
/** What a file may be told; frames that are not where the header says make a stored object a damaged one. */
const FORESEEN = /^parse\/|^retrieve\/(damaged|no-frame)$/;

const { files, seed, from, to, seeds } = workerData as FuzzTask;
const outcomes: Record<string, number> = {};
const crashes: string[] = [];
let slowestMs = 0;
let slowest = '';
for (const one of seeds) await fuzz(one.number, one.path);
for (let number = from; number < to; number++) await fuzz(number);
report({ kind: 'done', outcomes, slowestMs, slowest, crashes });

async function fuzz(number: number, only?: string): Promise<void> {
  const random = createRandom(`${seed} ${number}`);
  const picked = random.pick(files);
  const { path, bytes } = files.find((file) => file.path === only) ?? picked;
  if (number % REPORT_EVERY === 0) report({ kind: 'at', number, path });
  const startedMs = performance.now();
  const outcome = await outcomeOf(mutate(bytes, random), random);
  const ms = performance.now() - startedMs;
  if (ms > slowestMs) [slowestMs, slowest] = [ms, `${number} ${path}`];
  if (outcome.startsWith('crash')) crashes.push(`${number} ${path}: ${outcome}`);
  outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
}

function report(message: FuzzReport): void {
  parentPort?.postMessage(message);
}

/** 'read', the code of the Failure that is foreseen, or a crash. */
async function outcomeOf(bytes: Uint8Array, random: Random): Promise<string> {
  try {
    await readFile(bytes, random);
    return 'read';
  } catch (thrown) {
    if (thrown instanceof Failure && FORESEEN.test(thrown.code)) return thrown.code;
    return `crash ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`;
  }
}

/** What ingest and retrieval do with a file: head, header in passing, its index, all of it by seeking, JSON, frames. */
async function readFile(bytes: Uint8Array, random: Random): Promise<void> {
  const head = readFileHead(bytes, true);
  if ('need' in head) throw new Failure('parse/not-part10', 'cut in its head');
  const syntax = findTransferSyntax(head.transferSyntaxUid);
  if (syntax === undefined) throw new Failure('parse/not-part10', 'transfer syntax unknown');
  const stored = bytes.subarray(head.dataSetOffset);
  const dataSet = syntax.deflated ? await inflated(stored) : stored;
  const reader = new DataSetReader({ syntax, stopAtPixelData: true });
  for (let at = 0; at < dataSet.length && !reader.headerDone; ) {
    const length = 1 + random.below(9000);
    reader.push(dataSet.subarray(at, at + length));
    at += length;
  }
  reader.end();
  indexFactsOf(reader.dataSet, { issuer: 'FUZZ', charset: 'ISO_IR 100' });
  const read = await readDataSetFrom(sourceOf(dataSet), { syntax });
  const charset = charsetOf(readTerms(read.dataSet.elements.get(T.SpecificCharacterSet)?.value));
  JSON.parse(toDicomJsonText(read.dataSet, { charset, inlineBytesMax: 4096 }));
  const source = sourceOf(dataSet);
  const index = await readFrameIndex(read.dataSet, source);
  for (let number = 1; number <= Math.min(FRAMES_MAX, index.frameCount); number++)
    await frameBytes(index, number, source);
}

async function inflated(bytes: Uint8Array): Promise<Uint8Array> {
  async function* once(): AsyncGenerator<Uint8Array> {
    yield bytes;
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of inflate(once())) chunks.push(chunk.slice());
  return Buffer.concat(chunks);
}
