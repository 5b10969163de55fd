import { findVersions, type HeldVersion } from './index.repo.ts';
import { type InstanceKey, instanceKeyText } from './keys.ts';
import type { Projector } from './projector.ts';

type Asking = { key: InstanceKey; resolve(held: HeldVersion[]): void; reject(thrown: unknown): void };

/** Keys in one question at most. */
const KEYS_MAX = 1000;

/**
 * Asks what the index holds under the UIDs of an object. While one question is under way, who comes waits and shares
 * the next one: with many senders there is one question for many objects, with one sender none waits.
 */
export class HeldVersions {
  readonly #projector: Projector;
  #waiting: Asking[] = [];
  #isAsking = false;

  constructor(projector: Projector) {
    this.#projector = projector;
  }

  /** @throws {Failure} database/unavailable */
  of(key: InstanceKey): Promise<HeldVersion[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ key, resolve, reject });
      if (!this.#isAsking) void this.#askAll();
    });
  }

  /** Never rejects: who asked is told. */
  async #askAll(): Promise<void> {
    this.#isAsking = true;
    while (this.#waiting.length > 0) await this.#ask(this.#waiting.splice(0, KEYS_MAX));
    this.#isAsking = false;
  }

  async #ask(asking: readonly Asking[]): Promise<void> {
    const { db } = this.#projector;
    try {
      const keys = asking.map(({ key }) => key);
      const rows = await this.#projector.patiently(() => findVersions(db, keys));
      const byKey = Map.groupBy(rows, instanceKeyText);
      for (const { key, resolve } of asking) resolve(rows.length === 0 ? [] : (byKey.get(instanceKeyText(key)) ?? []));
    } catch (thrown) {
      for (const { reject } of asking) reject(thrown);
    }
  }
}
