import { type Summary, slopeOf, summaryOf } from './statistics.ts';

export type SoakSample = { minutes: number; rssBytes: number; databaseBytes: number; openFiles: number };

export type SoakCounts = { stored: number; searched: number; retrieved: number };

export type SoakResult = {
  minutes: number;
  counts: SoakCounts;
  /** After the warm-up. */
  rssBytes: Summary;
  databasePssBytes: Summary;
  openFiles: Summary;
  /** Of the straight line through the samples after the warm-up. */
  rssBytesPerHour: number;
  openFilesPerHour: number;
  isFlat: boolean;
};

/** Caches fill, the heap finds its size: of the first third nothing is concluded. */
const WARM_UP_SHARE = 1 / 3;
/** A line through noise is never quite level: so much over the time that was looked at is none. */
const GROWTH_SHARE_MAX = 0.1;
const GROWTH_BYTES_MIN = 16 * 2 ** 20;
const GROWTH_FILES_MAX = 4;
const MINUTES_PER_HOUR = 60;

/** Memory and descriptors are flat when the line through what came after the warm-up is. */
export function judgedSoak(minutes: number, samples: readonly SoakSample[], counts: SoakCounts): SoakResult {
  const after = samples.filter((sample) => sample.minutes >= minutes * WARM_UP_SHARE);
  const summary = (of: (sample: SoakSample) => number): Summary => summaryOf(after.map(of));
  const perMinute = (of: (sample: SoakSample) => number): number =>
    slopeOf(after.map((sample) => [sample.minutes, of(sample)] as const));
  const looked = minutes * (1 - WARM_UP_SHARE);
  const rss = perMinute(({ rssBytes }) => rssBytes);
  const files = perMinute(({ openFiles }) => openFiles);
  const rssBytes = summary((sample) => sample.rssBytes);
  const growthMax = Math.max(GROWTH_BYTES_MIN, GROWTH_SHARE_MAX * rssBytes.median);
  return {
    minutes,
    counts,
    rssBytes,
    databasePssBytes: summary(({ databaseBytes }) => databaseBytes),
    openFiles: summary(({ openFiles }) => openFiles),
    rssBytesPerHour: rss * MINUTES_PER_HOUR,
    openFilesPerHour: files * MINUTES_PER_HOUR,
    isFlat: rss * looked <= growthMax && files * looked <= GROWTH_FILES_MAX,
  };
}

export function soakText(result: SoakResult): string {
  const { minutes, counts, rssBytes, databasePssBytes, openFiles, rssBytesPerHour, openFilesPerHour, isFlat } = result;
  const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
  const range = ({ min, median, max }: Summary, show: (value: number) => string): string =>
    `${show(median)} (${show(min)} to ${show(max)})`;
  return [
    `${isFlat ? 'Flat' : 'GROWS'} over ${minutes} minutes: ${counts.stored} instances stored, ` +
      `${counts.searched} searches, ${counts.retrieved} retrievals.`,
    `- server, resident: ${range(rssBytes, mib)} MiB after the warm-up, ${mib(rssBytesPerHour)} MiB an hour`,
    `- file descriptors: ${range(openFiles, String)}, ${openFilesPerHour.toFixed(1)} an hour`,
    `- its database, shared pages counted once: ${range(databasePssBytes, mib)} MiB`,
  ].join('\n');
}
