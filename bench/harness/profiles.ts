import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CpuProfile, flameGraphSvg, framesOf, hottest, type Span } from './flame-graph.ts';

/** Kept by hand only: a profile has some megabytes. The folder is one that git ignores. */
const FOLDER = 'data/bench-profiles';
const HOTTEST = 15;

/**
 * Of the profiles that a row's servers left, keep the one of the server's main thread and draw what it did in the
 * rounds.
 * @returns what was found, for the terminal, and the picture
 */
export function keepProfile(root: string, row: string, folder: string, spans: readonly Span[]): Profiled | undefined {
  // Node's name: CPU.date.time.pid.thread.number.cpuprofile; the main thread is 0.
  const names = readdirSync(folder).filter((name) => /\.0\.\d+\.cpuprofile$/.test(name));
  const name = names.toSorted()[0];
  if (name === undefined) return undefined;
  const target = join(root, FOLDER);
  mkdirSync(target, { recursive: true });
  const kept = join(target, `${row}.cpuprofile`);
  copyFileSync(join(folder, name), kept);
  const frames = framesOf(JSON.parse(readFileSync(kept, 'utf8')) as CpuProfile, spans);
  const svg = flameGraphSvg(
    frames,
    `${row}: the server's JavaScript thread while it works, ${seconds(frames.micros)} s`,
  );
  writeFileSync(join(target, `${row}.svg`), svg);
  const lines = hottest(frames, HOTTEST).map(
    ({ name: of, share }) => `${(100 * share).toFixed(1).padStart(6)} %  ${of}`,
  );
  return { svg, text: [`profile in ${kept}, and .svg`, ...lines].join('\n   ') };
}

export type Profiled = { svg: string; text: string };

const seconds = (micros: number): string => (micros / 1e6).toFixed(1);
