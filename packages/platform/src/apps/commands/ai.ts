import { readFileSync } from 'node:fs';
import { Failure } from '@acervo/kernel/failure.ts';
import { isInstitution } from '@acervo/kernel/id.ts';
import { type AssessmentPorts, resultsTold } from '../../features/assessment/told.ts';
import { DAYS_MAX, type DryRun, dryRun } from '../../features/inference/dry-run.ts';
import { cancel, requestTasks, STUDIES_MAX } from '../../features/inference/request.ts';
import type { RuleRow } from '../../features/inference/rule.repo.ts';
import { addRule, removeRule, ruleName, rulesOf, understoodRule } from '../../features/inference/rules.ts';
import { queueOf, type StudyStatus, statusOf } from '../../features/inference/watch.ts';
import { withdrawnTold } from '../../features/inference/withdrawn.ts';
import { noticesOf, PAGE_MAX, resultsBy, type ToldNotice } from '../../features/results/notices.ts';
import { type Comparison, compareSilent } from '../../features/silent/compare.ts';
import { readableFrom } from '../../holdings/elsewhere.ts';
import { SegmentFiles } from '../../holdings/segment-files.ts';
import { Recorder } from '../../journal/recorder.ts';
import type { PlacedModels } from '../../ports/inference-tasks.ts';
import type { Op } from '../../ports/op.ts';
import type { Systems } from '../../ports/systems.ts';
import { loadAccess } from '../access.ts';
import {
  type Command,
  type CommandArgs,
  type CommandContext,
  EXIT,
  type ExitCode,
  textOption,
  textsOption,
} from '../command.ts';
import { openDirectory } from '../directory.ts';
import { openModelStates } from '../model-states.ts';
import { type OpenIndex, openIndex } from '../open-index.ts';
import { openRegistry } from '../registry.ts';
import { openSilent } from '../silent.ts';
import { whoIsIn } from '../who-is.ts';
import { incident, incidents, tellWhy } from './ai-results.ts';

const CONNECTIONS_MAX = 3;
const OPEN_SEGMENTS_MAX = 4;
const DEADLINE_MINUTES = 1_440;
const DAYS = 30;

export const aiCommand: Command = {
  name: 'ai',
  usage:
    'rules list [--institution CODE] | rules add FILE | rules remove INSTITUTION/NAME | ' +
    'rules dry-run [FILE] --institution CODE [--days N] | ' +
    'request STUDY... --model ID@VERSION [--minutes N] [--deliver-to AE] | ' +
    'queue [--institution CODE] | cancel TASK... | status STUDY | silent MODEL@VERSION... --institution CODE | ' +
    'why TASK|SOP-UID | incident TASK|SOP-UID --severity none|minor|serious --text TEXT | incidents | ' +
    'withdrawn [ID] [--institution CODE] [--json]',
  summary: `Which studies go to models of AI, and how that went.
rules    what is routed to which model; FILE holds one rule as JSON. dry-run: what rules, or the one of FILE, would have
         chosen among the studies of the last days (${DAYS} unless said), by Study Date.
request  a model on studies that are there already, behind what is routed; of use for --minutes (a day unless said).
         Its results are sent to --deliver-to, systems of the institution.
queue    what is to be done, and counts of how it went; nothing of what was found.
status   what AI has said of a study, or that it has not.
silent   what versions at stage silencioso say of an institution's studies, in counts; of no study anything.
why      who, what, when and why of a result: digests, thresholds, signatures, decisions, lines of the journal.
incident something went wrong with a result; incidents lists them. What is decided on a result only persons say, each
         for itself, in the archive.
withdrawn  versions whose results count no more; ID: which results of which studies.
Exit codes: 0 done, 4 some of the studies cannot be asked for, 1 it failed.`,
  options: {
    institution: { type: 'string' },
    days: { type: 'string' },
    model: { type: 'string' },
    minutes: { type: 'string' },
    severity: { type: 'string' },
    text: { type: 'string' },
    'deliver-to': { type: 'string', multiple: true },
  },
  positionals: [1, 10_000],
  run: runAi,
};

