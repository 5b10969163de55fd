/** Whoever a process or a folder is started for, and ends with: a test, or a row of the benchmark. */
export type Owner = { after(end: () => unknown): void };
