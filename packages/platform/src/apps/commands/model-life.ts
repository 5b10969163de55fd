import { Failure } from '@acervo/kernel/failure.ts';
import { isFinding, type Verdict } from '@acervo/model/lifecycle/rules.ts';
import type { Ports } from '../../features/governance/refusing.ts';
import { type Place, showHistory, showState } from '../../features/governance/show.ts';
import { rollBack, stopSite, suspend } from '../../features/governance/stopping.ts';
import type { Op } from '../../ports/op.ts';
import { loadAccess } from '../access.ts';
import { openApproverKey } from '../approver-key-file.ts';
import { type CommandArgs, type CommandContext, EXIT, type ExitCode, textOption } from '../command.ts';
import { openDirectory } from '../directory.ts';
import { openIndex } from '../open-index.ts';
import { readPrivateFile } from '../private-file.ts';
import { passphraseOf, signedText } from './approve.ts';
import { required } from './sharing-desk.ts';

const CONNECTIONS_MAX = 2;

export const LIFE_USAGE = `state ID VERSION | history ID VERSION | suspend ID VERSION --reason TEXT [--site CODE] |
       stop SITE --reason TEXT | rollback SITE ID --reason TEXT |
       approve ID VERSION --to STATE --role ROLE [--site CODE] [--percentage N] [--conflict TEXT] --key FILE
       --passphrase-file FILE --server URL --authorization FILE`;
export const LIFE_SUMMARY = `state   where a version stands, for the nation and at sites; what stands against each step.
suspend, stop, rollback: by the owner of the archive's files; nothing of it puts a model to use that was not signed for.
approve signs, on the approver's machine, what the archive proposes, and hands it in by the person's own access token.`;
export const LIFE_OPTIONS = {
  site: { type: 'string' },
  reason: { type: 'string' },
  to: { type: 'string' },
  role: { type: 'string' },
  percentage: { type: 'string' },
  conflict: { type: 'string' },
  'passphrase-file': { type: 'string' },
  server: { type: 'string' },
  authorization: { type: 'string' },
} as const;

type Desk = { ports: Ports; op: Op; args: CommandArgs; words: readonly string[]; print: CommandContext['print'] };

const VERBS: Readonly<Record<string, { words: number; run(desk: Desk): Promise<void> }>> = {
  state: { words: 2, run: tellState },
  history: { words: 2, run: tellHistory },
  suspend: { words: 2, run: suspendOne },
  stop: { words: 1, run: stopOne },
  rollback: { words: 2, run: rollOneBack },
};

export const isOfLife = (verb: string): boolean => verb === 'approve' || Object.hasOwn(VERBS, verb);

/** The verbs of `acervo model` that need an archive. */
export async function runLife(args: CommandArgs, context: CommandContext): Promise<ExitCode> {
  const { config, log, signal, print } = context;
  const [name = '', ...words] = args.positionals;
  if (name === 'approve') return runApproval(args, context);
  const verb = VERBS[name];
  if (verb === undefined || words.length !== verb.words) throw new Failure('request/invalid', LIFE_USAGE);
  const index = await openIndex(config, { role: 'model', connectionsMax: CONNECTIONS_MAX, log });
  try {
    const directory = await openDirectory(index.database, log);
    const op = loadAccess(config, log).ofCommand('model').openOp(signal);
    await verb.run({ ports: { db: index.database, directory, now: () => new Date() }, op, args, words, print });
    return EXIT.done;
  } finally {
    await index.close();
  }
}

const versionOf = ([model = '', version = '']: readonly string[]) => ({ model, version });

async function tellState({ ports, op, words, print }: Desk): Promise<void> {
  const shown = await showState(ports, op, versionOf(words));
  const { model, version, mark, national, sites } = shown;
  const lines = [`${model} ${version}${mark === undefined ? '' : ` [${mark}]`}`];
  for (const place of [national, ...sites]) lines.push(...placeLines(place));
  print(lines.join('\n'), shown);
}

