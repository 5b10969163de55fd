import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import type { AiShown } from '@acervo/platform/apps/demo/ai/summary.ts';
import { uidOf } from '@acervo/platform/apps/demo/sample/study.ts';
import { runAcervo, scratch } from '../harness/archive-process.ts';
import { journalOf, type Line, leaveOut, openDemo, runDemo, told } from '../harness/demo-archive.ts';
import { runPeer } from '../harness/run-peer.ts';

const VERIFIER = join(import.meta.dirname, '../../packages/verifier/src/main.ts');
const CR = { model: 'mx.acervo.demo.cr-opacidad', version: '1.0.0' };
/** The phantom with an opacity: what its model is fitted to. */
const STUDY = uidOf('acervo demo', 'imss-cr-opacity');
/** The one with a mass, which its site's secret leaves out here. */
const TOMOGRAPHY = uidOf('acervo demo', 'ssa-ct-mass');
const SITE = 'IMSS-CMNSXXI';
const LATE_MS = 60_000;

type Demo = { folder: string; dataDir: string; shown: AiShown };
let made: Promise<Demo> | undefined;
const ends: (() => unknown)[] = [];
after(async () => {
  for (const end of ends) await end();
});

/** The archive that `npm run demo -- --once` leaves: made once for all tests, each works on a copy or only adds. */
function demo(): Promise<Demo> {
  made ??= (async () => {
    const folder = scratch({ after: (end) => void ends.push(end) }, 'demo');
    const dataDir = join(folder, 'data');
    await leaveOut(dataDir, 'SSA-JAL-HCG', TOMOGRAPHY);
    return { folder, dataDir, shown: await runDemo(dataDir) };
  })();
  return made;
}

const kindsOf = (lines: readonly Line[]): Record<string, number> =>
  Object.fromEntries(
    [...Map.groupBy(lines, ({ kind }) => kind)]
      .filter(([kind]) => /^(model|signer|approver|ai-rule|ai-task)\./.test(kind))
      .map(([kind, all]) => [kind, all.length]),
  );

test('the demo has its models signed for, and its films and tomography read', async () => {
  const { shown, dataDir } = await demo();
  assert.deepEqual(
    shown.governed.stands.map(({ model, site, state, percentage }) => `${model} ${site} ${state} ${percentage}`).sort(),
    [
      `${CR.model} IMSS-CMNSXXI limitado 99`,
      `${CR.model} SSA-JAL-HCG limitado 99`,
      'mx.acervo.demo.tc-densidad SSA-JAL-HCG limitado 99',
    ],
  );
  // Two models for the nation, and three times a site: none of them by one person alone but the chief's own step.
  assert.deepEqual([shown.governed.people, shown.governed.approvals], [7, 2 * 3 + 3 * 3]);
  const { answers } = shown;
  assert.deepEqual(answers.map(({ modality }) => modality).sort(), ['CR', 'CR', 'CR', 'CR', 'CT']);
  for (const { studyUid, isAskedFor, reason, objects, findings, modality } of answers) {
    if (studyUid === TOMOGRAPHY) assert.ok(isAskedFor, 'one of a hundred is in no share: it was asked for');
    assert.deepEqual([reason, objects], [null, modality === 'CR' ? ['SR'] : ['SEG', 'SR', 'SR']]);
    assert.ok(findings.length > 0 && findings.every(({ es, value }) => es !== '' && value !== null));
  }
  assert.equal(kindsOf(journalOf(dataDir))['model.approved'], shown.governed.approvals);
});

test('started again, the demo does nothing twice', async () => {
  const { shown, dataDir } = await demo();
  const before = kindsOf(journalOf(dataDir));
  const again = await runDemo(dataDir);
  assert.deepEqual(kindsOf(journalOf(dataDir)), before);
  assert.deepEqual(again, shown);
});

const GUIDE = join(import.meta.dirname, '../../docs/guides/como-se-aprueba-un-modelo.md');

