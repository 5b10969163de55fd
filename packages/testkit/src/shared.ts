import assert from 'node:assert/strict';
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

const BESIDE = join(import.meta.dirname, '../../../../shared');
/** Where it really lies: what walks a folder tells the names it finds there. */
const SHARED = existsSync(BESIDE) ? realpathSync(BESIDE) : BESIDE;

/** Path of a file of the shared test data, which lies beside the checkout and is never part of it. */
export function sharedPath(...parts: string[]): string {
  return join(SHARED, ...parts);
}

/**
 * True when the shared test data are there; else the test is skipped with a clear word. Where
 * ACERVO_REQUIRE_SHARED=1 (continuous integration), their absence is an error instead.
 */
export function needsShared(t: TestContext): boolean {
  if (existsSync(sharedPath('corpus/index.json'))) return true;
  assert.notEqual(process.env['ACERVO_REQUIRE_SHARED'], '1', 'shared test data are required here');
  t.skip('no ../shared beside this checkout');
  return false;
}
