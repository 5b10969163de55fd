import { writeFileSync } from 'node:fs';
import { Failure } from '@acervo/kernel/failure.ts';
import { accessesOf, type Ports } from '../../features/rights/accesses.ts';
import { periodOf } from '../../features/rights/period.ts';
import { reportHtml, reportText } from '../../features/rights/report.ts';
import {
  type Decision,
  decideSecondaryUse,
  listDecisions,
  type SecondaryUse,
  secondaryUseOf,
} from '../../features/rights/secondary-use.ts';
import { EN, ES } from '../../features/rights/words.ts';
import { patientOfRef } from '../../holdings/patient.ts';
import { Recorder } from '../../journal/recorder.ts';
import type { Op } from '../../ports/op.ts';
import { loadAccess } from '../access.ts';
import { type Command, type CommandArgs, type CommandContext, EXIT, type ExitCode, textOption } from '../command.ts';
import { preferredLanguage } from '../config.ts';
import { openDirectory } from '../directory.ts';
import { openIndex } from '../open-index.ts';
import { openRegistry } from '../registry.ts';
import { whoIsIn } from '../who-is.ts';

const CONNECTIONS_MAX = 3;

export const rightsCommand: Command = {
  name: 'rights',
  usage:
    'accesses PATIENT [--from DAY] [--until DAY] [--language es|en] [--html FILE] | ' +
    'opt-out PATIENT --reason TEXT | opt-in PATIENT --reason TEXT | secondary-use [PATIENT] [--json]',
  summary: `What a patient may ask: who saw its studies, and that they serve nothing but its care.
PATIENT is INSTITUTION/ISSUER/ID as acervo patient show prints it. accesses tells who saw its studies, when, why and
from where, from the journal, in Spanish or English, of the last year unless a period is said; --html writes a report
to print. opt-out and opt-in write down what the patient decided of secondary use (research, statistics, training).
Exit codes: 0 done, 1 it failed.`,
  options: {
    from: { type: 'string' },
    until: { type: 'string' },
    language: { type: 'string' },
    html: { type: 'string' },
    reason: { type: 'string' },
  },
  positionals: [1, 2],
  run: runRights,
};

type Given = { args: CommandArgs; context: CommandContext; ports: Ports; op: Op };
type Verb = { positionals: readonly [number, number]; run(given: Given): Promise<void> };

const VERBS: Readonly<Record<string, Verb>> = {
  accesses: { positionals: [1, 1], run: accesses },
  'opt-out': { positionals: [1, 1], run: (given) => decide(given, 'refused') },
  'opt-in': { positionals: [1, 1], run: (given) => decide(given, 'permitted') },
  'secondary-use': { positionals: [0, 1], run: secondaryUse },
};

async function runRights(args: CommandArgs, context: CommandContext): Promise<ExitCode> {
  const [name = '', ...rest] = args.positionals;
  const verb = VERBS[name];
  if (verb === undefined || rest.length < verb.positionals[0] || rest.length > verb.positionals[1]) {
    throw new Failure('request/invalid', `usage: acervo rights ${rightsCommand.usage}`);
  }
  const { config, log, signal } = context;
  const { database, journalBlobs, close } = await openIndex(config, {
    role: 'rights',
    connectionsMax: CONNECTIONS_MAX,
    log,
  });
  const journal = new Recorder(database, log, config.accessFoldMs);
  try {
    const [{ systems }, directory] = await Promise.all([
      openRegistry(config, database, log),
      openDirectory(database, log),
    ]);
    const op = loadAccess(config, log).ofCommand('rights').openOp(signal);
    const ports = { db: database, journalBlobs, journal, whoIs: whoIsIn(systems, directory) };
    await verb.run({ args: { ...args, positionals: rest }, context, ports, op });
    return EXIT.done;
  } finally {
    await journal.close();
    await close();
  }
}

async function accesses({ args, context, ports, op }: Given): Promise<void> {
  const [ref = ''] = args.positionals;
  const language = textOption(args, 'language') ?? preferredLanguage();
  if (language !== 'es' && language !== 'en') throw new Failure('request/invalid', '--language is es or en');
  const words = language === 'es' ? ES : EN;
  const period = periodOf(textOption(args, 'from'), textOption(args, 'until'), new Date());
  const report = await accessesOf(ports, op, patientOfRef(ref), period);
  const file = textOption(args, 'html');
  // Only whoever runs the command may read what it says of a patient.
  if (file !== undefined) writeFileSync(file, reportHtml(report, words), { mode: 0o600 });
  context.print(reportText(report, words), report);
}

async function decide({ args, context, ports, op }: Given, decision: Decision): Promise<void> {
  const [ref = ''] = args.positionals;
  const reason = textOption(args, 'reason')?.trim() ?? '';
  if (reason === '') throw new Failure('request/invalid', 'say why: --reason TEXT');
  const state = await decideSecondaryUse(ports.db, op, patientOfRef(ref), { decision, reason });
  context.print(stateText(state), state);
}

async function secondaryUse({ args, context, ports, op }: Given): Promise<void> {
  const [ref] = args.positionals;
  if (ref !== undefined) {
    const state = await secondaryUseOf(ports.db, op, patientOfRef(ref));
    return context.print(stateText(state), state);
  }
  const decisions = await listDecisions(ports.db, op);
  if (decisions.length === 0) context.print('Nobody has decided anything.');
  for (const decision of decisions) context.print(decisionText(decision), decision);
}

const stateText = ({ patient, state, decisions }: SecondaryUse): string =>
  [`${patient}: ${state}`, ...decisions.map((each) => `  ${decisionText(each)}`)].join('\n');

const decisionText = ({ patient, state, at }: SecondaryUse['decisions'][number]): string => `${at} ${patient} ${state}`;
