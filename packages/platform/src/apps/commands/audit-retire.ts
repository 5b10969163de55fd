import { Failure } from '@acervo/kernel/failure.ts';
import { retire } from '../../features/journal/retire.ts';
import { EXIT, type ExitCode, isGiven, textsOption } from '../command.ts';
import type { OpenedAudit } from './audit.ts';

/** Months that are older than the rule leave the database; the segments have them, and stay. */
export async function retireMonths({ args, context, index, sealing, op }: OpenedAudit): Promise<ExitCode> {
  const { config, print } = context;
  const { journalMonths: months, auditSyslog: receiver } = config;
  if (months === undefined) {
    throw new Failure('config/invalid', 'ACERVO_JOURNAL_MONTHS is not set: events stay in the database for ever');
  }
  const isDryRun = isGiven(args, 'dry-run');
  if (!isDryRun) await sealing.checkpoint();
  const { database, journalBlobs } = index;
  const ports = { db: database, journalBlobs, asOwner: database.asOwner };
  const ignored = textsOption(args, 'ignore-receiver');
  const outcome = await retire(ports, op, { now: new Date(), months, receiver, ignored, isDryRun });
  if (!isDryRun) await sealing.checkpoint();
  const verb = isDryRun ? 'would be retired' : 'retired';
  for (const each of outcome.months) {
    const { month, events, firstSeq, lastSeq } = each;
    print(`${month} ${verb}: ${events} events, numbers ${firstSeq} to ${lastSeq}`, { retired: each, isDryRun });
  }
  const { obstacle, through } = outcome;
  if (obstacle !== undefined) {
    print(`${obstacle.month} stays, and what is later: ${obstacle.code}: ${obstacle.detail}`, { obstacle });
    return EXIT.partly;
  }
  if (outcome.months.length === 0) print(`nothing to retire: no month up to ${through} is left`, { through });
  return EXIT.done;
}
