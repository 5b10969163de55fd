import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Load } from './ingest-side.ts';
import type { StowWork } from './stow.worker.ts';

const WORKER = join(import.meta.dirname, 'stow.worker.ts');

type Answer = { latenciesMs?: number[]; failure?: string };

/** Store files by STOW-RS, one client in a process of its own for each list, all at once, one instance a request. */
export async function stowFiles(
  to: { http: string; headers: Readonly<Record<string, string>> },
  lists: readonly (readonly string[])[],
): Promise<Load> {
  const clients = lists.map(() => fork(WORKER));
  try {
    // Starting a client is no part of the load.
    await Promise.all(clients.map((client) => messageOf(client)));
    const began = performance.now();
    const url = `${to.http}/dicom-web/studies`;
    const answers = await Promise.all(
      clients.map((client, index) => {
        const work: StowWork = { url, headers: { ...to.headers }, paths: lists[index] ?? [] };
        client.send(work);
        return messageOf(client) as Promise<Answer>;
      }),
    );
    const seconds = (performance.now() - began) / 1000;
    const failure = answers.find((answer) => answer.failure !== undefined)?.failure;
    if (failure !== undefined) throw new Error(`STOW-RS: ${failure}`);
    return { seconds, latenciesMs: answers.flatMap(({ latenciesMs }) => latenciesMs ?? []) };
  } finally {
    for (const client of clients) client.kill();
  }
}

async function messageOf(client: ChildProcess): Promise<unknown> {
  const ended = once(client, 'exit').then(([code]) => Promise.reject(new Error(`a client ended with ${code}`)));
  const [message] = (await Promise.race([once(client, 'message'), ended])) as [unknown];
  ended.catch(() => undefined);
  return message;
}
