import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import { importSeed } from '../../features/directory/seed.ts';
import { loadAccess } from '../access.ts';
import { type Command, type CommandArgs, type CommandContext, EXIT, type ExitCode, isGiven } from '../command.ts';
import { type Config, loadConfigOver } from '../config.ts';
import { answersOf, expectedOf, isLeftOut, pastOf, requestEach } from '../demo/ai/results.ts';
import { type DemoSessions, demoSessions } from '../demo/ai/sessions.ts';
import { type StartedAi, startAi } from '../demo/ai/start.ts';
import { type AiShown, aiText } from '../demo/ai/summary.ts';
import { sendByDimse, sendByImport, sendByStow, type Target } from '../demo/doors.ts';
import { DIRECTORY } from '../demo/sample/directory.ts';
import { STUDIES_FOR_MODELS } from '../demo/sample/for-models.ts';
import { INSTITUTIONS, SYSTEMS } from '../demo/sample/institutions.ts';
import { generateSample, type SampleObject } from '../demo/sample/sample.ts';
import { readSummary, type Summary } from '../demo/summary.ts';
import { makeLog } from '../log.ts';
import { installedStamp } from '../ohif/prepare.ts';
import { type Progress, progressOf } from '../progress.ts';
import { type RunningServer, startServer } from '../server.ts';

export const demoCommand: Command = {
  name: 'demo',
  usage: '[--once] [--fresh]',
  summary: 'Start an archive with an invented national sample in it and show what it answers.',
  options: { once: { type: 'boolean' }, fresh: { type: 'boolean' } },
  positionals: [0, 0],
  run: async (args, given) => {
    const config = await prepare(args);
    const context = { ...given, log: makeLog(config.logLevel) };
    context.print(`Acervo demo, data in ${shortPath(config.dataDir)}`);
    const sessions = demoSessions();
    const server = await startOnFreePorts(config, sessions, context);
    try {
      return await show({ server, config, sessions }, args, context);
    } catch (thrown) {
      if (context.signal.aborted) return EXIT.failed;
      throw thrown;
    } finally {
      await server.close();
    }
  },
};

const SEED = 'acervo demo';
const MIB = 2 ** 20;
/** Nobody wants to wait two minutes for what a demo shows. */
const QUIET_SECONDS = '3';

/** Settings of the demo where the environment says nothing else: its own folder, loopback, open access. */
async function prepare(args: CommandArgs): Promise<Config> {
  const { dataDir } = loadConfigOver({ ACERVO_DATA_DIR: './data/demo' });
  if (isGiven(args, 'fresh')) await rm(dataDir, { recursive: true, force: true });
  await mkdir(dataDir, { recursive: true });
  const accessFile = join(dataDir, 'access.json');
  const systems = Object.values(SYSTEMS).map(({ aeTitle, institution }) => ({
    aeTitle,
    institution: institution.code,
  }));
  await writeFile(accessFile, JSON.stringify({ systems }, null, 2));
  return loadConfigOver({
    ACERVO_DATA_DIR: './data/demo',
    ACERVO_ACCESS: 'open',
    ACERVO_ACCESS_FILE: accessFile,
    ACERVO_LOG_LEVEL: 'error',
    ACERVO_AI_QUIET_SECONDS: QUIET_SECONDS,
  });
}

/** From here, where it is below. */
function shortPath(path: string): string {
  const short = relative('', path);
  return short.startsWith('..') || short === '' ? path : short;
}

/** The usual ports may be taken on a laptop: then any other ones. */
async function startOnFreePorts(
  config: Config,
  sessions: DemoSessions,
  { log, print }: CommandContext,
): Promise<RunningServer> {
  try {
    return await startServer(config, log, sessions);
  } catch (thrown) {
    if (!/EADDRINUSE/.test(toFailure(thrown).detail)) throw thrown;
    print(`Port ${config.httpPort} or ${config.dimsePort} is taken: using free ones.`);
    return startServer({ ...config, httpPort: 0, dimsePort: 0 }, log, sessions);
  }
}

