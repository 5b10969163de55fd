import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dateRange, keysOf, NO_FILTER, personOf, viewerUrl } from './studies.ts';

test('what is typed is looked for where it may stand', () => {
  assert.deepEqual(keysOf('  '), [{}]);
  assert.deepEqual(keysOf(' nuñez begoña'), [{ PatientName: 'nuñez begoña', fuzzymatching: 'true' }]);
  assert.deepEqual(keysOf('IM-51'), [{ PatientID: 'IM-51*' }, { AccessionNumber: 'IM-51*' }]);
  assert.deepEqual(keysOf('1.2.840.10008'), [{ StudyInstanceUID: '1.2.840.10008' }]);
});

test('periods are ranges of days that end with today', () => {
  const today = new Date(2026, 2, 1, 9);
  const range = (part: Partial<typeof NO_FILTER>): string => dateRange({ ...NO_FILTER, ...part }, today);
  assert.equal(range({ period: 'all', from: '2020-01-01' }), '');
  assert.equal(range({ period: 'today' }), '20260301');
  assert.equal(range({ period: 'week' }), '20260223-');
  assert.equal(range({ period: 'month' }), '20260131-');
  assert.equal(range({ period: 'range' }), '');
  assert.equal(range({ period: 'range', to: '2026-01-31' }), '-20260131');
});

test('names are written as people write them, and addresses of the viewer name the institution', () => {
  const match = (name: object) => ({ '00100010': { vr: 'PN', Value: [name] } });
  assert.equal(personOf(match({ Alphabetic: 'Peña Güemes^José^Ángel' }), '00100010'), 'Peña Güemes, José Ángel');
  assert.equal(personOf(match({ Alphabetic: 'Solo' }), '00100010'), 'Solo');
  assert.equal(personOf(match({ Ideographic: '山田^太郎' }), '00100010'), '山田, 太郎');
  assert.equal(personOf({}, '00100010'), '');
  assert.equal(viewerUrl('1.2', 'HGM'), '/ohif/viewer?StudyInstanceUIDs=1.2&institution=HGM');
});
