import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { INCOMPATIBLE_SIGNERS } from '@acervo/model/lifecycle/quorum.ts';

/** A feature imports no other one: the table of the directory is read as text. */
const DIRECTORY = readFileSync(join(import.meta.dirname, '../directory/incompatible.ts'), 'utf8');

test('roles that one signer must not have together are refused by the directory, too', () => {
  for (const [a, b] of INCOMPATIBLE_SIGNERS) {
    assert.match(DIRECTORY, new RegExp(`anywhere\\('(${a}', '${b}|${b}', '${a})'`), `${a} with ${b}`);
  }
});
