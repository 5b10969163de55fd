/**
 * A value that may identify a patient. It prints as `[phi]` wherever text is made of it, so a log line
 * or an error message cannot carry it by accident; `reveal()` is the one visible way to the value.
 */
export class Phi<T> {
  readonly #value: T;
  constructor(value: T) {
    this.#value = value;
  }
  reveal(): T {
    return this.#value;
  }
  toString(): string {
    return '[phi]';
  }
  toJSON(): string {
    return '[phi]';
  }
}