type Started = { server: RunningServer; config: Config; sessions: DemoSessions };

async function show(started: Started, args: CommandArgs, context: CommandContext): Promise<ExitCode> {
  const { config } = started;
  const { print, signal } = context;
  const target = targetOf(started);
  const sample = [...generateSample({ seed: SEED })];
  const forModels = [...generateSample({ seed: SEED, plans: STUDIES_FOR_MODELS })];
  const ai = await withModels(started, target, context);
  const expected = 'why' in ai ? [] : expectedOf(sample, forModels);
  const past = 'why' in ai ? [] : await pastOf(target.http, expected, signal);
  const sent = await sendSample(target, config, [...sample, ...forModels], context);
  if (signal.aborted) return EXIT.failed;
  const shown = 'why' in ai ? undefined : await answered(ai, target, { expected, past }, signal);
  const summary = await readSummary(
    target.http,
    Object.values(INSTITUTIONS).map(({ code }) => code),
  );
  const hasViewer = (await installedStamp(config.ohifDir)) !== '';
  const acervo = `ACERVO_DATA_DIR=${shortPath(config.dataDir)} node bin/acervo`;
  const way = { http: target.http, acervo, hasViewer };
  const lines = shown === undefined ? [] : [...aiText(shown, way), ''];
  const text = [summaryText(summary, sent, target, hasViewer), ...lines].join('\n');
  print(text, { summary, sent, ...target, ...(shown && { ai: shown }) });
  const held = summary.institutions.reduce((sum, { instances }) => sum + instances, 0);
  const wanted = sent.reduce((sum, { instances }) => sum + instances, 0);
  if (held < wanted) {
    print(`The archive shows ${held} of ${wanted} instances: this must not be.`, { missing: wanted - held });
    return EXIT.failed;
  }
  if (isGiven(args, 'once')) return EXIT.done;
  print('The archive stays up: Ctrl-C ends it. What was stored stays.');
  if (!signal.aborted) await once(signal, 'abort');
  return EXIT.done;
}

function targetOf({ server: { httpPort, dimsePort }, config }: Started): Target {
  if (httpPort === undefined || dimsePort === undefined) {
    throw new Failure('config/invalid', 'the demo needs its ports without TLS');
  }
  const { httpHost, dimseHost, aeTitle } = config;
  return { http: `http://${httpHost}:${httpPort}`, dimseHost, dimsePort, aeTitle };
}

/** The directory first, then models: what comes in later is for them. */
async function withModels(started: Started, { http }: Target, { log, print, signal }: CommandContext) {
  const { server, config, sessions } = started;
  const { modelStates, archive } = server;
  const db = archive.database;
  const op = loadAccess(config, log).ofCommand('demo').openOp(signal);
  await importSeed(db, op, DIRECTORY);
  print('IA: el comité de demostración recibe, firma y pone en uso dos modelos');
  const ai: StartedAi = await startAi({ config, db, op, sessions, modelStates, http, signal });
  if ('why' in ai) print(`Sin IA: ${ai.why}`, { withoutAi: ai.why });
  return ai;
}

type Asked = { expected: ReturnType<typeof expectedOf>; past: ReturnType<typeof expectedOf> };

async function answered(
  { committee, governed }: Exclude<StartedAi, { why: string }>,
  { http }: Target,
  { expected, past }: Asked,
  signal: AbortSignal,
): Promise<AiShown> {
  const isInUse = (of: { institution: string; model: string }): boolean =>
    governed.stands.some(
      ({ site, model, version, state }) =>
        site === of.institution && `${model}@${version}` === of.model && state === 'limitado',
    );
  await requestEach(committee, past.filter(isInUse));
  const answers = await answersOf(http, expected, signal);
  const leftOut = answers.filter((each) => isLeftOut(each) && isInUse(each));
  if (leftOut.length === 0) return { governed, answers };
  await requestEach(committee, leftOut);
  return { governed, answers: await answersOf(http, expected, signal) };
}

/** What went in by one door, and how long that took. */
type Sent = { door: string; instances: number; bytes: number; seconds: number };
type Send = (group: readonly SampleObject[], progress: Progress) => Promise<void>;

