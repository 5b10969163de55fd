import { readTerms } from '@acervo/dicom/charset/decode.ts';
import { charsetOf } from '@acervo/dicom/charset/terms.ts';
import type { DataSet } from '@acervo/dicom/data-set/model.ts';
import { toDicomJson } from '@acervo/dicom/json/to-json.ts';
import { T } from '@acervo/dicom/tags.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { Association } from '../../bindings/dimse-scu.ts';
import { type FindEnd, identifierContext, PATIENT_ROOT_FIND, STUDY_ROOT_FIND } from '../../bindings/find-scu.ts';
import { charsetText, linesOf } from '../../features/query/answer-text.ts';
import { keysOf } from '../../features/query/asked-keys.ts';
import {
  FIND_LEVELS,
  type FindLevel,
  type FindOptions,
  findModel,
  findOptions,
  optionBytes,
} from '../../features/query/find-models.ts';
import { askedIdentifier, askFind, type FindAnswer } from '../../features/query/query.scu.ts';
import type { Address } from '../../ports/systems.ts';
import {
  type Command,
  type CommandArgs,
  type CommandContext,
  EXIT,
  type ExitCode,
  isGiven,
  textOption,
} from '../command.ts';
import { openIndex } from '../open-index.ts';
import { associateWith } from '../outgoing.ts';
import { openRegistry } from '../registry.ts';
import { directSystem, remoteSystem } from '../remote-system.ts';
import { openTlsKeys } from '../tls.ts';

const CONNECTIONS_MAX = 2;
const KEYS_MAX = 256;
const LIMIT_MAX = 1_000_000;

export const queryCommand: Command = {
  name: 'query',
  usage: `AE@HOST:PORT | AE  [NAME=VALUE | NAME]... [--level STUDY] [--patient-root] [--relational] [--fuzzy]
       [--limit N] [--charset TERM] [--answers TERM] [--calling AE] [--explain] [--json]`,
  summary: `Ask another archive what it has (C-FIND). An AE title alone is looked up in the registry (acervo systems).
NAME=VALUE is matched: * and ? stand for letters, - for a range of dates, backslashes part values; NAME alone is
returned. Names are keywords or tags, those in a sequence behind a dot.
--level PATIENT, STUDY, SERIES or IMAGE; --relational and --fuzzy have to be agreed on by the other side.
--charset: ask in this Specific Character Set; --answers: read answers so that declare none, or a wrong one.
--limit ends the search after N matches; --explain tells what is sent, what was agreed on and how answers were read.
Exit codes: 0 all matches were answered, 4 only some, 1 it failed, 2 the command line was not understood.`,
  options: {
    level: { type: 'string' },
    'patient-root': { type: 'boolean' },
    relational: { type: 'boolean' },
    fuzzy: { type: 'boolean' },
    limit: { type: 'string' },
    charset: { type: 'string' },
    answers: { type: 'string' },
    calling: { type: 'string' },
    explain: { type: 'boolean' },
  },
  positionals: [1, KEYS_MAX],
  run: runQuery,
};

/** Whom to ask, and how its answers are to be read where they do not say. */
type Asked = { address: Address; charset: string };

async function runQuery(args: CommandArgs, context: CommandContext): Promise<ExitCode> {
  const [target = '', ...words] = args.positionals;
  const level = levelOf(textOption(args, 'level') ?? 'STUDY');
  const limit = limitOf(textOption(args, 'limit'));
  const identifier = askedIdentifier({ level, keys: keysOf(words), charset: textOption(args, 'charset') });
  const asked = await askedOf(target, context);
  const charset = textOption(args, 'answers') ?? asked.charset;
  const association = await associate(args, context, asked.address, level);
  try {
    const teller = tellerOf(args, context);
    teller.agreed(association, asked.address, identifier);
    return await ask(association, identifier, { charset, limit }, teller);
  } finally {
    // It may have gone already: then there is nothing to release.
    await association.release().catch(() => association.abort());
  }
}

async function ask(
  association: Association,
  identifier: DataSet,
  { charset, limit }: { charset: string; limit: number },
  teller: ReturnType<typeof tellerOf>,
): Promise<ExitCode> {
  const [context] = association.contexts;
  if (context === undefined) throw new Failure('dimse/no-context', 'the other side does not answer this kind of query');
  let matches = 0;
  const answers = askFind(association, context, identifier, charset);
  for (;;) {
    const next = await answers.next();
    if (next.done === true) {
      teller.ended(next.value, matches);
      if (next.value.status === 0) return EXIT.done;
      return matches > 0 ? EXIT.partly : EXIT.failed;
    }
    // One more than wanted has come: so it is known that there are more.
    if (matches === limit) {
      await answers.return({ status: CANCELLED, errorComment: undefined, offendingElement: [] });
      teller.ended(
        { status: CANCELLED, errorComment: `ended after ${limit} by --limit`, offendingElement: [] },
        matches,
      );
      return EXIT.partly;
    }
    matches += 1;
    teller.match(next.value, matches);
  }
}

