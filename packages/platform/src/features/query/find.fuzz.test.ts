import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataSetOf, textElement } from '@acervo/dicom/data-set/build.ts';
import { findAttribute, vrOf } from '@acervo/dicom/dictionary.ts';
import { ATTRIBUTES } from '@acervo/dicom/generated/attributes.ts';
import { T } from '@acervo/dicom/tags.ts';
import { EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { createRandom } from '@acervo/kernel/random.ts';
import { mutate } from '@acervo/testkit/fixtures/mutate.ts';
import { scaled } from '@acervo/testkit/scale.ts';
import { type FindAsked, responses, written } from './find.fixture.ts';
import { FIND_LEVELS, FIND_MODELS } from './find-models.ts';
import { dicomJson, type Facts, index, testIndex } from './query.fixture.ts';
import { askedIdentifier } from './query.scu.ts';

const ROUNDS = 2_000;
const BYTES_MAX = 4096;
/** What is not an answer to a query: 0xC001 would be a fault of ours. */
const FINAL: ReadonlySet<number> = new Set([0x0000, 0xa700, 0xa900, 0xc000]);
const PENDING: ReadonlySet<number> = new Set([0xff00, 0xff01]);

const HELD: Facts = {
  StudyInstanceUID: '1.2.3',
  SeriesInstanceUID: '1.2.3.1',
  SOPInstanceUID: '1.2.3.1.1',
  PatientName: 'NUÑEZ PEÑA^JOSÉ=山田',
  PatientID: '0042',
  StudyDate: '20250103',
  StudyTime: '1200',
  Modality: 'CT',
  RequestAttributesSequence: [{ RequestedProcedureID: 'RP1' }],
};
const ASKED: Facts = {
  PatientName: 'NUÑEZ*^?OSÉ',
  PatientID: '0042',
  StudyInstanceUID: ['1.2.3', '1.2.4'],
  StudyDate: '20250101-20250131',
  StudyTime: '-1200',
  ModalitiesInStudy: ['CT', 'MR'],
  SeriesNumber: '',
  NumberOfStudyRelatedInstances: '',
  RequestAttributesSequence: [{ RequestedProcedureID: 'R*', ScheduledProcedureStepID: '' }],
};
const VALUES = [
  '*',
  '?',
  '',
  '*A',
  '-',
  '20250101-',
  '1-2',
  '\\',
  'x\\*',
  '""',
  "x'; --",
  '%_',
  '1.2.3',
  '0',
  '-1',
  '1e9',
  '^=',
  '\u001b$B',
];

test('whatever the Identifier is, the answer is one of PS3.4 table C.4-1', async (t) => {
  const { database, ports } = await testIndex(t);
  await index(database, [{ institution: 'HGM', facts: HELD }]);
  const random = createRandom('identifiers');
  const keywords = ATTRIBUTES.trim()
    .split('\n')
    .map((line) => Number.parseInt(line.slice(0, 8).replaceAll('x', '0'), 16));
  const tags = keywords.filter((tag) => tag > T.SpecificCharacterSet && findAttribute(tag) !== undefined);
  const syntaxes = [EXPLICIT_LE, IMPLICIT_LE, EXPLICIT_BE];
  const seen = new Map<number, number>();

  const damaged = (transferSyntax: string): Uint8Array => {
    const level = random.pick(FIND_LEVELS);
    return mutate(written(askedIdentifier({ level, keys: dicomJson(ASKED) }), transferSyntax), random).subarray(
      0,
      BYTES_MAX,
    );
  };
  /** Any attribute of the dictionary with any value, well encoded. */
  const strange = (transferSyntax: string): Uint8Array => {
    const { elements } = askedIdentifier({
      level: random.pick(FIND_LEVELS),
      keys: dicomJson({ StudyInstanceUID: '1.2.3', SeriesInstanceUID: '1.2.3.1', PatientID: '0042' }),
    });
    const extra = random.pick([[1], [1, 2]]).map(() => {
      const tag = random.pick(tags);
      return textElement(tag, vrOf(tag) === 'SQ' ? 'LO' : vrOf(tag), random.pick(VALUES));
    });
    return written(dataSetOf([...elements.values(), ...extra]), transferSyntax);
  };

  for (let round = 0; round < scaled(ROUNDS); round++) {
    const transferSyntax = random.pick(syntaxes);
    const asked: FindAsked = {
      level: 'STUDY',
      keys: {},
      model: random.pick(FIND_MODELS).uid,
      transferSyntax,
      options: {
        relational: random.pick([true, false]),
        fuzzyMatching: random.pick([true, false]),
        emptyValueMatching: true,
      },
    };
    const bytes = round % 2 === 0 ? damaged(transferSyntax) : strange(transferSyntax);
    const statuses: number[] = [];
    for await (const { status, errorComment = '' } of responses({ ...ports, findMatchesMax: 10 }, asked, bytes)) {
      assert.ok(errorComment.length <= 64);
      statuses.push(status);
    }
    const final = statuses.pop() ?? -1;
    const hex = Buffer.from(bytes).toString('hex');
    assert.ok(
      FINAL.has(final) && statuses.every((status) => PENDING.has(status)),
      `${final.toString(16)}: ${transferSyntax} ${hex}`,
    );
    for (const status of [final, ...statuses]) seen.set(status, (seen.get(status) ?? 0) + 1);
  }
  // Were all refused, or all understood, nothing would be proven.
  for (const status of [0x0000, 0xa900, 0xff00, 0xff01])
    assert.ok((seen.get(status) ?? 0) > scaled(ROUNDS) / 150, [...seen].join(' '));
});
