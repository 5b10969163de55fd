import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import { witnessAt } from '../../features/journal/witness-at.ts';
import { EXIT, type ExitCode, textsOption } from '../command.ts';
import { makeMetrics } from '../metrics.ts';
import { readArchiveUrl } from '../setting.ts';
import { openTlsKeys } from '../tls.ts';
import { witnessAtPorts, witnessedArchive } from '../witnessing.ts';
import type { OpenedAudit } from './audit.ts';

/** Fetch, sign and give back: the archives of --at, or those of ACERVO_WITNESS_OF. */
export async function witnessOthers({ args, context, index, sealing }: OpenedAudit): Promise<ExitCode> {
  const { config, log, signal, print } = context;
  const given = textsOption(args, 'at').map(readArchiveUrl);
  const ports = witnessAtPorts(config, openTlsKeys(config, log), { db: index.database, metrics: makeMetrics(), log });
  print(`as ${ports.name}, by the key ${ports.signer.key}`, { name: ports.name, key: ports.signer.key });
  let code: ExitCode = EXIT.done;
  for (const url of given) {
    try {
      const told = await witnessAt(ports, witnessedArchive(config, url), signal);
      const { outcome, number, size } = told;
      if (told.outcome === 'refused') code = EXIT.damaged;
      const why = told.outcome === 'refused' ? `, after ${told.seen}: ${told.refused}` : '';
      print(`${url} ${outcome}: checkpoint ${number} of ${size} events${why}`, { url, ...told });
    } catch (thrown) {
      if (!(thrown instanceof Failure) || given.length === 1) throw thrown;
      print(`${url}: ${toFailure(thrown).detail}`, { url, failed: thrown.code });
      if (code === EXIT.done) code = EXIT.failed;
    }
  }
  await sealing.checkpoint();
  return code;
}
