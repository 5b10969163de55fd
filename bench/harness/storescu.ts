import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { CALLING_AET } from './acervo.ts';
import type { Load } from './ingest-side.ts';

const STORESCU = '/usr/bin/storescu';
const MS_MAX = 300_000;

export type Receiver = { dimsePort: number; aeTitle: string };

export const hasStorescu = (): boolean => existsSync(STORESCU);

/**
 * Send folders by DCMTK's storescu, one process and one association for each, all at once.
 * @param isNagle without TCP_NODELAY, as storescu is out of the box
 * @returns from the start of the first process to the end of the last
 */
export async function sendFolders(to: Receiver, folders: readonly string[], isNagle = false): Promise<Load> {
  const began = performance.now();
  await Promise.all(folders.map((folder) => sendFolder(to, folder, isNagle)));
  return { seconds: (performance.now() - began) / 1000 };
}

async function sendFolder({ dimsePort, aeTitle }: Receiver, folder: string, isNagle: boolean): Promise<void> {
  const { TCP_NODELAY: _, ...env } = process.env;
  const words = ['+sd', '+r', '-aet', CALLING_AET, '-aec', aeTitle, '127.0.0.1', `${dimsePort}`, folder];
  const child = spawn(STORESCU, words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: isNagle ? env : { ...env, TCP_NODELAY: '1' },
    timeout: MS_MAX,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('latin1').on('data', (text: string) => {
      output += text;
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`storescu ended with ${code}\n${output.slice(-2000)}`);
}
