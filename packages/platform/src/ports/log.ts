import type { Phi } from '@acervo/kernel/phi.ts';

/** What a log line may carry: flat facts, never patient data. A Phi does not compile here. */
export type LogValue = string | number | boolean | undefined;
export type LogFields = { [name: string]: LogValue } & { [name: string]: LogValue | (Phi<unknown> & never) };

/** One JSON line per outcome, logged where it is handled, once. `event` is a dotted noun.verb. */
export type Log = {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
};
