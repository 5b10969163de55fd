import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { multipartRelated } from '@acervo/interop/dicomweb/multipart.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { connect } from '../../adapters/net/dimse-client.ts';
import { type Config, environmentOf } from '../config.ts';
import type { Progress } from '../progress.ts';
import type { SampleObject } from './sample/sample.ts';

/** Where the demo's server answers. */
export type Target = { http: string; dimseHost: string; dimsePort: number; aeTitle: string };

const TIMEOUT_MS = 60_000;

/** Send one device's objects over one association of our own SCU. */
export async function sendByDimse(
  target: Target,
  objects: readonly SampleObject[],
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const [first] = objects;
  if (first === undefined) return;
  const pairs = new Map(
    objects.map(({ sopClassUid, transferSyntaxUid }) => [
      `${sopClassUid} ${transferSyntaxUid}`,
      {
        abstractSyntax: sopClassUid,
        transferSyntaxes: [transferSyntaxUid],
      },
    ]),
  );
  const association = await connect({
    host: target.dimseHost,
    port: target.dimsePort,
    callingAet: first.system.aeTitle,
    calledAet: target.aeTitle,
    contexts: [...pairs.values()],
    timeoutMs: TIMEOUT_MS,
    signal,
  });
  for (const object of objects) {
    const { status } = await association.store(object);
    if (status !== 0) throw new Failure('internal', `C-STORE answered 0x${status.toString(16)}`);
    progress.add(1, object.dataSet.length);
  }
  await association.release();
}

/** Send objects of one institution in one STOW-RS request. */
export async function sendByStow(target: Target, objects: readonly SampleObject[], progress: Progress): Promise<void> {
  const [first] = objects;
  if (first === undefined) return;
  async function* parts() {
    for (const object of objects) yield { headers: { 'content-type': 'application/dicom' }, body: fileOf(object) };
  }
  const { contentType, body } = multipartRelated('application/dicom', parts());
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  const answer = await fetch(`${target.http}/dicom-web/i/${first.institution}/studies`, {
    method: 'POST',
    headers: { 'content-type': contentType, accept: 'application/dicom+json' },
    body: new Blob(chunks as BlobPart[]),
  });
  if (answer.status !== 200) throw new Failure('internal', `STOW-RS answered ${answer.status}: ${await answer.text()}`);
  for (const object of objects) progress.add(1, object.dataSet.length);
}

/** Write objects of one institution as files, and import them as an operator would. */
export async function sendByImport(
  config: Config,
  objects: readonly SampleObject[],
  progress: Progress,
  run: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const [first] = objects;
  if (first === undefined) return;
  const folder = join(config.dataDir, 'incoming', first.institution);
  await mkdir(folder, { recursive: true });
  for (const object of objects) await writeFile(join(folder, `${object.sopInstanceUid}.dcm`), fileOf(object));
  const [command = process.execPath, ...words] = run;
  const child = spawn(command, [...words, 'import', folder, '--institution', first.institution, '--json'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    signal,
    env: environmentOf(config),
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Failure('internal', `acervo import ended with ${code}`);
  for (const object of objects) progress.add(1, object.dataSet.length);
}

const fileOf = (object: SampleObject): Uint8Array => concat([writeFileHead(object), object.dataSet]);
