import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMMANDS } from './cli.ts';

/** A command line is seen by everybody on the machine, and stays in the shell's history. */
test('no command takes a secret as an argument', () => {
  const SECRET = /pass(?!ive)|secret|token|credential|private|database|url\b|\bkey\b/i;
  for (const { name, usage, options } of COMMANDS) {
    for (const option of Object.keys(options)) assert.doesNotMatch(option, SECRET, `${name} --${option}`);
    assert.doesNotMatch(usage, SECRET, name);
  }
});
