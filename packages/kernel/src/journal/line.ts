import { canonicalJson, isCanonical, type Json } from '../canonical-json.ts';

/** One line of a journal segment: an event with its number and its place in the hash chain (decision record 0013). */
export type SealedLine = { seq: number; prev: string; hash: string; event: Json };

/** SHA-256 (hex) of a text's UTF-8, by the platform. */
export type TextHash = (text: string) => string;

/** What the hash of a line is of: the canonical text of `{event, prev, seq}`. */
export const sealedText = (seq: number, prev: string, event: Json): string => canonicalJson({ event, prev, seq });

/** Folder of checkpoints, below that of the journal. */
export const CHECKPOINTS_FOLDER = 'checkpoints/';

/** A file of the journal, or of its checkpoints below their folder: named by the first number in it. */
export const isJournalFile = (name: string): boolean => /^\d{12}\.jsonl$/.test(name);
export const isCheckpointFile = (name: string): boolean =>
  name.startsWith(CHECKPOINTS_FOLDER) && isJournalFile(name.slice(CHECKPOINTS_FOLDER.length));
export const journalFile = (first: number): string => `${String(first).padStart(12, '0')}.jsonl`;

/** A line as it lies there. `wrong` says what is wrong with the line alone, '' for nothing. */
export type ReadLine = { line: SealedLine; wrong: string };

/** Of a hash, hexadecimal. Its digits are compared when it is; a pattern for each line would take longer than that. */
const HASH_LENGTH = 64;
const HEAD = '{"event":';

/**
 * Read a line and hold it against its own hash. The text is hashed as it stands, once, since it must be canonical.
 * @returns undefined when it is no line at all
 */
export function readLine(text: string, sha256: TextHash): ReadLine | undefined {
  const line = shapedLine(text);
  if (line === undefined) return undefined;
  const { seq, prev, hash, event } = line;
  const tail = `,"hash":"${hash}","prev":"${prev}","seq":${seq}}`;
  const event_ = text.slice(HEAD.length, -tail.length);
  const isText = text.startsWith(HEAD) && text.endsWith(tail) && isCanonical(event_, event);
  if (!isText) {
    const isTrue = isCanonical(text, { ...line }) && sha256(sealedText(seq, prev, event)) === hash;
    return { line, wrong: isTrue ? 'is not written canonically' : 'differs from its hash' };
  }
  const isTrue = sha256(`${text.slice(0, -tail.length)},"prev":"${prev}","seq":${seq}}`) === hash;
  return { line, wrong: isTrue ? '' : 'differs from its hash' };
}

/** A line's members, if it has them all. */
export function shapedLine(text: string): SealedLine | undefined {
  let parsed: Partial<SealedLine> | null;
  try {
    parsed = JSON.parse(text) as Partial<SealedLine> | null;
  } catch {
    return undefined; // The caller names the line.
  }
  const { seq, prev, hash, event } = parsed ?? {};
  const isEvent = typeof event === 'object' && event !== null && 'id' in event;
  if (
    !Number.isSafeInteger(seq) ||
    (seq as number) < 1 ||
    typeof prev !== 'string' ||
    typeof hash !== 'string' ||
    !isEvent
  )
    return undefined;
  if (hash.length !== HASH_LENGTH || !(prev === '' || prev.length === HASH_LENGTH)) return undefined;
  return { seq: seq as number, prev, hash, event };
}
