import type { Finding } from '../pack/finding.ts';

/**
 * What can be wrong with a sealed journal. Codes are stable: programs read them. `what` is the first wrong number: of
 * a line, for `checkpoint...` of a checkpoint.
 * - `journal.altered`: a line differs from its hash, or its neighbours know another one.
 * - `journal.missing`: no line has the number. `journal.foreign`: a line whose number was there before.
 * - `journal.cut`: the journal ends before a checkpoint says that it does.
 * - `journal.rewritten`: lines fit each other, and not what a checkpoint signed.
 * - `checkpoint.altered`, `checkpoint.missing`, `checkpoint.foreign`: a checkpoint against its signature and number.
 * - `checkpoint.key`: signed by a key that nothing says to be the archive's at that time.
 * - `key.replaced`: another key took over without a signature of the one before.
 */
export type JournalFinding = Finding<
  | 'journal.altered'
  | 'journal.missing'
  | 'journal.foreign'
  | 'journal.cut'
  | 'journal.rewritten'
  | 'checkpoint.altered'
  | 'checkpoint.missing'
  | 'checkpoint.foreign'
  | 'checkpoint.key'
  | 'key.replaced'
>;

export type SayJournal = (code: JournalFinding['code'], what: number | string, detail: string) => void;

export const rangeText = (from: number, to: number): string => (from === to ? `${from}` : `${from} to ${to}`);
