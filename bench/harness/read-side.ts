import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Measured, Side } from '../row.ts';
import { runWrk, type WrkRun } from './wrk.ts';

/** What is asked of a server, over and over. */
export type Asked = {
  paths: readonly string[];
  headers: Readonly<Record<string, string>>;
  threads: number;
  connections: number;
  seconds: number;
};

export type ReadServer = {
  name: string;
  detail: string;
  /** More than one: processes of one archive, which share the connections. */
  urls: readonly string[];
  asked: Asked;
  cpuSeconds(): number;
  resident?(): { bytes: number; peakBytes: number };
  /** Fetch a sample in the same way and compare it with what was sent. @throws where it differs */
  check(): Promise<void>;
};

const BYTES_PER_MIB = 2 ** 20;

/** One side of a row of reading: wrk for some seconds, then a sample is looked at. */
export function readSide(server: ReadServer, scratch: string): Side {
  const { name, detail, urls, asked } = server;
  const share = (of: number): number => Math.max(1, of / urls.length);
  return {
    name,
    detail,
    round: async (): Promise<Measured> => {
      const before = server.cpuSeconds();
      const runs = await Promise.all(
        urls.map((url, index) => {
          const folder = join(scratch, `wrk-${name}-${index}`);
          mkdirSync(folder, { recursive: true });
          const { threads, connections } = asked;
          return runWrk({ ...asked, url, threads: share(threads), connections: share(connections), scratch: folder });
        }),
      );
      const cpuSeconds = server.cpuSeconds() - before;
      await server.check();
      return { ...measuredOf(runs), cpuSeconds, ...figuresOf(runs, server) };
    },
  };
}

/** Of loads that ran side by side. */
function measuredOf(runs: readonly WrkRun[]): { operations: number; seconds: number } {
  const operations = runs.reduce((sum, { requests }) => sum + requests, 0);
  const rate = runs.reduce((sum, { requests, seconds }) => sum + requests / seconds, 0);
  return { operations, seconds: operations / rate };
}

function figuresOf(runs: readonly WrkRun[], { resident }: ReadServer): Pick<Measured, 'figures'> {
  const { operations, seconds } = measuredOf(runs);
  const mean = (of: (run: WrkRun) => number): number =>
    runs.reduce((sum, run) => sum + of(run) * run.requests, 0) / operations;
  const memory = resident?.();
  return {
    figures: {
      p50Ms: mean(({ p50Ms }) => p50Ms),
      p99Ms: mean(({ p99Ms }) => p99Ms),
      mibPerSecond: runs.reduce((sum, { bytes }) => sum + bytes, 0) / seconds / BYTES_PER_MIB,
      ...(memory !== undefined && { rssBytes: memory.bytes, rssPeakBytes: memory.peakBytes }),
    },
  };
}
