import type { Json } from '@acervo/kernel/canonical-json.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { type Bundle, type BundleSubject, bundleOf, bundleValue } from '@acervo/kernel/journal/bundle.ts';
import { inclusionRanges } from '@acervo/kernel/journal/merkle.ts';
import { keyChanges, signedOf } from '../../journal/checkpoint.repo.ts';
import { newestCheckpoint, signerOf } from '../../journal/newest-checkpoint.ts';
import { proofsOf } from '../../journal/proofs.ts';
import { type NumberedRow, numberedBetween, numberedOfStudy, witnessedCheckpoints } from '../../journal/proven.repo.ts';
import { Retired, retiredRows, withRetired } from '../../journal/retired.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { JournalKeys } from '../../ports/journal-keys.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';

/** Events in one bundle: it is held in memory. */
const LINES_MAX = 100_000;

/**
 * Events of a study, or of a stretch of numbers, with what proves each of them to whoever has the public key alone.
 * A stretch is whole or seen not to be; that a study has no further events is the archive's word.
 * @throws {Failure} request/invalid, retrieve/not-found, access/denied; config/invalid without the key
 */
export async function makeBundle(
  { db, keys, journalBlobs }: { db: Db; keys: JournalKeys; journalBlobs: BlobStore },
  op: Op,
  subject: BundleSubject,
): Promise<Bundle> {
  op.allow('administer', op.institution);
  const row = await newestCheckpoint(db);
  const { checkpoint, signature: checkpointSignature } = signedOf(row);
  const { number, size, key } = checkpoint;
  const signer = signerOf(keys, key);
  const rows = await chosen({ db, journalBlobs }, subject, size);
  const proofs = rows.map(({ seq }) => inclusionRanges(seq - 1, size));
  const paths = await proofsOf(db, size, proofs);
  const witnessed = await witnessedCheckpoints(db);
  const witnesses = witnessed.filter((each) => each.number === number);
  const bundle = bundleOf({
    at: new Date().toISOString(),
    subject,
    checkpoint,
    checkpointSignature,
    witnesses: witnesses.map(({ name, key: by, at, signature }) => ({ name, key: by, at, signature })),
    keys: await keyChanges(db, size),
    lines: rows.map(({ event, ...line }, index) => ({
      line: { ...line, event: JSON.parse(event) as Json },
      path: paths[index] ?? [],
    })),
  });
  return { ...bundle, signature: signer.sign('bundle', bundleValue(bundle)) };
}

async function chosen(
  { db, journalBlobs }: { db: Db; journalBlobs: BlobStore },
  subject: BundleSubject,
  size: number,
): Promise<NumberedRow[]> {
  const tooMany = (): Failure =>
    new Failure('request/invalid', `more than ${LINES_MAX} events: take a shorter stretch`);
  if ('study' in subject) {
    const [retired = []] = await retiredRows(
      (await Retired.of(db)).lines(journalBlobs),
      ({ study }) => study === subject.study,
    );
    const kept = await numberedOfStudy(db, subject.study, size, LINES_MAX + 1);
    const rows = [...retired, ...kept].sort((a, b) => a.seq - b.seq);
    if (rows.length > LINES_MAX) throw tooMany();
    if (rows.length === 0) throw new Failure('retrieve/not-found', 'the journal has no event of this study');
    return rows;
  }
  const { from, to } = subject;
  if (!(from >= 1 && from <= to && to <= size)) throw new Failure('request/invalid', `numbers are 1 to ${size}`);
  if (to - from >= LINES_MAX) throw tooMany();
  return withRetired(journalBlobs, await numberedBetween(db, from, to));
}
