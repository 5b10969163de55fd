/**
 * An input on which something failed once: its number in the generator of its suite, and the file of the corpus that
 * was damaged. The bytes are made again from these two. They are replayed before anything new is tried.
 */
export type Seed = { number: number; path: string };

export const PARSER_SEEDS: readonly Seed[] = [];

export const LIVE_SEEDS: readonly Seed[] = [];
