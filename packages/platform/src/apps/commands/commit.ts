import { Failure } from '@acervo/kernel/failure.ts';
import { askForCommitment, type Begun } from '../../features/commitment/ask.ts';
import { loadAccess } from '../access.ts';
import { type Command, type CommandArgs, type CommandContext, EXIT, type ExitCode, textOption } from '../command.ts';
import { dialOver } from '../dial.ts';
import { openIndex } from '../open-index.ts';
import { associateWith } from '../outgoing.ts';
import { openRegistry } from '../registry.ts';
import { openTlsKeys } from '../tls.ts';

const CONNECTIONS_MAX = 3;
const STUDIES_MAX = 10_000;
const WAIT_SECONDS = 5;
const WAIT_SECONDS_MAX = 3600;

export const commitCommand: Command = {
  name: 'commit',
  usage: 'AE STUDY-UID... [--wait SECONDS] [--json]',
  summary: `Ask another archive to commit to what is held here of some studies (storage commitment, PS3.4 J).
AE is a system with host and port (acervo systems). Its reports are taken by a running server, or here while this
waits, ${WAIT_SECONDS} seconds unless said; acervo commitments tells them.
Exit codes: 0 the archive took every request, 4 it refused some (each is named), 1 it failed.`,
  options: { wait: { type: 'string' } },
  positionals: [2, STUDIES_MAX],
  run: runCommit,
};

async function runCommit(args: CommandArgs, { config, log, signal, print }: CommandContext): Promise<ExitCode> {
  const [aeTitle = '', ...studies] = args.positionals;
  const waitSeconds = Number(textOption(args, 'wait') ?? WAIT_SECONDS);
  if (!(waitSeconds >= 0 && waitSeconds <= WAIT_SECONDS_MAX)) {
    throw new Failure('request/invalid', `--wait takes seconds from 0 to ${WAIT_SECONDS_MAX}`);
  }
  const index = await openIndex(config, { role: 'commit', connectionsMax: CONNECTIONS_MAX, log });
  try {
    const registry = await openRegistry(config, index.database, log);
    const access = loadAccess(config, log, registry.systems);
    const op = access.ofCommand('commit').openOp(signal);
    const ports = { db: index.database, dial: dialOver(associateWith(config, openTlsKeys(config, log)), access, log) };
    let refused = 0;
    const tell = (begun: Begun): void => {
      if (begun.refused !== undefined) refused += 1;
      const outcome = begun.refused === undefined ? 'asked' : `refused (${begun.refused})`;
      print(`${begun.transactionUid}: ${begun.count} instances ${outcome}`, begun);
    };
    await askForCommitment(ports, op, { aeTitle, studies, waitMs: waitSeconds * 1000 }, tell);
    return refused === 0 ? EXIT.done : EXIT.partly;
  } finally {
    await index.close();
  }
}