type Given = { args: CommandArgs; context: CommandContext; index: Index; op: Op };
type Index = {
  holdings: { db: OpenIndex['database']; journal: Recorder };
  states: PlacedModels;
  systems: Systems;
  results: AssessmentPorts;
};
type Verb = { positionals: readonly [number, number]; run(given: Given): Promise<ExitCode> };

const VERBS: Readonly<Record<string, Verb>> = {
  'rules list': { positionals: [0, 0], run: listRules },
  'rules add': { positionals: [1, 1], run: add },
  'rules remove': { positionals: [1, 1], run: remove },
  'rules dry-run': { positionals: [0, 1], run: dry },
  request: { positionals: [1, 10_000], run: request },
  queue: { positionals: [0, 0], run: queue },
  cancel: { positionals: [1, 1_000], run: cancelAll },
  status: { positionals: [1, 1], run: status },
  silent: { positionals: [1, 20], run: silent },
  why: { positionals: [1, 1], run: ({ index: { results }, ...given }) => tellWhy({ ...given, results }) },
  incident: { positionals: [1, 1], run: ({ index: { results }, ...given }) => incident({ ...given, results }) },
  incidents: { positionals: [0, 0], run: ({ index: { results }, ...given }) => incidents({ ...given, results }) },
  withdrawn: { positionals: [0, 1], run: withdrawn },
};

async function runAi(args: CommandArgs, context: CommandContext): Promise<ExitCode> {
  const [first = '', second = ''] = args.positionals;
  const words = first === 'rules' ? 2 : 1;
  const verb = VERBS[words === 2 ? `rules ${second}` : first];
  const positionals = args.positionals.slice(words);
  if (verb === undefined || positionals.length < verb.positionals[0] || positionals.length > verb.positionals[1]) {
    throw new Failure('request/invalid', `usage: acervo ai ${aiCommand.usage}`);
  }
  const { config, log, signal } = context;
  const opened = await openIndex(config, { role: 'ai', connectionsMax: CONNECTIONS_MAX, log });
  const { database: db, blobs, node, close } = opened;
  const journal = new Recorder(db, log, config.accessFoldMs);
  const files = new SegmentFiles(readableFrom(node, blobs, db), OPEN_SEGMENTS_MAX);
  try {
    const op = loadAccess(config, log).ofCommand('ai').openOp(signal);
    const [states, { systems }, directory] = await Promise.all([
      openModelStates(db, log),
      openRegistry(config, db, log),
      openDirectory(db, log),
    ]);
    const holdings = { db, journal };
    const index = {
      holdings,
      states,
      systems,
      results: { ...holdings, files, whoIs: whoIsIn(systems, directory), withdrawn: withdrawnTold },
    };
    return await verb.run({ args: { ...args, positionals }, context, index, op });
  } finally {
    await journal.close();
    await files.close();
    await close();
  }
}

async function listRules({ args, context, index, op }: Given): Promise<ExitCode> {
  const rules = await rulesOf(index.holdings.db, op, institutionOf(args));
  if (rules.length === 0) context.print('No rules.');
  for (const rule of rules) context.print(ruleText(rule), rule);
  return EXIT.done;
}

async function add({ args, context, index, op }: Given): Promise<ExitCode> {
  const [file = ''] = args.positionals;
  const row = await addRule(index.holdings.db, op, jsonOf(file), index.systems);
  context.print(ruleText(row), row);
  return EXIT.done;
}

async function remove({ args, context, index, op }: Given): Promise<ExitCode> {
  const [institution = '', name = '', ...rest] = (args.positionals[0] ?? '').split('/');
  if (!isInstitution(institution) || name === '' || rest.length > 0) {
    throw new Failure('request/invalid', 'INSTITUTION/NAME, as acervo ai rules list prints it');
  }
  const row = await removeRule(index.holdings.db, op, { institution, name });
  context.print(ruleText(row), row);
  return EXIT.done;
}

async function dry({ args, context, index, op }: Given): Promise<ExitCode> {
  const [file] = args.positionals;
  const candidate = file === undefined ? undefined : understoodRule(jsonOf(file));
  const institution = candidate?.institution ?? institutionOf(args);
  if (institution === undefined) throw new Failure('request/invalid', 'say whose studies: --institution CODE');
  const days = numberOf(args, 'days', DAYS, DAYS_MAX);
  const run = await dryRun(index.holdings.db, op, { institution, days, candidate, now: Date.now() });
  context.print(dryText(run), run);
  return EXIT.done;
}

