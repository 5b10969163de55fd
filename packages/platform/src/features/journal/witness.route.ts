import { Failure } from '@acervo/kernel/failure.ts';
import { type CheckpointFile, checkpointFile, readCheckpointFile } from '@acervo/kernel/journal/checkpoint-file.ts';
import { z } from 'zod';
import type { Route } from '../../bindings/http.ts';
import { JSON_TYPE, jsonAnswer, jsonBodyOf, parametersOf, understood } from '../../bindings/json-body.ts';
import { checkpointFileSince } from '../../journal/newest-checkpoint.ts';
import type { Db } from '../../ports/sql.ts';
import { adoptSigned } from './adopt.ts';
import type { JournalPorts } from './key.route.ts';

const ASKED = z.strictObject({
  since: z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .default(0),
});
const BODY_BYTES_MAX = 65_536;
/** Proofs that are remembered: each costs a reading of all hashes. */
const KEPT_MAX = 16;

/**
 * By these another institution witnesses our journal (decision record 0038). A checkpoint names nobody, so whoever may
 * enter may have it; a signature counts only by a key that we were told beforehand.
 */
export function witnessRoutes({ db, witnesses }: JournalPorts): Route[] {
  const checkpoint = remembered(db);
  return [
    {
      method: 'GET',
      path: '/api/journal/checkpoint',
      summary: 'The newest checkpoint of the journal, signed, with a proof that it contains what was witnessed last',
      query: [{ name: 'since', description: 'Events that the caller witnessed last; 0 or absent: none yet' }],
      produces: [JSON_TYPE],
      handle: async (request) => {
        const { since } = understood(ASKED, parametersOf(request));
        return jsonAnswer(await checkpoint(since));
      },
    },
    {
      method: 'POST',
      path: '/api/journal/witnesses',
      summary: 'A checkpoint of ours with the signature of a witness whose key is set: ACERVO_WITNESSES',
      produces: [JSON_TYPE],
      handle: async (request, op) => {
        const file = await readCheckpointFile(JSON.stringify(await jsonBodyOf(request, BODY_BYTES_MAX)));
        if (file === undefined) throw new Failure('request/invalid', 'no checkpoint, or an altered one');
        const known = file.witnesses.filter(({ name, key }) =>
          witnesses.some((each) => each.name === name && each.key === key),
        );
        if (known.length === 0) throw new Failure('access/denied', 'signed by no witness that is set');
        const adopted = await adoptSigned(db, op, { ...file, witnesses: known });
        const { number, size } = file.checkpoint;
        return jsonAnswer({ number, size, adopted });
      },
    },
  ];
}

/** The same is asked again and again, by several witnesses at once. */
function remembered(db: Db): (since: number) => Promise<CheckpointFile> {
  const kept = new Map<string, Promise<CheckpointFile>>();
  return async (since) => {
    const newest = await checkpointFileSince(db, []);
    if (since === 0 || since >= newest.checkpoint.size) return newest;
    const key = `${newest.checkpoint.number} ${since}`;
    const making = kept.get(key) ?? checkpointFileSince(db, [since]);
    kept.delete(key);
    kept.set(key, making);
    making.catch(() => kept.delete(key));
    for (const oldest of kept.keys()) if (kept.size > KEPT_MAX) kept.delete(oldest);
    const { proofs, ...rest } = await making;
    return checkpointFile({ ...rest, proofs, witnesses: newest.witnesses });
  };
}
