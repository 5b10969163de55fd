import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isGroupLength, isPrivate, isPrivateCreator, parseTag, tagText } from './tag.ts';

test('a tag as text, and back', () => {
  assert.equal(tagText(0x0020000d), '0020000D');
  assert.equal(tagText(0xfffee000), 'FFFEE000');
  assert.equal(parseTag('0020000d'), 0x0020000d);
  for (const not of ['', '0020000', '0020000DD', '0020,000D', '0x20000D', ' 020000D']) {
    assert.equal(parseTag(not), undefined, not);
  }
  fc.assert(fc.property(fc.nat(0xffffffff), (tag) => parseTag(tagText(tag)) === tag));
});

test('group lengths, private elements and private creators', () => {
  assert.ok(isGroupLength(0x00080000) && !isGroupLength(0x00080001));
  assert.ok(isPrivate(0x00091001) && !isPrivate(0x00081001) && !isPrivate(0xfffee000));
  assert.ok(isPrivateCreator(0x00090010) && isPrivateCreator(0x000900ff));
  assert.ok(!isPrivateCreator(0x0009000f) && !isPrivateCreator(0x00090100) && !isPrivateCreator(0x00080010));
});
