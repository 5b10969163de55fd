import { Failure } from '@acervo/kernel/failure.ts';

/** @throws {Failure} parse/json; `path` is tags and item indexes, and `why` never tells a value. */
export function refuse(path: string, why: string): never {
  throw new Failure('parse/json', `${path === '' ? 'data set' : path}: ${why}`);
}
