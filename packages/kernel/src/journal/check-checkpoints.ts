import { type Checkpoint, checkpointHash, isSignedByItsKey, readCheckpoint } from './checkpoint.ts';
import { rangeText, type SayJournal } from './finding.ts';
import type { TextHash } from './line.ts';

/** A line of a file of checkpoints, and where it stands. */
export type CheckpointLine = { text: string; where: string };

/**
 * The checkpoints of an archive, each held against its own signature, its number and the one before. Only those that
 * their own key signed are given on, in their order; whether it is the right key is for the journal to say.
 */
export async function* checkedCheckpoints(
  lines: AsyncIterable<CheckpointLine>,
  sha256: TextHash,
  say: SayJournal,
): AsyncGenerator<Checkpoint> {
  let expected = 1;
  /** Undefined: nobody can say. */
  let before: Checkpoint | undefined;
  let archive: string | undefined;
  for await (const { text, where } of lines) {
    const signed = readCheckpoint(text);
    if (signed === undefined || !(await isSignedByItsKey(signed))) {
      say(
        'checkpoint.altered',
        expected,
        `${where}: ${signed === undefined ? 'is none' : 'differs from its signature'}`,
      );
      expected += 1;
      before = undefined;
      continue;
    }
    const { checkpoint } = signed;
    const { number } = checkpoint;
    archive ??= checkpoint.archive;
    if (number < expected || checkpoint.archive !== archive) {
      const why = number < expected ? 'its number was there before' : 'is of another archive';
      say('checkpoint.foreign', number, `${where}: ${why}`);
      continue;
    }
    if (number > expected) say('checkpoint.missing', rangeText(expected, number - 1), `the next one is ${number}`);
    else if (before !== undefined && !follows(checkpoint, before, sha256)) {
      say('checkpoint.altered', number, `${where}: does not follow the one before`);
    }
    expected = number + 1;
    before = checkpoint;
    yield checkpoint;
  }
}

const follows = (checkpoint: Checkpoint, before: Checkpoint, sha256: TextHash): boolean =>
  checkpoint.previous === checkpointHash(before, sha256) && checkpoint.first === before.size + 1;