const CANCELLED = 0xfe00;

function levelOf(text: string): FindLevel {
  const level = FIND_LEVELS.find((each) => each === text.toUpperCase());
  if (level === undefined) throw new Failure('request/invalid', `--level takes one of ${FIND_LEVELS.join(', ')}`);
  return level;
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return LIMIT_MAX;
  const limit = Number(text);
  if (!/^\d+$/.test(text) || limit < 1 || limit > LIMIT_MAX) {
    throw new Failure('request/invalid', `--limit takes a number from 1 to ${LIMIT_MAX}`);
  }
  return limit;
}

/** The registry is looked into only where an AE title stands alone: an archive need not be here to ask another. */
async function askedOf(target: string, { config, log }: CommandContext): Promise<Asked> {
  const direct = directSystem(target);
  if (direct !== undefined) return { address: direct, charset: config.charsetDefault };
  const index = await openIndex(config, { role: 'query', connectionsMax: CONNECTIONS_MAX, log });
  try {
    const { systems } = await openRegistry(config, index.database, log);
    const address = remoteSystem(systems, target);
    return { address, charset: systems.byAeTitle(address.aeTitle)?.charset ?? config.charsetDefault };
  } finally {
    await index.close();
  }
}

function associate(args: CommandArgs, context: CommandContext, to: Address, level: FindLevel): Promise<Association> {
  const { config, log, signal } = context;
  const isPatientRoot = isGiven(args, 'patient-root') || level === 'PATIENT';
  const abstractSyntax = isPatientRoot ? PATIENT_ROOT_FIND : STUDY_ROOT_FIND;
  const options: Partial<FindOptions> = {
    relational: isGiven(args, 'relational'),
    fuzzyMatching: isGiven(args, 'fuzzy'),
  };
  const isExtended = Object.values(options).includes(true);
  const aeTitle = textOption(args, 'calling') ?? config.aeTitle;
  const ask = associateWith({ ...config, aeTitle }, to.tls ? openTlsKeys(config, log) : undefined);
  return ask(to, {
    contexts: [identifierContext(abstractSyntax)],
    ...(isExtended && {
      extendedNegotiations: [{ sopClassUid: abstractSyntax, serviceClassApplicationInformation: optionBytes(options) }],
    }),
    signal,
  });
}

/** What is told of a search, to people or programs. */
function tellerOf(args: CommandArgs, { print }: CommandContext) {
  const isExplained = isGiven(args, 'explain');
  return {
    agreed: (association: Association, { aeTitle, host, port }: Address, identifier: DataSet): void => {
      if (!isExplained) return;
      const [context] = association.contexts;
      const agreed = findOptions(association.extendedNegotiations[0]?.serviceClassApplicationInformation);
      const terms = readTerms(identifier.elements.get(T.SpecificCharacterSet)?.value);
      const sent = toDicomJson(identifier, { charset: charsetOf(terms), inlineBytesMax: 0 });
      const model = context && (findModel(context.abstractSyntax)?.name ?? context.abstractSyntax);
      const options = Object.entries(agreed).filter(([, isAgreed]) => isAgreed);
      print(
        [
          `called ${aeTitle} at ${host}:${port}`,
          context === undefined ? 'it accepts no such query' : `${model} in ${context.transferSyntax}`,
          `agreed on: ${options.map(([name]) => name).join(', ') || 'nothing beyond the baseline'}`,
          `sent in ${terms.join('\\') || 'the default repertoire'}:`,
          ...linesOf(sent, '  '),
          '',
        ].join('\n'),
        { called: { aeTitle, host, port }, context, agreed, sent },
      );
    },
    match: (answer: FindAnswer, number: number): void => {
      const { json, isPartly, declared, chosen } = answer;
      const why = isExplained ? [`  (${charsetText(answer)}${isPartly ? '; not every key was supported' : ''})`] : [];
      const explained = isExplained && { isPartly, declared, readAs: chosen.charset.terms, mark: chosen.mark };
      print([`${number}.`, ...linesOf(json, '  '), ...why].join('\n'), { match: json, ...explained });
    },
    ended: ({ status, errorComment, offendingElement }: FindEnd, matches: number): void => {
      const code = status.toString(16).toUpperCase().padStart(4, '0');
      const because = errorComment === undefined ? '' : `: ${errorComment}`;
      print(`${matches} matches, status 0x${code}${because}`, {
        matches,
        status: code,
        errorComment,
        offendingElement,
      });
    },
  };
}
