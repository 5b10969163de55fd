/** Of the places: so many are anybody's; the others go to those only who have less than their share. */
const ANYBODYS = 0.75;

/**
 * Places that several parties share. While there is room, whoever asks gets one: an archive of one busy hospital is
 * all its. When it is nearly full, no party gets more than its fair share, which leaves room for one more party than
 * there are now. What has been given is never taken away.
 */
export class FairShares {
  readonly #max: number;
  readonly #parties: () => number;
  readonly #held = new Map<string, number>();
  #taken = 0;

  /** @param parties  how many there are at all, of those that may come; with one of them, everything is its */
  constructor(max: number, parties: () => number = () => Infinity) {
    this.#max = max;
    this.#parties = parties;
  }

  /** Places that are taken. */
  get taken(): number {
    return this.#taken;
  }

  /** Parties that hold a place. */
  get size(): number {
    return this.#held.size;
  }

  /** @returns gives the place back, once however often it is called; undefined where there is none for this party */
  enter(party: string): (() => void) | undefined {
    const held = this.#held.get(party) ?? 0;
    if (this.#taken >= this.#max) return undefined;
    if (this.#taken >= Math.floor(this.#max * ANYBODYS) && held >= this.#shareOf(held)) return undefined;
    this.#held.set(party, held + 1);
    this.#taken += 1;
    let isGiven = true;
    return () => {
      if (!isGiven) return;
      isGiven = false;
      this.#giveBack(party);
    };
  }

  /** With one party more than there are, so that whoever comes next finds a place. */
  #shareOf(held: number): number {
    const present = this.#held.size + (held === 0 ? 1 : 0);
    return Math.max(1, Math.floor(this.#max / Math.max(1, Math.min(this.#parties(), present + 1))));
  }

  #giveBack(party: string): void {
    const left = (this.#held.get(party) ?? 1) - 1;
    if (left > 0) this.#held.set(party, left);
    else this.#held.delete(party);
    this.#taken -= 1;
  }
}
