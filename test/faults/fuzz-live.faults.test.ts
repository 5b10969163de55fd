import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { FAILURES, toFailure } from '@acervo/kernel/failure.ts';
import { createRandom } from '@acervo/kernel/random.ts';
import { mutate } from '@acervo/testkit/fixtures/mutate.ts';
import { scaled } from '@acervo/testkit/scale.ts';
import { needsShared } from '@acervo/testkit/shared.ts';
import { type ArchiveProcess, runAcervo, scratch, startAsIs } from '../harness/archive-process.ts';
import { announcedOf, type CorpusFile, corpusFiles } from '../harness/corpus.ts';
import { peakRssMib } from '../harness/memory.ts';
import { associate } from '../harness/sender.ts';
import { internalErrors } from '../harness/server-log.ts';
import { LIVE_SEEDS } from './seeds/fuzzed.ts';

/** The count through both doors together; never less than the floor. */
const OBJECTS = Math.max(300, scaled(2000));
const FILE_BYTES_MAX = 150_000;
const SLOW_MS_MAX = 10_000;
const RSS_MIB_MAX = 700;
/** What a peer may hear: success, the warning of a further version, or a status of the failure table. */
const STATUSES: ReadonlySet<number> = new Set([0x0000, 0xb000, ...Object.values(FAILURES).map(({ dimse }) => dimse)]);
const HTTP_STATUSES: ReadonlySet<number> = new Set([200, 202, 400, 409, 413, 415]);

test(`${OBJECTS} mutated objects through C-STORE and STOW-RS of a running archive`, async (t) => {
  if (!needsShared(t)) return;
  const dataDir = join(scratch(t, 'fuzz'), 'data');
  const archive = await startAsIs(t, dataDir);
  const files = [...corpusFiles()].filter(({ bytes }) => bytes.length > 0 && bytes.length <= FILE_BYTES_MAX);
  const counts: Record<string, number> = {};
  let slowest = { ms: 0, what: '' };
  const fuzz = async (number: number, only?: string): Promise<void> => {
    const random = createRandom(`live ${number}`);
    const picked = random.pick(files);
    const file = files.find(({ path }) => path === only) ?? picked;
    const startedMs = performance.now();
    const outcome = await (number % 2 === 0 ? byCStore(archive, file, random) : byStow(archive, file, random));
    const ms = performance.now() - startedMs;
    if (ms > slowest.ms) slowest = { ms, what: `${number} ${file.path}` };
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  };
  for (const { number, path } of LIVE_SEEDS) await fuzz(number, path);
  for (let number = 0; number < OBJECTS; number++) await fuzz(number);
  const rssMib = peakRssMib(archive.pid);
  t.diagnostic(`${JSON.stringify(counts)}; slowest ${slowest.ms.toFixed(0)} ms (${slowest.what}); RSS ${rssMib} MiB`);
  assert.deepEqual(internalErrors(archive.logText()).slice(0, 3), []);
  assert.ok(slowest.ms < SLOW_MS_MAX, `${slowest.what} took ${slowest.ms} ms`);
  assert.ok(rssMib < RSS_MIB_MAX, `${rssMib} MiB`);
  assert.equal((await fetch(`${archive.http}/readyz`)).status, 200);
  assert.equal(await archive.stop(), 0);
  const { code, out, err } = await runAcervo(dataDir, ['verify', '--json']);
  assert.equal(code, 0, `verify after the fuzzing: ${out.slice(-2000)} ${err.slice(-500)}`);
});

type Random = ReturnType<typeof createRandom>;

async function byCStore(archive: ArchiveProcess, file: CorpusFile, random: Random): Promise<string> {
  const announced = announcedOf(file);
  if (announced === undefined) return 'dimse: nothing to send';
  const object = { ...announced, dataSet: mutate(announced.dataSet, random) };
  const association = await associate(archive, [object]);
  try {
    const { status } = await association.store(object);
    assert.ok(STATUSES.has(status), `0x${status.toString(16)} is no status of the table`);
    await association.release();
    return `dimse 0x${status.toString(16)}`;
  } catch (thrown) {
    const { code } = toFailure(thrown);
    await association.abort();
    assert.match(code, /^(dimse\/no-context|ul\/)/, String(thrown));
    return `dimse ${code}`;
  }
}

/** Every third envelope is damaged, too. */
async function byStow(archive: ArchiveProcess, file: CorpusFile, random: Random): Promise<string> {
  const boundary = 'fuzzed';
  const mutated = mutate(file.bytes, random);
  const whole = Buffer.concat([
    Buffer.from(`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`),
    mutated,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
  const body = new Uint8Array(random.below(3) === 0 ? mutate(whole, random) : whole);
  const answer = await fetch(`${archive.http}/dicom-web/studies`, {
    method: 'POST',
    body,
    headers: { 'content-type': `multipart/related; type="application/dicom"; boundary=${boundary}` },
  });
  await answer.arrayBuffer();
  assert.ok(HTTP_STATUSES.has(answer.status), `${answer.status} is no answer to a store request`);
  return `stow ${answer.status}`;
}
