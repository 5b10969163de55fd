import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** How a peer's command ended, and everything it wrote, on both streams in the order of arrival. */
export type PeerRun = { code: number | null; output: string };

const PEER_MS_MAX = 120_000;
export type PeerOptions = { env?: Readonly<Record<string, string>>; msMax?: number };

/** Run a peer's command to its end. It must not block us: what it talks to writes its log to us meanwhile. */
export async function runPeer(command: string, args: readonly string[], options: PeerOptions = {}): Promise<PeerRun> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    timeout: options.msMax ?? PEER_MS_MAX,
    killSignal: 'SIGKILL',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('latin1').on('data', (text: string) => {
      output += text;
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}
