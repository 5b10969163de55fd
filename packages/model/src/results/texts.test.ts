import assert from 'node:assert/strict';
import { test } from 'node:test';
import { line } from './texts.ts';

test('a line is of 64 bytes at the most in any character set, whole letters, no backslash', () => {
  const bytesOf = (text: string): number => new TextEncoder().encode(line(text)).length;
  assert.equal(line('Resultado de IA: Densidad en tomografía de tórax (demostración)').length, 61);
  for (const text of ['ó'.repeat(64), 'a'.repeat(80), `a${'ñ'.repeat(40)}`, '胸'.repeat(30), '🫁'.repeat(20)]) {
    assert.ok(bytesOf(text) <= 64 && bytesOf(text) > 60, `${text}: ${bytesOf(text)}`);
    assert.ok(text.startsWith(line(text)));
  }
  assert.equal(line('a\\b\n'), 'a b');
});