async function request({ args, context, index, op }: Given): Promise<ExitCode> {
  const model = textOption(args, 'model');
  if (model === undefined) throw new Failure('request/invalid', 'say which: --model ID@VERSION');
  const deadlineMinutes = numberOf(args, 'minutes', DEADLINE_MINUTES, 10_080);
  const named = textsOption(args, 'deliver-to');
  const deliverTo = named.length === 0 ? undefined : named;
  let isWhole = true;
  for (let from = 0; from < args.positionals.length; from += STUDIES_MAX) {
    const studies = args.positionals.slice(from, from + STUDIES_MAX);
    for (const answer of await requestTasks(index, op, { studies, model, deadlineMinutes, deliverTo })) {
      isWhole &&= answer.outcome === 'queued' || answer.outcome === 'known';
      context.print(`${answer.study} ${answer.outcome} ${answer.task ?? ''}`.trimEnd(), answer);
    }
  }
  return isWhole ? EXIT.done : EXIT.partly;
}

async function queue({ args, context, index, op }: Given): Promise<ExitCode> {
  const { counts, tasks, deliveries } = await queueOf(index.holdings.db, op, institutionOf(args));
  const lines = [
    ...counts.map(({ model, version, stage, state, count }) => `${model}@${version} ${stage} ${state} ${count}`),
    ...tasks.map(
      ({ id, institution, model, version, studyUid, state, attempts, deadline }) =>
        `${id} ${institution} ${model}@${version} ${studyUid} ${state}, ${attempts} attempts, until ${deadline}`,
    ),
    ...deliveries.map(
      ({ task, institution, kind, aeTitle, state, attempts, problem }) =>
        `${task} ${institution} ${kind} to ${aeTitle} ${state}, ${attempts} attempts${problem ? `, ${problem}` : ''}`,
    ),
  ];
  context.print(lines.length === 0 ? 'Nothing to do, and nothing was done.' : lines.join('\n'), {
    counts,
    tasks,
    deliveries,
  });
  return EXIT.done;
}

async function cancelAll({ args, context, index, op }: Given): Promise<ExitCode> {
  for (const id of args.positionals) {
    const ended = await cancel(index, op, id);
    context.print(`${ended.id} ${ended.state}`, ended);
  }
  return EXIT.done;
}

async function status({ args, context, index, op }: Given): Promise<ExitCode> {
  const [study = ''] = args.positionals;
  const told = { holdings: index.holdings, resultsTold: resultsTold(index.results) };
  for (const each of await statusOf(told, op, study)) context.print(statusText(each), each);
  return EXIT.done;
}

async function silent({ args, context, index, op }: Given): Promise<ExitCode> {
  const institution = institutionOf(args);
  if (institution === undefined) throw new Failure('request/invalid', 'say whose studies: --institution CODE');
  const { db } = index.holdings;
  const store = await openSilent(context.config, db, context.log);
  for (const named of args.positionals) {
    const [model = '', version = '', ...rest] = named.split('@');
    if (version === '' || rest.length > 0) throw new Failure('request/invalid', 'MODEL@VERSION');
    const told = await compareSilent({ db, store }, op, { institution, model, version });
    context.print(silentText(told), told);
  }
  return EXIT.done;
}

const silentText = ({ institution, model, version, studies, unreadable, outputs, cellMin }: Comparison): string =>
  [
    `${model}@${version} at ${institution}: ${studies} studies, in silence; counts below ${cellMin} are not told`,
    ...(unreadable > 0 ? [`  ${unreadable} records do not open by this key`] : []),
    ...outputs.flatMap(({ of, says, scores }) => [
      `  ${of}  ${says.map(cellText).join(', ')}`.trimEnd(),
      ...(scores.length === 0 ? [] : [`    scores  ${scores.map(cellText).join(', ')}`]),
    ]),
  ].join('\n');

