import type { GroupRows } from './index.repo.ts';

/** Series that are remembered: some 200 bytes each. */
const SERIES_MAX = 10_000;

/**
 * Series that this process has projected. The index keeps of a series and its study what their earliest instance
 * told: of a later group only the counts matter, unless it tells of another modality. A group of another segment may
 * be projected after one that was committed later; what it tells still counts.
 */
export class ToldSeries {
  /** The earliest source that is known to stand in the index, by series. */
  readonly #told = new Map<string, string>();

  /** True when every row of the group stands already, and none of its facts can matter any more. */
  covers({ series }: GroupRows): boolean {
    return series.every((row) => {
      const source = this.#told.get(keyOf(row));
      return source !== undefined && source <= row.source;
    });
  }

  note({ series }: GroupRows): void {
    for (const row of series) {
      const key = keyOf(row);
      const source = this.#told.get(key);
      if (source === undefined || row.source < source) this.#told.set(key, row.source);
    }
    for (const oldest of this.#told.keys()) {
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
