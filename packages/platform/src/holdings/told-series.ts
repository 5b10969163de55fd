import type { GroupRows } from './index.repo.ts';

/** Series that are remembered: some 200 bytes each. */
const SERIES_MAX = 10_000;

/**
 * Series that this process has projected. The index keeps of a series and its study what their earliest instance
 * told, and what was projected is earlier than what comes: of a later group only the counts matter, unless it tells
 * of another modality.
 */
export class ToldSeries {
  readonly #told = new Set<string>();

  /** True when every row of the group stands already, and none of its facts can matter any more. */
  covers({ series }: GroupRows): boolean {
    return series.every((row) => this.#told.has(keyOf(row)));
  }

  note({ series }: GroupRows): void {
    for (const row of series) this.#told.add(keyOf(row));
    for (const oldest of this.#told) {
      if (this.#told.size <= SERIES_MAX) return;
      this.#told.delete(oldest);
    }
  }

  /** After any failure: whether the rows stand is no longer known. */
  forget(): void {
    this.#told.clear();
  }
}

const keyOf = ({ study_key, series_key, modality }: GroupRows['series'][number]): string =>
  `${study_key} ${series_key} ${modality ?? ''}`;