async function sendSample(
  target: Target,
  config: Config,
  objects: readonly SampleObject[],
  { isJson, signal, print }: CommandContext,
): Promise<Sent[]> {
  const mib = bytesOf(objects) / MIB;
  print(
    `${objects.length} invented objects, ${mib.toFixed(0)} MiB, of ${Object.keys(INSTITUTIONS).length} institutions`,
  );
  const cli = [process.execPath, join(import.meta.dirname, '../main.ts')];
  const doors: { label: string; door: SampleObject['door']; key(object: SampleObject): string; send: Send }[] = [
    {
      label: 'C-STORE',
      door: 'dimse',
      key: ({ system }) => system.aeTitle,
      send: (group, progress) => sendByDimse(target, group, progress, signal),
    },
    {
      label: 'STOW-RS',
      door: 'stow',
      key: ({ studyUid }) => studyUid,
      send: (group, progress) => sendByStow(target, group, progress),
    },
    {
      label: 'acervo import',
      door: 'import',
      key: ({ institution }) => institution,
      send: (group, progress) => sendByImport(config, group, progress, cli, signal),
    },
  ];
  const sent: Sent[] = [];
  for (const { label, door, key, send } of doors) {
    const mine = objects.filter((object) => object.door === door);
    const progress = progressOf(label, mine.length, process.stderr, isJson);
    const startedMs = performance.now();
    for (const group of Map.groupBy(mine, key).values()) if (!signal.aborted) await send(group, progress);
    progress.finish();
    const seconds = (performance.now() - startedMs) / 1000;
    sent.push({ door: label, instances: mine.length, bytes: bytesOf(mine), seconds });
  }
  return sent;
}

const bytesOf = (objects: readonly SampleObject[]): number =>
  objects.reduce((sum, { dataSet }) => sum + dataSet.length, 0);

function summaryText(summary: Summary, sent: readonly Sent[], target: Target, hasViewer: boolean): string {
  const { http, dimseHost, dimsePort, aeTitle } = target;
  const rows = summary.institutions.map((row) =>
    [row.code, row.patients, row.studies, row.series, row.instances, row.modalities.join(' ')].map(String),
  );
  const doors = sent.map(({ door, instances, bytes, seconds }) =>
    [door, instances, (bytes / MIB).toFixed(1), seconds.toFixed(1), (instances / seconds).toFixed(0)].map(String),
  );
  return [
    '',
    'What the archive answers, read back by QIDO-RS:',
    '',
    ...table(['Institution', 'Patients', 'Studies', 'Series', 'Instances', 'Modalities'], rows),
    '',
    'Durable before each answer; one sender, one door after the other, start of the import programs included:',
    '',
    ...table(['Door', 'Objects', 'MiB', 'Seconds', 'Objects/s'], doors),
    '',
    `Searching "${summary.search.asked}" finds: ${summary.search.found.join(' | ')}`,
    '',
    `Page      ${http}/`,
    `Viewer    ${http}/ohif/${hasViewer ? '' : '    once `node bin/acervo ohif` has fetched OHIF (50 MB)'}`,
    `DICOMweb  ${http}/dicom-web/studies?limit=5`,
    `          ${http}/dicom-web/i/${summary.institutions[0]?.code}/studies`,
    `API       ${http}/api/openapi.json    ${http}/api/changes?since=0`,
    `Health    ${http}/readyz    ${http}/metrics`,
    `DIMSE     ${aeTitle} at ${dimseHost} port ${dimsePort}: storescu -aec ${aeTitle} ${dimseHost} ${dimsePort} FILE`,
    '',
  ].join('\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]): string => {
    const padded = cells.map((cell, column) => {
      const width = widths[column] ?? 0;
      return isNumber(cell) ? cell.padStart(width) : cell.padEnd(width);
    });
    return `  ${padded.join('  ')}`.trimEnd();
  };
  return [line(head), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)];
}

const isNumber = (text: string): boolean => /^\d+(\.\d+)?$/.test(text);
