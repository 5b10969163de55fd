import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Phi } from '@acervo/kernel/phi.ts';
import { makeLog } from './log.ts';

test('one JSON line per event, flat, at or above its level', () => {
  const lines: string[] = [];
  const log = makeLog('info', { write: (line) => void lines.push(line) });
  log.debug('pdu.read', { bytes: 6 });
  log.info('store.committed', { digest: 'ab', ms: 3, absent: undefined });
  const [line, ...more] = lines.map((text) => JSON.parse(text) as Record<string, unknown>);
  assert.deepEqual(more, []);
  const { time, ...rest } = line ?? {};
  assert.match(String(time), /^\d{4}-\d\d-\d\dT/);
  assert.deepEqual(rest, { level: 'info', pid: process.pid, event: 'store.committed', digest: 'ab', ms: 3 });
});

test('patient data neither compiles as a field nor prints', () => {
  const lines: string[] = [];
  const log = makeLog('info', { write: (line) => void lines.push(line) });
  // @ts-expect-error: a Phi is no LogValue.
  log.info('store.committed', { patient: new Phi('NUÑEZ^JOSE') });
  assert.doesNotMatch(lines.join(''), /NU/);
});
