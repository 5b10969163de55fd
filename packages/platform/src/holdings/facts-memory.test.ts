import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findTransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { FactsMemory } from './facts-memory.ts';
import { indexFactsOf } from './index-facts.ts';
import { ingestReader } from './intake.ts';

const CONTEXT = { issuer: 'HGM', charset: '' };

function headerOf(object: ReturnType<typeof smallObject>) {
  const syntax = findTransferSyntax(object.transferSyntaxUid);
  assert.ok(syntax);
  const reader = ingestReader(syntax);
  reader.push(object.dataSet);
  reader.end();
  return reader.dataSet;
}

test('remembered facts are the facts: same series, other patient in it, other context, forgotten', () => {
  const memory = new FactsMemory();
  const objects = [
    smallObject({ name: 'facts', study: 1, number: 1 }),
    smallObject({ name: 'facts', study: 1, number: 2 }),
    smallObject({ name: 'facts', study: 1, number: 3, patientName: 'NUÑEZ^OTRA' }),
    smallObject({ name: 'facts', study: 1, number: 4 }),
    ...Array.from({ length: 300 }, (_, study) => smallObject({ name: 'facts', study: study + 2, number: 1 })),
    smallObject({ name: 'facts', study: 1, number: 5 }),
  ];
  for (const object of objects) {
    for (const context of [CONTEXT, { issuer: '', charset: 'ISO_IR 192' }]) {
      const dataSet = headerOf(object);
      const series = 'the same for all';
      assert.deepEqual(memory.of(dataSet, context, series), indexFactsOf(dataSet, context));
    }
  }
});
