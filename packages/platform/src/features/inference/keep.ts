import { Failure } from '@acervo/kernel/failure.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import type { ResultSink } from '../../ports/inference-tasks.ts';
import type { Op } from '../../ports/op.ts';
import { issuerOf } from './facts.repo.ts';

/**
 * Results are objects like any other, of the institution whose study they are of, stored by the one door that there is.
 * Kept again they are known as resent. What is silent does not come by here: it throws `model/silent`, whoever asks.
 * @param openOp  the archive acting by itself for an institution
 */
export function storedResults(
  { db, store }: Pick<Holdings, 'db' | 'store'>,
  openOp: (institution: string, signal: AbortSignal) => Op,
): ResultSink {
  return {
    keep: async ({ institution, studyKey, stage }, objects, signal) => {
      if (stage === 'silencioso') throw new Failure('model/silent', 'a silent result among the objects');
      // A result names the issuer of Patient ID only where its images do: else it is the one that counted for them.
      const op = openOp(institution, signal);
      const issuer = (await issuerOf(db, studyKey)) ?? op.issuer;
      for (const { file } of objects) await store.store({ ...op, issuer }, { form: 'file', body: inOnePiece(file) });
      return objects.map(({ sopInstanceUid }) => sopInstanceUid);
    },
  };
}

async function* inOnePiece(file: Uint8Array): AsyncGenerator<Uint8Array> {
  yield file;
}
