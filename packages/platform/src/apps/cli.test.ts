import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMMANDS } from './cli.ts';

/** Options that say where a private key lies, or what a public one is. */
const FILES_AND_PUBLIC_KEYS = ['approve --key', 'audit --key', 'audit --new-key', 'model --key'];

/** Names a file that holds the secret, or takes no argument at all. */
const HARMLESS = /--[a-z-]+-file\b|--without-secrets\b/g;

/** A command line is seen by everybody on the machine, and stays in the shell's history. */
test('no command takes a secret as an argument', async () => {
  const SECRET = /pass(?!ive)|secret|token|credential|private|database|url\b|\bkey\b/i;
  const found: string[] = [];
  for (const [called, load] of Object.entries(COMMANDS)) {
    const { name, usage, options } = await load();
    assert.equal(name, called);
    const named = Object.keys(options).map((option) => `--${option}`.replaceAll(HARMLESS, ''));
    found.push(...named.filter((option) => SECRET.test(option)).map((option) => `${name} ${option}`));
    assert.doesNotMatch(usage.replaceAll(HARMLESS, ''), /pass(?!ive)|secret|token|credential|private|database/i, name);
  }
  assert.deepEqual(found.sort(), FILES_AND_PUBLIC_KEYS);
});
