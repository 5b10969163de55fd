import { Failure } from '@acervo/kernel/failure.ts';
import type { DirectoryView } from '../../features/directory/view.ts';
import { addClient, allClients, removeClient } from '../../features/login/clients.ts';
import { issueEnrolment, issueFirstEnrolment } from '../../features/login/enrolment.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';
import { loadAccess } from '../access.ts';
import {
  type Command,
  type CommandArgs,
  type CommandContext,
  EXIT,
  type ExitCode,
  isGiven,
  textOption,
  textsOption,
} from '../command.ts';
import type { Config } from '../config.ts';
import { openDirectory } from '../directory.ts';
import { enrolmentUrl } from '../login.ts';
import { openIndex } from '../open-index.ts';
import { publicUrlOf } from '../public-url.ts';

const CONNECTIONS_MAX = 2;

export const loginCommand: Command = {
  name: 'login',
  usage: `enrol PERSON | enrol --administrator | clients list | clients add NAME --system AE |
       clients add NAME --redirect URI... [--institution CODE] | clients remove NAME [--json]`,
  summary: `How people and programs log in.
enrol prints a link that counts once, for 24 hours: who has it sets a password and a second factor. PERSON is an id or a
login of the directory; what it had before counts no more once the link is used. --administrator is for an archive that
nobody administers yet. clients are programs that get access tokens at /oidc/token: systems by a secret, which add
prints once (client credentials); what they may is said by the registry under their AE title. Or apps of people, which
come back to --redirect and have no secret (code with PKCE).
Exit codes: 0 done, 1 it failed and nothing was changed, 2 the command line was not understood.`,
  options: {
    administrator: { type: 'boolean' },
    institution: { type: 'string' },
    system: { type: 'string' },
    redirect: { type: 'string', multiple: true },
  },
  positionals: [1, 3],
  run: runLogin,
};

type Desk = {
  db: Db;
  op: Op;
  directory: DirectoryView;
  config: Config;
  args: CommandArgs;
  print: CommandContext['print'];
};

const VERBS: Readonly<Record<string, (desk: Desk) => Promise<void>>> = {
  enrol,
  'clients list': list,
  'clients add': add,
  'clients remove': remove,
};

async function runLogin(args: CommandArgs, { config, log, signal, print }: CommandContext): Promise<ExitCode> {
  const [first = '', second = ''] = args.positionals;
  const verb = VERBS[first] ?? VERBS[`${first} ${second}`];
  if (verb === undefined) {
    print(`usage: acervo login ${loginCommand.usage}`, { usage: loginCommand.usage });
    return EXIT.usage;
  }
  const index = await openIndex(config, { role: 'login', connectionsMax: CONNECTIONS_MAX, log });
  try {
    const directory = await openDirectory(index.database, log);
    const op = loadAccess(config, log).ofCommand('login').openOp(signal);
    await verb({ db: index.database, op, directory, config, args, print });
    return EXIT.done;
  } finally {
    await index.close();
  }
}

async function enrol({ db, op, directory, config, args, print }: Desk): Promise<void> {
  const { httpPort, httpsPort, tlsCertFile } = config;
  const publicUrl = publicUrlOf(config, { httpPort, httpsPort: tlsCertFile === undefined ? undefined : httpsPort });
  if (isGiven(args, 'administrator')) {
    const url = enrolmentUrl(publicUrl, await issueFirstEnrolment(db, op));
    print(`first administrator, for 24 hours: ${url}`, { administratorEnrolment: url });
    return;
  }
  const who = args.positionals[1] ?? '';
  const person = directory.person(who) ?? directory.personByLogin(who);
  if (person === undefined) throw new Failure('request/not-found', `${who} is no person of the directory`);
  const url = enrolmentUrl(publicUrl, await issueEnrolment(db, op, person.id));
  print(`${person.login}, for 24 hours: ${url}`, { person: person.id, enrolment: url });
}

async function list({ db, print }: Desk): Promise<void> {
  for (const { id, kind, institution, system, redirectUris } of await allClients(db)) {
    const more = kind === 'system' ? `acts as ${system}` : redirectUris.join(' ');
    print(`${id.padEnd(24)} ${kind.padEnd(8)} ${institution.padEnd(12)} ${more}`, {
      id,
      kind,
      institution,
      system,
      redirectUris,
    });
  }
}

async function add({ db, op, config, args, print }: Desk): Promise<void> {
  const id = nameOf(args);
  const secret = await addClient(db, op, {
    id,
    institution: textOption(args, 'institution') ?? config.institution,
    system: textOption(args, 'system') ?? '',
    redirectUris: textsOption(args, 'redirect'),
  });
  if (secret === undefined) print(`added ${id}: an app, without a secret`, { added: id });
  else print(`added ${id}; its secret, shown once: ${secret}`, { added: id, secret });
}

async function remove({ db, op, args, print }: Desk): Promise<void> {
  const id = nameOf(args);
  await removeClient(db, op, id);
  print(`removed ${id}; its tokens count no more`, { removed: id });
}

function nameOf({ positionals }: CommandArgs): string {
  const name = positionals[2];
  if (name === undefined) throw new Failure('request/invalid', 'a client has a name');
  return name;
}
