import type { InferenceTask } from '../../ports/inference-tasks.ts';
import type { SealedFiles, SilentResult, SilentSink } from '../../ports/silent.ts';
import type { Sql } from '../../ports/sql.ts';
import { recordBytes, recordOf } from './record.ts';
import { type Bound, type SilentSeal, sha256Of } from './seal.ts';
import { countSilent, insertSilent } from './silent.repo.ts';

/** Records of one package at an institution: more studies than a comparison needs. */
export const RECORDS_MAX = 100_000;

/** @property sql  sessions of the silent role */
export type SilentStore = { sql: Sql; files: SealedFiles; seal: SilentSeal };

/** The file that a task has; its name tells what the application's own tables tell. */
export const silentFile = ({ package: of, id }: Pick<InferenceTask, 'package' | 'id'>): string => `${of}/${id}.sealed`;

/**
 * First the file, then the row: a crash between them leaves a file, which the next attempt finds. What it has is what
 * counts then, whatever the model says the second time, so that file and row never differ.
 */
export function silentSink({ sql, files, seal }: SilentStore): SilentSink {
  return {
    hasRoom: async (task) => (await countSilent(sql, task, RECORDS_MAX)) < RECORDS_MAX,
    keep: async (task, result) => {
      const { id, package: of, studyUid, institution } = task;
      const bound = { task: id, package: of, studyUid };
      const { bytes, said } = await keptOnce({ files, seal }, { name: silentFile(task), bound, task, result });
      const sealed = seal.seal('said', bound, Buffer.from(JSON.stringify(said)));
      await insertSilent(sql, { ...bound, institution, sealed });
      return { sha256: sha256Of(bytes) };
    },
  };
}

type Kept = { bytes: Uint8Array; said: SilentResult['said'] };
type Keeping = { name: string; bound: Bound; task: InferenceTask; result: SilentResult };

async function keptOnce(
  { files, seal }: Pick<SilentStore, 'files' | 'seal'>,
  { name, bound, task, result }: Keeping,
): Promise<Kept> {
  const held = async (): Promise<Kept | undefined> => {
    const bytes = await files.read(name);
    const plain = bytes && seal.open('objects', bound, bytes);
    return bytes && plain && { bytes, said: recordOf(plain).said };
  };
  const before = await held();
  if (before !== undefined) return before;
  const bytes = seal.seal('objects', bound, recordBytes(task, result));
  if (!(await files.create(name, bytes))) {
    // Another attempt, whose lease ran out, was faster; or what is there is damaged.
    const faster = await held();
    if (faster !== undefined) return faster;
    await files.replace(name, bytes);
  }
  return { bytes, said: result.said };
}
