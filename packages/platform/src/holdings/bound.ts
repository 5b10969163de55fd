import type { SqlValue } from '../ports/sql.ts';

/** Values of a statement, by number. Nothing that a caller sent ever stands in a statement's text. */
export class Bound {
  readonly values: SqlValue[];

  /** @param values  those that the statement's text numbers already */
  constructor(values: readonly SqlValue[] = []) {
    this.values = [...values];
  }

  /** @returns how the statement refers to the value */
  add(value: SqlValue, type: 'text' | 'text[]' | 'date' | 'bigint' | 'numeric' | 'uuid'): string {
    this.values.push(value);
    return `$${this.values.length}::${type}`;
  }
}