const cellText = ({ name, count }: { name: string; count: number | null }): string => `${name} ${count ?? '-'}`;
async function withdrawn({ args, context, index, op }: Given): Promise<ExitCode> {
  const { db } = index.holdings;
  const institution = institutionOf(args);
  const [id] = args.positionals;
  if (id === undefined) {
    const notices = await noticesOf(db, op, institution);
    if (notices.length === 0) context.print('Nothing was withdrawn.');
    for (const notice of notices) context.print(noticeText(notice), notice);
    return EXIT.done;
  }
  let after: string | undefined;
  do {
    const page = await resultsBy(db, op, { withdrawal: id, institution, after });
    for (const each of page) {
      context.print(
        `${each.institution} ${each.study} ${each.results.join(' ')} ${each.note ?? 'without a note'}`,
        each,
      );
    }
    after = page.length < PAGE_MAX ? undefined : page.at(-1)?.task;
  } while (after !== undefined);
  return EXIT.done;
}

const noticeText = (notice: ToldNotice): string =>
  [
    `${notice.id} ${notice.at} ${notice.model}@${notice.version} ${notice.site || 'all institutions'}`,
    `  ${notice.reasonEs}`,
    `  ${notice.results} results in ${notice.studies} studies${notice.isWhole ? '' : ' so far'}, ${notice.notes} notes`,
  ].join('\n');

const SENT = { result: 'resultado para', rejection: 'aviso de rechazo para' } as const;
const SENDING = {
  waiting: 'por enviar',
  delivered: 'entregado',
  failed: 'no entregado',
  cancelled: 'no se envía',
} as const;

function statusText({ institution, tasks, watched }: StudyStatus): string {
  const told = tasks.map(({ model, version, es, reason, withdrawn, deliveries }) =>
    [
      `  ${model}@${version}: ${es}${reason ? ` (${reason})` : ''}`,
      ...(withdrawn === null ? [] : [`    ${withdrawn.at} ${withdrawn.reasonEs}`]),
      ...deliveries.map(({ aeTitle, kind, state }) => `    ${SENT[kind]} ${aeTitle}: ${SENDING[state]}`),
    ].join('\n'),
  );
  const silent = watched?.tasks.filter(({ stage }) => stage === 'silencioso').length ?? 0;
  return [
    `${institution}: ${told.length === 0 ? 'sin tareas de IA' : ''}`.trimEnd(),
    ...told,
    ...(silent > 0 ? [`  ${silent} en silencio`] : []),
  ].join('\n');
}

const ruleText = (row: RuleRow): string =>
  [
    `${ruleName(row)} ${row.rule.effect} ${row.rule.model}`,
    JSON.stringify(row.rule.scope),
    row.removedAt === null ? `in force since ${row.addedAt}` : `removed ${row.removedAt}`,
  ].join('  ');

const dryText = ({ institution, from, days, studies, isCut, volumes, models, refusals, atMost }: DryRun): string =>
  [
    `${institution}: ${studies}${isCut ? ' or more' : ''} studies since ${from}, ${days} days`,
    ...volumes.map(({ rule, model, studies: count, perDay }) => `  ${rule} ${model}: ${count}, ${perDay} a day`),
    ...models.map(({ model, studies: count, perDay }) => `  in all ${model}: ${count} tasks, ${perDay} a day`),
    ...refusals.map(({ rule, why, studies: count }) => `  not by ${rule}, ${why}: ${count}`),
    ...atMost.map((rule) => `  ${rule} asks for a View Position, which is not indexed: at most so many`),
  ].join('\n');

function institutionOf(args: CommandArgs): string | undefined {
  const institution = textOption(args, 'institution');
  if (institution === undefined || isInstitution(institution)) return institution;
  throw new Failure('request/invalid', 'not an institution code');
}

function numberOf(args: CommandArgs, name: string, absent: number, most: number): number {
  const text = textOption(args, name) ?? String(absent);
  const value = Number(text);
  if (/^\d{1,6}$/.test(text) && value >= 1 && value <= most) return value;
  throw new Failure('request/invalid', `--${name} is a whole number from 1 to ${most}`);
}

function jsonOf(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new Failure('request/invalid', `cannot read a rule from ${file}`, { cause });
  }
}