function placeLines({ site, state, percentage, expiresAt, next }: Place): string[] {
  const share = percentage === null ? '' : ` ${percentage} %`;
  return [
    `${site === '*' ? 'nacional' : site}: ${state}${share}${expiresAt === null ? '' : ` until ${expiresAt}`}`,
    ...next.map(({ to, signatures, verdicts }) => {
      const roles = signatures.map((slot) => slot.roles.join('|')).join(', ');
      return `  -> ${to}${roles === '' ? '' : ` signed by ${roles}`}${against(verdicts)}`;
    }),
  ];
}

function against(verdicts: readonly Verdict[]): string {
  const found = verdicts.filter(isFinding).map(({ rule, outcome }) => `${rule} ${outcome}`);
  return found.length === 0 ? '' : `; ${found.join(', ')}`;
}

async function tellHistory({ ports, op, words, print }: Desk): Promise<void> {
  for (const step of await showHistory(ports, op, versionOf(words))) {
    const { at, site, from, to, percentage, cause, actorKind, actor, approvals } = step;
    const share = percentage === null ? '' : ` ${percentage} %`;
    const where = site === '' ? 'nacional' : site;
    print(
      `${at} ${where}: ${from} -> ${to}${share} (${cause}) by ${actorKind} ${actor}, ${approvals.length} signatures`,
      step,
    );
  }
}

async function suspendOne({ ports, op, args, words, print }: Desk): Promise<void> {
  const site = textOption(args, 'site') ?? null;
  const taken = await suspend(ports, op, versionOf(words), { site, reason: required(args, 'reason') });
  print(`suspended ${words.join(' ')} ${site ?? 'for the nation'}`, taken);
}

async function stopOne({ ports, op, args, words: [site = ''], print }: Desk): Promise<void> {
  const taken = await stopSite(ports, op, site, required(args, 'reason'));
  print(`stopped at ${site}: ${taken.length} models`, { site, stopped: taken });
}

async function rollOneBack({ ports, op, args, words: [site = '', model = ''], print }: Desk): Promise<void> {
  const steps = await rollBack(ports, op, site, model, required(args, 'reason'));
  print(steps.map(({ version, to }) => `${model} ${version}: ${to}`).join('\n'), { site, steps });
}

/** Over HTTP, as the person: on the server's own files nobody can sign for anybody. */
async function runApproval(args: CommandArgs, { print, signal }: CommandContext): Promise<ExitCode> {
  const [, model = '', version = ''] = args.positionals;
  const token = readPrivateFile(required(args, 'authorization'), '--authorization').trim();
  const { name, privateKey } = await openApproverKey(required(args, 'key'), passphraseOf(args));
  const path = `/api/models/${encodeURIComponent(model)}/versions/${encodeURIComponent(version)}/approvals`;
  const url = new URL(path, required(args, 'server'));
  const asked = new URLSearchParams({ to: required(args, 'to'), role: required(args, 'role') });
  for (const option of ['site', 'percentage', 'conflict']) {
    const value = textOption(args, option);
    if (value !== undefined) asked.set(option, value);
  }
  const headers = { authorization: `Bearer ${token}` };
  const draft = await answered(await fetch(`${url.href}/draft?${asked}`, { headers, signal }));
  const { document } = draft as { document: string };
  const body = JSON.stringify(await signedText(document, name, privateKey));
  const posted = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body, signal };
  const approved = await answered(await fetch(url, posted));
  print(`signed ${document}`, approved);
  return EXIT.done;
}

async function answered(response: Response): Promise<unknown> {
  const told: unknown = await response.json().catch(() => ({}));
  if (response.ok) return told;
  const { title = '', rules = [] } = told as { title?: string; rules?: string[] };
  throw new Failure('governance/refused', `${response.status} ${title} ${rules.join(', ')}`.trim(), { rules });
}
