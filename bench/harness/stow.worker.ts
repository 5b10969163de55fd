import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';

/** What one client is told to do: each file in a request of its own, one after the other. */
export type StowWork = { url: string; headers: Record<string, string>; paths: readonly string[] };

const BOUNDARY = 'acervo-bench-5f0c';
const TYPE = `multipart/related; type="application/dicom"; boundary=${BOUNDARY}`;
const HEAD = Buffer.from(`--${BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n`);
const TAIL = Buffer.from(`\r\n--${BOUNDARY}--\r\n`);

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

process.on('message', (work: StowWork) => {
  sendAll(work).then(
    (latenciesMs) => process.send?.({ latenciesMs }, () => process.disconnect()),
    (thrown: unknown) => process.send?.({ failure: String(thrown) }, () => process.exit(1)),
  );
});
process.send?.('ready');

async function sendAll({ url, headers, paths }: StowWork): Promise<number[]> {
  const latenciesMs: number[] = [];
  for (const path of paths) {
    const began = performance.now();
    await store(url, headers, readFileSync(path));
    latenciesMs.push(performance.now() - began);
  }
  agent.destroy();
  return latenciesMs;
}

function store(url: string, headers: Record<string, string>, file: Buffer): Promise<void> {
  const length = HEAD.length + file.length + TAIL.length;
  const all = { ...headers, 'content-type': TYPE, 'content-length': length, accept: 'application/dicom+json' };
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: 'POST', agent, headers: all }, (answer) => {
      answer.resume();
      answer.once('end', () =>
        answer.statusCode === 200 ? resolve() : reject(new Error(`status ${answer.statusCode}`)),
      );
      answer.once('error', reject);
    });
    asked.once('error', reject);
    asked.write(HEAD);
    asked.write(file);
    asked.end(TAIL);
  });
}
