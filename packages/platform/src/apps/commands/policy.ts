import { isValidUid } from '@acervo/dicom/uid.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { LANGUAGES, type Language } from '../../features/doctor/words.ts';
import { findStudies } from '../../holdings/find.repo.ts';
import { studyFacts } from '../../holdings/study-facts.repo.ts';
import { type Context, type Decision, type Principal, STUDY_ACTIONS, type StudyClass } from '../../ports/policy.ts';
import { loadAccess, policyOf } from '../access.ts';
import { type Command, type CommandArgs, type CommandContext, EXIT, type ExitCode, textOption } from '../command.ts';
import { preferredLanguage } from '../config.ts';
import { openDirectory } from '../directory.ts';
import { openIndex } from '../open-index.ts';
import { openRegistry } from '../registry.ts';
import { openTrust } from '../trust.ts';
import { required } from './sharing-desk.ts';

const CONNECTIONS_MAX = 2;

export const policyCommand: Command = {
  name: 'policy',
  usage: `show | explain --as WHO --study UID [--action query|read|export|commit] [--institution CODE]
       [--purpose TREATMENT] [--at CODE] [--lang es|en] [--json]`,
  summary: `The policies by which the archive decides who may see what.
show prints them, and the SHA-256 that is their version. explain says how one would be decided about one study, by which
policies, and from what: WHO is an AE title, the name of a token, or a person by login or id, taken to have shown a
second factor; --at is the institution that a person acts for. Where several institutions hold the study, each is told.
Exit codes: 0 done, 1 it failed, 2 the command line was not understood.`,
  options: {
    as: { type: 'string' },
    study: { type: 'string' },
    action: { type: 'string' },
    institution: { type: 'string' },
    purpose: { type: 'string' },
    at: { type: 'string' },
    lang: { type: 'string' },
  },
  positionals: [1, 1],
  run: (args, context) => (args.positionals[0] === 'explain' ? explain(args, context) : show(args, context)),
};

function show({ positionals: [verb] }: CommandArgs, { config, print }: CommandContext): Promise<ExitCode> {
  if (verb !== 'show') {
    print(`usage: acervo policy ${policyCommand.usage}`, { usage: policyCommand.usage });
    return Promise.resolve(EXIT.usage);
  }
  const { digest, text } = policyOf(config);
  print(`${text}\n// SHA-256 ${digest}`, { digest, text });
  return Promise.resolve(EXIT.done);
}

async function explain(args: CommandArgs, context: CommandContext): Promise<ExitCode> {
  const { config, log, print } = context;
  const studyUid = required(args, 'study');
  if (!isValidUid(studyUid)) throw new Failure('request/invalid', '--study: no UID (PS3.5 9.1)');
  const asked = textOption(args, 'action') ?? 'read';
  const action = STUDY_ACTIONS.find((known) => known === asked);
  if (action === undefined) throw new Failure('request/invalid', `--action takes ${STUDY_ACTIONS.join(', ')}`);
  const language = languageOf(textOption(args, 'lang'));
  const index = await openIndex(config, { role: 'policy', connectionsMax: CONNECTIONS_MAX, log });
  try {
    const sql = index.database;
    const trust = await openTrust(config, sql, log);
    const access = loadAccess(config, log, (await openRegistry(config, sql, log)).systems, trust.authorities);
    const as = { purpose: textOption(args, 'purpose') ?? '', institution: textOption(args, 'at') ?? '' };
    const standpoint = access.standpointOf(required(args, 'as'), await openDirectory(sql, log), as);
    const only = textOption(args, 'institution');
    const holders = (await findStudies(sql, studyUid)).map(({ institution }) => institution);
    const studies = await studyFacts(sql, [studyUid], only === undefined ? holders : [only]);
    if (studies.length === 0) throw new Failure('retrieve/not-found', 'no institution holds this study');
    const { digest } = trust.authorities().decisions.policy;
    for (const study of studies) {
      const { decision, facts } = trust.authorities().of(standpoint).judge(action, study);
      const told: Told = {
        action,
        decision,
        facts,
        digest,
        principal: standpoint.principal,
        context: standpoint.context,
      };
      print(wordsOf(told, language).join('\n'), told);
    }
    return EXIT.done;
  } finally {
    await index.close();
  }
}

type Told = {
  action: string;
  decision: Decision;
  facts: StudyClass;
  digest: string;
  principal: Principal;
  context: Context;
};

type Words = Readonly<Record<'yes' | 'no' | 'by' | 'nothing' | 'who' | 'for' | 'study' | 'policy', string>>;

const WORDS: Readonly<Record<Language, Words>> = {
  es: {
    yes: 'PERMITIDO',
    no: 'NEGADO',
    by: 'Deciden las políticas',
    nothing: 'Ninguna política lo permite.',
    who: 'Quién',
    for: 'Propósito de uso',
    study: 'Estudio',
    policy: 'Políticas, SHA-256',
  },
  en: {
    yes: 'PERMITTED',
    no: 'DENIED',
    by: 'Decided by the policies',
    nothing: 'No policy permits it.',
    who: 'Who',
    for: 'Purpose of use',
    study: 'Study',
    policy: 'Policies, SHA-256',
  },
};

function wordsOf({ action, decision, facts, digest, principal, context }: Told, language: Language): string[] {
  const words = WORDS[language];
  const { kind, id, institution, roles, may, strength } = principal;
  const isSaid = (value: unknown): boolean => (Array.isArray(value) ? value.length > 0 : value !== false);
  const said = Object.entries(facts).filter(([, value]) => isSaid(value));
  return [
    `${decision.isPermitted ? words.yes : words.no}: ${action}`,
    decision.policies.length === 0 ? words.nothing : `${words.by}: ${decision.policies.join(', ')}`,
    `${words.who}: ${kind} ${id}, ${institution}, ${[...roles, ...may].join(' ')} (${strength})`,
    `${words.for}: ${context.purpose}`,
    `${words.study}: ${said.map(([name, value]) => (value === true ? name : `${name}=${String(value)}`)).join(' ')}`,
    `${words.policy}: ${digest}`,
  ];
}

function languageOf(told: string | undefined): Language {
  if (told === undefined) return preferredLanguage();
  const known = LANGUAGES.find((language) => language === told);
  if (known === undefined) throw new Failure('request/invalid', `--lang takes ${LANGUAGES.join(' or ')}`);
  return known;
}
