import { setTimeout as pause } from 'node:timers/promises';
import type { ObjectSet } from '../data/objects.ts';
import type { Measured, Side } from '../row.ts';
import { checkHeld, type Shelf } from './ask-back.ts';

/** What a server puts off until after the answer counts, too: its CPU is read so long after the load has ended. */
const AFTERWARDS_MS = 1_200;

export type IngestServer = {
  name: string;
  detail: string;
  shelf: Shelf;
  cpuSeconds(): number;
  resident(): { bytes: number; peakBytes: number };
  databaseBytes(): number;
};

/**
 * One side of a row of ingest. Each round sends the same files under new UIDs, so that no round is a resend.
 * @param send the load @returns seconds that it took
 */
export function ingestSide(server: IngestServer, objects: ObjectSet, send: () => Promise<number>): Side {
  let stamp = 0;
  return {
    name: server.name,
    detail: server.detail,
    round: async (): Promise<Measured> => {
      stamp += 1;
      objects.restamp(stamp);
      const before = server.cpuSeconds();
      const seconds = await send();
      await pause(AFTERWARDS_MS);
      const cpuSeconds = server.cpuSeconds() - before;
      const { bytes, peakBytes } = server.resident();
      await checkHeld(server.shelf, objects, server.name);
      const mibPerSecond = objects.bytes / 2 ** 20 / seconds;
      const figures = {
        mibPerSecond,
        rssBytes: bytes,
        rssPeakBytes: peakBytes,
        databasePssBytes: server.databaseBytes(),
      };
      return { operations: objects.files.length, seconds, cpuSeconds, figures };
    },
  };
}

export const INGEST_CHECKS =
  'each round, each study: as many instances as were sent; three files fetched and compared with those sent, ' +
  'element by element and pixel by pixel';
