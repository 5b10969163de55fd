import { Failure } from '@acervo/kernel/failure.ts';
import { linkTo } from '../../adapters/net/link.ts';
import { diagnose, type Finding, type Patient } from '../../features/doctor/diagnose.ts';
import { inWords, LABELS, LANGUAGES, type Language, tally } from '../../features/doctor/words.ts';
import type { System } from '../../ports/systems.ts';
import {
  type Command,
  type CommandArgs,
  type CommandContext,
  EXIT,
  type ExitCode,
  isGiven,
  textOption,
} from '../command.ts';
import { preferredLanguage } from '../config.ts';
import { openIndex } from '../open-index.ts';
import { openRegistry } from '../registry.ts';
import { openTlsKeys } from '../tls.ts';

const CONNECTIONS_MAX = 2;
const TIMEOUT_MS = 10_000;
const TIMEOUT_SECONDS_MAX = 600;
const OUTCOME_CHARS = 8;
const STEP_CHARS = 11;

export const doctorCommand: Command = {
  name: 'doctor',
  usage: 'AE [--host HOST --port PORT] [--tls] [--calling AE] [--timeout SECONDS] [--lang es|en] [--json]',
  summary: `Diagnose the way to a system: connection, TLS, association, services, C-ECHO, a query, character set.
Each finding says what was seen and, where it is not good, why and what to do, in Spanish or English (--lang, else the
language of the terminal). The system is looked up in the registry; with --host and --port none is needed.
Exit codes: 0 all is well, 4 it works with warnings, 3 it does not work, 1 it could not be tried.`,
  options: {
    host: { type: 'string' },
    port: { type: 'string' },
    tls: { type: 'boolean' },
    calling: { type: 'string' },
    timeout: { type: 'string' },
    lang: { type: 'string' },
  },
  positionals: [1, 1],
  run: runDoctor,
};

async function runDoctor(args: CommandArgs, context: CommandContext): Promise<ExitCode> {
  const { config, log, signal, print } = context;
  const language = languageOf(textOption(args, 'lang'));
  const patient = await patientOf(args, context);
  const timeoutMs = (numberOption(args, 'timeout', TIMEOUT_SECONDS_MAX) ?? TIMEOUT_MS / 1000) * 1000;
  const link = linkTo({
    ...patient,
    calledAet: patient.aeTitle,
    callingAet: textOption(args, 'calling') ?? config.aeTitle,
    keys: patient.tls ? openTlsKeys(config, log) : undefined,
    timeoutMs,
    signal,
  });
  const findings: Finding[] = [];
  await diagnose(patient, link, (finding) => {
    findings.push(finding);
    const words = inWords(finding, language);
    print(lineOf(words, language), { ...finding, ...words, outcome: finding.outcome, step: finding.step });
  });
  const count = (outcome: Finding['outcome']): number => findings.filter((each) => each.outcome === outcome).length;
  const counts = { bad: count('bad'), warning: count('warning'), good: count('good') };
  print(tally(language, counts), { summary: { aeTitle: patient.aeTitle, ...counts } });
  if (counts.bad > 0) return EXIT.damaged;
  return counts.warning > 0 ? EXIT.partly : EXIT.done;
}

function lineOf({ step, outcome, text, cause, action }: ReturnType<typeof inWords>, language: Language): string {
  const indent = ' '.repeat(OUTCOME_CHARS + STEP_CHARS + 2);
  const { cause: why, action: what } = LABELS[language];
  const more = [
    ...(cause === '' ? [] : [`${indent}${why}: ${cause}`]),
    ...(action === '' ? [] : [`${indent}${what}: ${action}`]),
  ];
  return [`${outcome.padEnd(OUTCOME_CHARS)} ${step.padEnd(STEP_CHARS)} ${text}`, ...more].join('\n');
}

type Reached = Patient & Pick<System, 'certificates'>;

/** From the command line where it says it, else from the registry. */
async function patientOf(args: CommandArgs, context: CommandContext): Promise<Reached> {
  const aeTitle = args.positionals[0] ?? '';
  const host = textOption(args, 'host');
  const port = numberOption(args, 'port', 65_535);
  const isWhole = host !== undefined && port !== undefined;
  const known = isWhole ? undefined : await lookUp(aeTitle, context);
  const at = { host: host ?? known?.host, port: port ?? known?.port };
  if (at.host === undefined || at.port === undefined) {
    const why = known === undefined ? 'is not in the registry' : 'has no host and port in the registry';
    throw new Failure('request/invalid', `${aeTitle} ${why}: give --host and --port`);
  }
  return {
    aeTitle,
    host: at.host,
    port: at.port,
    tls: isGiven(args, 'tls') || known?.tls === true,
    isMoveDestination: known?.isMoveDestination === true,
    charset: known?.charset,
    certificates: known?.certificates ?? [],
  };
}

async function lookUp(aeTitle: string, { config, log }: CommandContext): Promise<System | undefined> {
  const index = await openIndex(config, { role: 'doctor', connectionsMax: CONNECTIONS_MAX, log });
  try {
    return (await openRegistry(config, index.database, log)).systems.byAeTitle(aeTitle);
  } finally {
    await index.close();
  }
}

function numberOption(args: CommandArgs, name: string, max: number): number | undefined {
  const told = textOption(args, name);
  if (told === undefined) return undefined;
  const value = Number(told);
  if (!/^\d{1,5}$/.test(told) || value < 1 || value > max) {
    throw new Failure('request/invalid', `--${name} takes a number from 1 to ${max}`);
  }
  return value;
}

function languageOf(told: string | undefined): Language {
  if (told === undefined) return preferredLanguage();
  const known = LANGUAGES.find((language) => language === told);
  if (known === undefined) throw new Failure('request/invalid', `--lang takes ${LANGUAGES.join(' or ')}`);
  return known;
}
