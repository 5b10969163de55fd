import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findAttribute, tagOf, vrOf } from './dictionary.ts';
import { tagText } from './tag.ts';
import { T } from './tags.ts';

test('an attribute by its tag', () => {
  assert.deepEqual(findAttribute(0x00100010), {
    tag: 0x00100010,
    keyword: 'PatientName',
    vr: 'PN',
    vrs: ['PN'],
    vm: '1',
    retired: false,
  });
  assert.equal(findAttribute(0x00080001)?.retired, true);
  assert.equal(findAttribute(0x00280106)?.vrs.join(), 'US,SS');
  assert.equal(findAttribute(0x00020010)?.keyword, 'TransferSyntaxUID');
  assert.equal(findAttribute(0x00000100)?.keyword, 'CommandField');
  assert.equal(findAttribute(0xfffee0dd)?.keyword, 'SequenceDelimitationItem');
  assert.equal(findAttribute(0x00100011), undefined);
});

test('repeating groups are found by their mask, and only in even groups', () => {
  assert.deepEqual([findAttribute(0x60043000)?.keyword, findAttribute(0x60043000)?.tag], ['OverlayData', 0x60043000]);
  assert.equal(findAttribute(0x501e3000)?.keyword, 'CurveData');
  assert.equal(findAttribute(0x002031a7)?.keyword, 'SourceImageIDs');
  assert.equal(findAttribute(0x00280422)?.keyword, 'CoefficientCoding');
  assert.equal(findAttribute(0x7f020010)?.keyword, 'VariablePixelData');
  assert.equal(findAttribute(0x7fe00010)?.keyword, 'PixelData');
  assert.equal(findAttribute(0x10004563)?.keyword, 'HuffmanTableTriplet');
  assert.equal(findAttribute(0x60013000), undefined);
});

test('a tag by its keyword or digits', () => {
  assert.equal(tagOf('PatientID'), 0x00100020);
  assert.equal(tagOf('0020000D'), 0x0020000d);
  assert.equal(tagOf('OverlayData'), 0x60003000);
  for (const not of ['', 'patientid', 'Patient ID', '0020,000D', 'constructor']) assert.equal(tagOf(not), undefined);
});

test('the VR that implicit VR does not say (PS3.5 A.1)', () => {
  const expected = {
    0x00080000: 'UL',
    0x00090000: 'UL',
    0x00090010: 'LO',
    0x00091010: 'UN',
    0x00100010: 'PN',
    0x7fe00010: 'OW',
    0x60003000: 'OW',
    0x00280106: 'US',
    0x00283006: 'OW',
    0x00281200: 'OW',
    0x00281201: 'OW',
    0x00283002: 'US',
    0x00189999: 'UN',
    0xfffee000: 'UN',
  };
  for (const [tag, vr] of Object.entries(expected)) assert.equal(vrOf(Number(tag)), vr, tagText(Number(tag)));
});

test('the tags named in code are those of the dictionary', () => {
  for (const [keyword, tag] of Object.entries(T)) assert.equal(tagOf(keyword), tag, keyword);
});

test('every row has a VR, a VM and a keyword of its own', async () => {
  const { ATTRIBUTES } = await import('./generated/attributes.ts');
  const rows = ATTRIBUTES.trim().split('\n');
  assert.ok(rows.length > 5000);
  assert.equal(new Set(rows.map((row) => row.split(' ')[4])).size, rows.length);
  for (const row of rows) assert.match(row, /^[0-9A-Fx]{8} [A-Z]{2}(\/[A-Z]{2})* [0-9n-]+ [R-] [A-Za-z]\w+$/);
});
