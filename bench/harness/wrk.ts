import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const WRK = '/usr/bin/wrk';
const SECONDS_SLACK = 20;
const MICROSECONDS_PER_MS = 1000;

export type WrkOptions = {
  /** Paths are asked for in random order, over and over. */
  url: string;
  paths: readonly string[];
  connections: number;
  threads: number;
  seconds: number;
  headers?: Readonly<Record<string, string>>;
  /** For the script that wrk runs. */
  scratch: string;
};

export type WrkRun = { requests: number; seconds: number; bytes: number; p50Ms: number; p99Ms: number };

export const hasWrk = (): boolean => existsSync(WRK);

/** Load a server with GET requests. @throws where an answer was no success, or a connection failed */
export async function runWrk(options: WrkOptions): Promise<WrkRun> {
  const { url, connections, threads, seconds, scratch } = options;
  const script = join(scratch, 'wrk.lua');
  writeFileSync(script, luaOf(options));
  const args = ['-t', `${threads}`, '-c', `${connections}`, '-d', `${seconds}s`, '--timeout', '15s', '-s', script, url];
  const child = spawn(WRK, args, { stdio: ['ignore', 'pipe', 'inherit'], timeout: (seconds + SECONDS_SLACK) * 1000 });
  const chunks: Buffer[] = [];
  const ended = once(child, 'close');
  for await (const chunk of child.stdout) chunks.push(chunk);
  const [code] = (await ended) as [number | null];
  const output = Buffer.concat(chunks).toString();
  const line = /^RESULT (.*)$/m.exec(output)?.[1];
  if (code !== 0 || line === undefined) throw new Error(`wrk ended with ${code}\n${output}`);
  const [requests = 0, micros = 0, bytes = 0, p50 = 0, p99 = 0, errors = 0] = line.split(' ').map(Number);
  if (errors > 0 || requests === 0) throw new Error(`wrk: ${errors} errors in ${requests} requests\n${output}`);
  const ms = (value: number): number => value / MICROSECONDS_PER_MS;
  return { requests, seconds: micros / 1e6, bytes, p50Ms: ms(p50), p99Ms: ms(p99) };
}

function luaOf({ paths, headers = {} }: WrkOptions): string {
  const text = (value: string): string => `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
  const list = paths.map((path) => `  ${text(path)}`).join(',\n');
  const all = Object.entries(headers).map(([name, value]) => `  [${text(name)}] = ${text(value)}`);
  return `local paths = {
${list}
}
local headers = {
${all.join(',\n')}
}
local started = 0
function setup(thread) thread:set("seed", started); started = started + 1 end
function init() math.randomseed(7919 * (seed + 1)) end
function request() return wrk.format("GET", paths[math.random(#paths)], headers) end
function done(summary, latency)
  local e = summary.errors
  print(string.format("RESULT %d %d %d %d %d %d", summary.requests, summary.duration, summary.bytes,
    latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
`;
}
