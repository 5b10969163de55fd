import type { CommitmentRow } from '../../features/commitment/commitment.repo.ts';
import { listCommitments } from '../../features/commitment/list.ts';
import { countOfFailures } from '../../features/commitment/references.ts';
import { loadAccess } from '../access.ts';
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

const CONNECTIONS_MAX = 2;
const LIMIT = 100;

export const commitmentsCommand: Command = {
  name: 'commitments',
  usage: '[--open] [--system AE] [--limit N] [--json]',
  summary: `Storage commitment: what systems asked of this archive (scp), and what it asked of others (scu).
The newest first, ${LIMIT} unless said. scp: open until its report is delivered (reported) or given up (abandoned).
scu: asked until the other archive reports (answered), refused when it would not. --json also tells, by Failure
Reason, which instances are not committed to.
Exit codes: 0 done, 1 it failed.`,
  options: { open: { type: 'boolean' }, system: { type: 'string' }, limit: { type: 'string' } },
  positionals: [0, 0],
  run: runCommitments,
};

async function runCommitments(args: CommandArgs, { config, log, signal, print }: CommandContext): Promise<ExitCode> {
  const index = await openIndex(config, { role: 'commitments', connectionsMax: CONNECTIONS_MAX, log });
  try {
    const op = loadAccess(config, log).ofCommand('commitments').openOp(signal);
    const rows = await listCommitments(index.database, op, {
      onlyOpen: isGiven(args, 'open'),
      aeTitle: textOption(args, 'system'),
      limit: Number(textOption(args, 'limit') ?? LIMIT),
    });
    for (const row of rows) print(lineOf(row), row);
    return EXIT.done;
  } finally {
    await index.close();
  }
}

function lineOf({
  role,
  aeTitle,
  transactionUid,
  requestedAt,
  state,
  count,
  failures,
  attempts,
  problem,
}: CommitmentRow): string {
  const failed = failures === null ? 0 : countOfFailures(failures);
  const parts = [
    `${requestedAt} ${role} ${aeTitle.padEnd(16)} ${state.padEnd(9)} ${count} instances`,
    ...(failed > 0 ? [`${failed} not committed to`] : []),
    ...(attempts > 0 ? [`${attempts} attempts`] : []),
    ...(problem === null ? [] : [problem]),
    transactionUid,
  ];
  return parts.join(', ');
}
