import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '@acervo/kernel/failure.ts';
import { INFERENCE_LIMITS, InferencePool } from '../../adapters/onnx/pool.ts';
import { PIXEL_LIMITS, PixelPool } from '../../adapters/pixel/pool.ts';
import { type ImageFile, readImageFile } from '../../features/models/images.ts';
import type { Intake } from '../../features/models/intake.ts';
import type { OpenModel, RunPorts } from '../../features/models/run.ts';
import type { Config } from '../config.ts';

const FILE_BYTES_MAX = 2 ** 30;
const FILES_MAX = 10_000;

/** A package against which something stands is not run: its bytes may not be those that were signed for. */
export function openModel({ findings, manifest, model }: Intake): OpenModel {
  const [first] = findings;
  if (first !== undefined)
    throw new Failure(first.code, `${first.where}: ${first.what} (acervo model check tells all)`);
  if (manifest === undefined || model === undefined) throw new Failure('model/manifest', 'not to be read');
  return { manifest, model };
}

/** Processes to decode and to infer in, as configured, for as long as the work takes. */
export async function withRunPorts<R>(config: Config, work: (ports: RunPorts) => Promise<R>): Promise<R> {
  const { inferenceSandbox: sandbox, inferenceWorkers: workers, inferenceMemoryMib: memoryMiBMax } = config;
  const inference = new InferencePool({ ...INFERENCE_LIMITS, sandbox, workers, memoryMiBMax });
  const imaging = new PixelPool({ ...PIXEL_LIMITS, workers: 1, kept: 0 });
  try {
    return await work({ imaging, inference });
  } finally {
    await Promise.all([inference.close(), imaging.close()]);
  }
}

export async function bytesOf(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new Failure('request/invalid', `cannot read ${path}`, { cause });
  });
  if (bytes.length > FILE_BYTES_MAX) throw new Failure('parse/limit', `${path}: ${bytes.length} bytes`);
  return new Uint8Array(bytes);
}

/** Every DICOM file of a folder and of those in it; what is no DICOM file is passed over. */
export async function imagesIn(folder: string): Promise<ImageFile[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch((cause: unknown) => {
    throw new Failure('request/invalid', `cannot read ${folder}`, { cause });
  });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  if (files.length > FILES_MAX) throw new Failure('parse/limit', `${folder}: more than ${FILES_MAX} files`);
  const images: ImageFile[] = [];
  for (const path of files.sort()) {
    try {
      images.push(readImageFile(path, await bytesOf(path)));
    } catch (thrown) {
      if (!(thrown instanceof Failure && thrown.code === 'parse/not-part10')) throw thrown;
    }
  }
  return images;
}
