import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { keysOf } from './asked-keys.ts';

test('keys as people write them', () => {
  const keys = keysOf([
    'PatientName=NUÑEZ*=山田',
    'StudyDate',
    '0020000D=1.2\\1.3',
    'Rows=512',
    'RequestAttributesSequence.RequestedProcedureID=R1',
    'RequestAttributesSequence.ScheduledProcedureStepID',
  ]);
  assert.deepEqual(keys, {
    '00100010': { vr: 'PN', Value: [{ Alphabetic: 'NUÑEZ*', Ideographic: '山田' }] },
    '00080020': { vr: 'DA' },
    '0020000D': { vr: 'UI', Value: ['1.2', '1.3'] },
    '00280010': { vr: 'US', Value: [512] },
    '00400275': { vr: 'SQ', Value: [{ '00401001': { vr: 'SH', Value: ['R1'] }, '00400009': { vr: 'SH' } }] },
  });
});

test('what is no key is refused, not left out', () => {
  for (const word of ['Nombre=x', 'Rows=many', 'PixelData=x', 'PatientName.PatientID=1', '=x']) {
    assert.throws(
      () => keysOf([word]),
      (thrown) => thrown instanceof Failure && thrown.code === 'query/invalid',
      word,
    );
  }
  assert.throws(() => keysOf(['PatientID=1', 'PatientID=2']), Failure);
});
