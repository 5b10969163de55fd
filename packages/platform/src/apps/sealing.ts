import { join } from 'node:path';
import { toFailure } from '@acervo/kernel/failure.ts';
import { journalKeyFiles } from '../adapters/fs/journal-keys.ts';
import { announceSealed } from '../holdings/announce-sealed.ts';
import { Checkpointer } from '../journal/checkpointer.ts';
import { Sealer } from '../journal/sealer.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { JournalKeyFiles } from '../ports/journal-keys.ts';
import type { Log } from '../ports/log.ts';
import type { Db } from '../ports/sql.ts';
import type { Config } from './config.ts';

/** What numbers, chains and signs the journal. */
export type Sealing = {
  sealer: Sealer;
  keys: JournalKeyFiles;
  /** Number and sign everything that is committed now. @throws {Failure} as `Checkpointer.checkpoint` does */
  checkpoint(): Promise<void>;
  /** The same; a failure is logged. */
  attempt(): Promise<void>;
  /** Beside the doors, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>[];
  /** The same for the last time. */
  close(): Promise<void>;
};

type Sealed = { config: Config; db: Db; journalBlobs: BlobStore; node: string; log: Log };

/** @throws {Failure} config/invalid for a key that cannot be read: said now, not when the first checkpoint is due */
export function openSealing({ config, db, journalBlobs, node, log }: Sealed): Sealing {
  const keys = journalKeyFiles(join(config.dataDir, 'keys'), config.journalKeyFile);
  keys.signers();
  const sealer = new Sealer(db, journalBlobs, log);
  const checkpointer = new Checkpointer({ db, blobs: journalBlobs, keys, log }, node);
  const tellAndSeal = async (): Promise<void> => {
    await announceSealed(db);
    await sealer.sealAll();
  };
  return {
    sealer,
    keys,
    checkpoint: async () => {
      await tellAndSeal();
      await checkpointer.checkpoint();
    },
    attempt: () => checkpointer.attempt(tellAndSeal),
    run: (signal) => [
      sealer.run(config.sealIntervalMs, signal),
      checkpointer.run(config.checkpointS * 1000, signal, tellAndSeal),
    ],
    close: async () => {
      try {
        await sealer.sealAll();
        await checkpointer.attempt(tellAndSeal);
      } catch (thrown) {
        // A database that is away is not waited for twice.
        log.warn('journal.unsealed', { code: toFailure(thrown).code, detail: toFailure(thrown).detail });
      }
      await checkpointer.close();
      await sealer.close();
    },
  };
}
