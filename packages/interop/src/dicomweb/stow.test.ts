import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type StoredInstance, storeResponse } from './stow.ts';

const CT = '1.2.840.10008.5.1.4.1.1.2';
const stored: StoredInstance = {
  sopClassUid: CT,
  sopInstanceUid: '1.2.3',
  retrieveUrl: 'http://h/studies/1/series/2/instances/1.2.3',
};
const failed = { sopClassUid: CT, sopInstanceUid: '1.2.4', failureReason: 0xa700 };

test('the status says how much was stored', () => {
  const status = (...[all, none, others]: [StoredInstance[], (typeof failed)[], number[]]): number =>
    storeResponse({ stored: all, failed: none, others }).status;
  assert.equal(status([stored], [], []), 200);
  assert.equal(status([{ ...stored, warningReason: 0xb000 }], [], []), 202);
  assert.equal(status([stored], [failed], []), 202);
  assert.equal(status([stored], [], [0xc000]), 202);
  assert.equal(status([], [failed], []), 409);
  assert.equal(status([], [failed], [0xc000]), 409);
  assert.equal(status([], [], [0xc000]), 400);
  assert.equal(status([], [], []), 400);
});

test('the document lists what was stored, refused, and not understood', () => {
  const { document } = storeResponse({
    studyRetrieveUrl: 'http://h/studies/1',
    stored: [{ ...stored, warningReason: 0xb000 }],
    failed: [{ ...failed, sopClassUid: '' }],
    others: [0xc000],
  });
  assert.deepEqual(document, {
    '00081190': { vr: 'UR', Value: ['http://h/studies/1'] },
    '00081198': {
      vr: 'SQ',
      Value: [
        {
          '00081150': { vr: 'UI' },
          '00081155': { vr: 'UI', Value: ['1.2.4'] },
          '00081197': { vr: 'US', Value: [0xa700] },
        },
      ],
    },
    '00081199': {
      vr: 'SQ',
      Value: [
        {
          '00081150': { vr: 'UI', Value: [CT] },
          '00081155': { vr: 'UI', Value: ['1.2.3'] },
          '00081190': { vr: 'UR', Value: [stored.retrieveUrl] },
          '00081196': { vr: 'US', Value: [0xb000] },
        },
      ],
    },
    '0008119A': { vr: 'SQ', Value: [{ '00081197': { vr: 'US', Value: [0xc000] } }] },
  });
});

test('what is empty is absent', () => {
  const { document } = storeResponse({ stored: [stored], failed: [], others: [] });
  assert.deepEqual(Object.keys(document), ['00081199']);
});
