import { setTimeout as pause } from 'node:timers/promises';
import type { ObjectSet } from '../objects/object-set.ts';
import type { Measured, Side } from '../row.ts';
import { checkHeld, type Shelf } from './ask-back.ts';

/** What a server puts off until after the answer counts, too: its CPU is read so long after the load has ended. */
const AFTERWARDS_MS = 1_200;

export type IngestServer = {
  name: string;
  detail: string;
  shelf: Shelf;
  cpuSeconds(): number;
  databaseCpuSeconds(): number;
  resident(): { bytes: number; peakBytes: number };
  databaseBytes(): number;
};

/** What a load was: how long it took and, where the client can tell, each answer's latency. */
export type Load = { seconds: number; latenciesMs?: readonly number[] };

/** One side of a row of ingest. Each round sends the same files under new UIDs, so that no round is a resend. */
export function ingestSide(server: IngestServer, objects: ObjectSet, send: () => Promise<Load>): Side {
  let stamp = 0;
  return {
    name: server.name,
    detail: server.detail,
    round: async (): Promise<Measured> => {
      stamp += 1;
      objects.restamp(stamp);
      const before = server.cpuSeconds();
      const databaseBefore = server.databaseCpuSeconds();
      const { seconds, latenciesMs } = await send();
      await pause(AFTERWARDS_MS);
      const cpuSeconds = server.cpuSeconds() - before;
      const databaseCpuMs = (1000 * (server.databaseCpuSeconds() - databaseBefore)) / objects.files.length;
      const { bytes, peakBytes } = server.resident();
      await checkHeld(server.shelf, objects, server.name);
      const mibPerSecond = objects.bytes / 2 ** 20 / seconds;
      const figures = {
        mibPerSecond,
        databaseCpuMs,
        rssBytes: bytes,
        rssPeakBytes: peakBytes,
        databasePssBytes: server.databaseBytes(),
      };
      const operations = objects.files.length;
      return { operations, seconds, cpuSeconds, ...(latenciesMs !== undefined && { latenciesMs }), figures };
    },
  };
}
