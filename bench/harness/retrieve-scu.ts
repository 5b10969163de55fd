import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { CALLING_AET } from './acervo.ts';

const MS_MAX = 300_000;
/** Of DCMTK, at most. */
const PDU_BYTES = '131072';

export const hasRetrieveScu = (): boolean =>
  ['getscu', 'movescu', 'storescp'].every((command) => existsSync(`/usr/bin/${command}`));

export type Retrieval = {
  server: { dimsePort: number; aeTitle: string };
  studyUid: string;
  /** C-MOVE to this AE title, or C-GET into this folder; undefined: taken and thrown away. */
  to: { destination: string } | { folder: string | undefined };
};

/** One study by DCMTK's getscu or movescu. @throws unless it ends well */
export async function retrieveStudy({ server, studyUid, to }: Retrieval): Promise<void> {
  const { dimsePort, aeTitle } = server;
  const isMove = 'destination' in to;
  const way = isMove ? ['-aem', to.destination] : to.folder === undefined ? ['--ignore'] : ['+B', '-od', to.folder];
  const keys = ['-k', 'QueryRetrieveLevel=STUDY', '-k', `StudyInstanceUID=${studyUid}`];
  // Both little endian syntaxes are native; each study lies in one of them.
  const words = ['-S', '-pdu', PDU_BYTES, '-aet', CALLING_AET, '-aec', aeTitle, ...way, ...keys];
  const command = isMove ? 'movescu' : 'getscu';
  const child = spawn(command, [...words, '127.0.0.1', `${dimsePort}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TCP_NODELAY: '1' },
    timeout: MS_MAX,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('latin1').on('data', (text: string) => {
      output += text;
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  // What fails is told as a warning or an error, whatever the exit code.
  if (code !== 0 || /^[WEF]: /m.test(output)) throw new Error(`${command} ended with ${code}\n${output.slice(-2000)}`);
}