test('the commands of the guide work on a demo, and what they stop stays stopped', async () => {
  const { folder, dataDir } = await demo();
  const copy = join(folder, 'stopped');
  // Whose the cluster is counts, too.
  assert.equal((await runPeer('cp', ['-a', dataDir, copy])).code, 0);
  const [, block = ''] = /^```sh\n(.*?)^```/ms.exec(readFileSync(GUIDE, 'utf8')) ?? [];
  const commands = block.trim().split('\n');
  assert.ok(commands.length >= 5);
  for (const command of commands) {
    const words = command.replace(/^ACERVO_DATA_DIR=data\/demo node bin\/acervo /, '');
    const { code, out, err } = await runAcervo(copy, wordsOf(words));
    assert.equal(code, 0, `${command}: ${out}${err}`);
    assert.notEqual(out.trim(), '', command);
  }
  const { governed } = await runDemo(copy);
  assert.deepEqual(
    governed.stands.filter(({ site }) => site === 'IMSS-CMNSXXI').map(({ state }) => state),
    ['suspendido'],
  );
});

/** As a shell parts them: quotes hold words together. */
const wordsOf = (command: string): string[] =>
  [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');

const verifiedWithoutNetwork = (folder: string) =>
  runPeer('unshare', ['--user', '--map-root-user', '--net', process.execPath, VERIFIER, 'journal', folder]);

/** One bit of a text of hexadecimal digits or base64 in the line: it stays a line. */
function alteredIn(folder: string, { file, text }: Line): () => void {
  const path = join(folder, basename(file));
  const kept = readFileSync(path);
  const bytes = Buffer.from(kept);
  const at = bytes.indexOf(text) + text.indexOf('"id":"') + 6;
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  writeFileSync(path, bytes);
  return () => writeFileSync(path, kept);
}

test('D5: a byte of the ledger altered on the disk is named by its number, without archive and network', async () => {
  const { folder, dataDir } = await demo();
  const ledger = join(folder, 'ledger');
  cpSync(join(dataDir, 'journal'), ledger, { recursive: true });
  const lines = journalOf(dataDir);
  assert.equal((await verifiedWithoutNetwork(ledger)).code, 0);
  for (const kind of ['model.received', 'approver.enrolled', 'model.approved', 'model.stepped', 'ai-task.ended']) {
    const line = lines.find((each) => each.kind === kind);
    assert.ok(line !== undefined, kind);
    const mend = alteredIn(ledger, line);
    const { code, output } = await verifiedWithoutNetwork(ledger);
    assert.equal(code, 3, `${kind}: ${output}`);
    assert.match(output, new RegExp(`^journal\\.altered ${line.seq}: `, 'm'), kind);
    assert.equal(output.match(/^journal\./gm)?.length, 1, output);
    mend();
  }
});

type Why = {
  id: string;
  digests: { package: string; manifest: string; model: string; input: string };
  operations: string;
  rules: string[];
  stage: string;
  isDemonstration: boolean;
  input: { isSame: boolean; images: { sopInstanceUid: string; dataSetSha256: string }[] };
  findings: { es: string; value: number; threshold: number; isPositive: boolean }[];
  objects: { sopInstanceUid: string; sopClassUid: string }[];
  steps: { site: string; to: string; signatures: { person: string; role: string }[] }[];
  decisions: { by: string; decision: string; reason: string; secondsToDecide: number | null }[];
  journal: { number: number | null; kind: string }[];
};
type Computed = {
  result: {
    tensorSha256: string;
    outputs: { p: [number] };
    provenance: {
      modelSha256: string;
      operations: string;
      inputs: { sopInstanceUid: string; dataSetSha256: string }[];
    };
  };
};

/** The task's result, asked for where the share of the site has left it out. */
async function resultOf(
  t: TestContext,
  ask: <Answer>(path: string, body?: object) => Promise<Answer>,
): Promise<string> {
  const model = `${CR.model}@${CR.version}`;
  await ask('/api/ai/requests', { studies: [STUDY], model, deadlineMinutes: 60 });
  return t.waitFor(
    async () => {
      type Told = { studies: { tasks: { state: string; results: string[] }[] }[] };
      const { studies } = await ask<Told>(`/api/ai/studies/${STUDY}`);
      const [task] = studies.flatMap(({ tasks }) => tasks);
      assert.equal(task?.state, 'result');
      return task?.results[0] ?? '';
    },
    { timeout: LATE_MS, interval: 100 },
  );
}

test('D6: why did this study show that finding? By digests, signatures, a decision, and computed again', async (t) => {
  const { folder, dataDir, shown } = await demo();
  const archive = await openDemo(t, dataDir);
  const radiologist = await archive.as('jefatura.imss');
  const sop = await resultOf(t, radiologist.ask);
  // What was shown first is what the time to a decision counts from.
  await radiologist.ask(`/api/ai/results/${sop}`);
  const decided = { decision: 'accepted', reason: 'opacidad a simple vista', shownAt: new Date().toISOString() };
  await radiologist.ask(`/api/ai/results/${sop}/decisions`, decided);
  const why = await radiologist.ask<Why>(`/api/ai/results/${sop}`);

  // What it is, and who answers for it.
  const [received] = journalOf(dataDir).filter(({ facts }) => facts['model'] === CR.model);
  assert.equal(why.digests.package, received?.facts['id']);
  assert.deepEqual([why.stage, why.isDemonstration, why.input.isSame], ['limitado', true, true]);
  const signers = why.steps.flatMap(({ signatures }) => signatures.map(({ person, role }) => `${role} ${person}`));
  assert.ok(new Set(signers).size >= 5, signers.join());
  const [decision] = why.decisions;
  assert.equal(decision?.reason, decided.reason);
  assert.ok((decision?.secondsToDecide ?? -1) >= 0);

  // The same again, by the package and the images that came out of the archive.
  const images = join(folder, 'exported');
  await told(dataDir, 'export', '--study', STUDY, '--institution', SITE, '--to', images);
  const fileOf = (uid: string): string => {
    const found = readdirSync(images, { recursive: true, encoding: 'utf8' }).find((path) => path.includes(uid));
    assert.ok(found !== undefined, uid);
    return join(images, found);
  };
  const model = join(dataDir, 'demostracion/paquetes/cr-opacidad');
  const sources = why.input.images.map(({ sopInstanceUid }) => fileOf(sopInstanceUid));
  const [computed] = await told<Computed>(dataDir, 'model', 'run', model, ...sources);
  assert.ok(computed !== undefined);
  const { tensorSha256, outputs, provenance } = computed.result;
  const { golden } = JSON.parse(readFileSync(join(model, 'manifest.json'), 'utf8')) as {
    golden: { tensorSha256: string }[];
  };
  assert.equal(tensorSha256, golden[1]?.tensorSha256, 'the tensor is the one that was signed for, to the bit');
  assert.deepEqual(
    provenance.inputs.map(({ sopInstanceUid, dataSetSha256 }) => [sopInstanceUid, dataSetSha256]),
    why.input.images.map(({ sopInstanceUid, dataSetSha256 }) => [sopInstanceUid, dataSetSha256]),
  );
  assert.deepEqual([provenance.modelSha256, provenance.operations], [why.digests.model, why.operations]);
  const [finding] = why.findings;
  assert.ok(Math.abs((finding?.value ?? 0) - 100 * outputs.p[0]) < 1e-3);
  assert.deepEqual([finding?.threshold, finding?.isPositive], [50, true]);
  const reproduced = ['result', 'reproduce', fileOf(sop), '--package', model, '--images', images];
  const again = await runAcervo(dataDir, reproduced);
  assert.equal(again.code, 0, again.out + again.err);
  assert.match(again.out, new RegExp(`^reproduced ${sop}: \\d+ bytes, every one the same`));

  // And the journal has all of it, with proofs for who has no archive.
  const bundle = join(folder, 'bundle.json');
  await told(dataDir, 'audit', 'bundle', '--study', STUDY, '--to-file', bundle);
  const { code, output } = await runPeer(process.execPath, [VERIFIER, 'bundle', bundle]);
  assert.equal(code, 0, output);
  const proven = readFileSync(bundle, 'utf8');
  for (const kind of ['ai-task.made', 'ai-task.ended', 'ai.result-decided'])
    assert.ok(proven.includes(`"${kind}"`), kind);
  const numbered = why.journal.filter(({ number }) => number !== null).map(({ kind }) => kind);
  assert.ok(numbered.includes('ai-task.ended'), numbered.join());
  assert.ok(shown.answers.length > 0);
});
