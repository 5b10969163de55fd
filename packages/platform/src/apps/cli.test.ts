import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMMANDS } from './cli.ts';

/** Options that say where a private key lies, or what a public one is. */
const FILES_AND_PUBLIC_KEYS = ['audit --key', 'audit --new-key', 'model --key'];

/** A command line is seen by everybody on the machine, and stays in the shell's history. */
test('no command takes a secret as an argument', () => {
  const SECRET = /pass(?!ive)|secret|token|credential|private|database|url\b|\bkey\b/i;
  const found: string[] = [];
  for (const { name, usage, options } of COMMANDS) {
    const suspect = Object.keys(options).filter((option) => SECRET.test(option));
    found.push(...suspect.map((option) => `${name} --${option}`));
    assert.doesNotMatch(usage, /pass(?!ive)|secret|token|credential|private|database/i, name);
  }
  assert.deepEqual(found.sort(), FILES_AND_PUBLIC_KEYS);
});
