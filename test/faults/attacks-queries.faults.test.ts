import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataSetOf, textElement } from '@acervo/dicom/data-set/build.ts';
import { writeDataSet } from '@acervo/dicom/data-set/write.ts';
import { findAttribute, vrOf } from '@acervo/dicom/dictionary.ts';
import { C_FIND_RQ } from '@acervo/dicom/dimse/command.ts';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { T } from '@acervo/dicom/tags.ts';
import { EXPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { isPending } from '@acervo/platform/bindings/dimse.ts';
import { smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { AUTHORIZED, SYSTEMS, startKnown, TOKEN } from '../harness/known-archive.ts';
import { associate } from '../harness/sender.ts';
import { stow } from '../harness/stow.ts';

const STUDY_ROOT_FIND = '1.2.840.10008.5.1.4.1.2.2.1';
const LITTLE = { explicitVr: true, littleEndian: true };
/** Each would hold the answer up, show more than matches, or take a table away, if a statement were made of text. */
const PAYLOADS = [
  "' or '1'='1",
  "x'; drop table study cascade; --",
  // Longer than any question may take: it would be answered 503.
  "'; select pg_sleep(60); --",
  "x') or true --",
  '%',
  '_',
  '$1',
  "E'\\\\x27 or 1=1",
  '{"a":"b"}',
  "'||(select current_user)||'",
];
const OBJECTS = [1, 2, 3].map((study) => smallObject({ name: 'attacks-queries', study, number: 1 }));
const files = OBJECTS.map((object) => concat([writeFileHead(object), object.dataSet]));

/** Every attribute that the archive has a name for, those of sequences and pixels left out. */
const KEYS = Object.values(T).filter((tag) => !['SQ', 'OW', 'OB', 'UN', undefined].includes(vrOf(tag)));

async function started(t: Parameters<typeof startKnown>[0]) {
  const { archive } = await startKnown(t, 'attacks-queries');
  assert.equal((await stow({ http: archive.http, token: TOKEN }, files)).stored.length, OBJECTS.length);
  const found = async (path: string): Promise<{ status: number; count: number }> => {
    const answer = await fetch(`${archive.http}/dicom-web${path}`, { headers: AUTHORIZED });
    const text = await answer.text();
    return { status: answer.status, count: answer.status === 200 ? (JSON.parse(text) as unknown[]).length : 0 };
  };
  return { archive, found };
}

test('text of a QIDO-RS key never becomes a statement, at any level', async (t) => {
  const { archive, found } = await started(t);
  const startedAt = performance.now();
  let asked = 0;
  for (const level of ['studies', 'series', 'instances']) {
    for (const tag of KEYS) {
      // What a key becomes is the same at every level; which keys there are is not.
      for (const payload of level === 'studies' ? PAYLOADS : PAYLOADS.slice(0, 3)) {
        const key = findAttribute(tag)?.keyword ?? '';
        const { status, count } = await found(`/${level}?${key}=${encodeURIComponent(payload)}`);
        asked += 1;
        const what = `${level} ${key}=${payload}: ${status}, ${count}`;
        assert.ok([200, 204, 400].includes(status), what);
        assert.equal(count, 0, what);
      }
    }
  }
  for (const payload of PAYLOADS.map(encodeURIComponent)) {
    for (const parameter of ['limit', 'offset', 'includefield', 'fuzzymatching', payload]) {
      const { status } = await found(`/studies?${parameter}=${payload}`);
      assert.ok([200, 204, 400].includes(status), `${parameter}=${payload}: ${status}`);
    }
  }
  t.diagnostic(`${asked} questions in ${Math.round((performance.now() - startedAt) / 1000)} s`);
  assert.deepEqual(await found('/studies?PatientID=P1'), { status: 200, count: 1 });
  assert.deepEqual(await found('/studies'), { status: 200, count: OBJECTS.length });
  assert.doesNotMatch(archive.logText(), /"internal"/);
});

test('nor does that of a C-FIND key', async (t) => {
  const { archive, found } = await started(t);
  const find = { sopClassUid: STUDY_ROOT_FIND, transferSyntaxUid: EXPLICIT_LE };
  const association = await associate(archive, [find], SYSTEMS.a);
  const [context] = association.contexts;
  assert.ok(context);
  const ask = async (level: string, tag: number, text: string): Promise<{ status: number; count: number }> => {
    const vr = vrOf(tag);
    assert.ok(vr);
    const elements = [textElement(T.QueryRetrieveLevel, 'CS', level), textElement(tag, vr, text)];
    const dataSet = writeDataSet(dataSetOf(elements.sort((a, b) => a.tag - b.tag)), LITTLE);
    const command = { commandField: C_FIND_RQ, affectedSopClassUid: STUDY_ROOT_FIND, priority: 0 };
    let [status, count] = [0, 0];
    for await (const reply of association.ask({ context, command, dataSet })) {
      status = reply.status;
      if (isPending(reply.status)) count += 1;
    }
    return { status, count };
  };
  const TEXT = new Set(['AE', 'CS', 'LO', 'LT', 'PN', 'SH', 'ST', 'UI', 'DA', 'TM', 'DT', 'IS', 'DS', 'UC', 'UT']);
  const keys = KEYS.filter((tag) => TEXT.has(vrOf(tag) ?? '') && tag !== T.QueryRetrieveLevel);
  let asked = 0;
  for (const tag of keys) {
    for (const payload of PAYLOADS) {
      const { status, count } = await ask('STUDY', tag, payload);
      asked += 1;
      // A key that is not supported is a return key (PS3.4 C.4.1.1.3.2): it does not bound the answer.
      const isReturnKey =
        status === 0 && count === OBJECTS.length && (await ask('STUDY', tag, 'NONE-HAS-IT')).count > 0;
      const what = `${findAttribute(tag)?.keyword}=${payload}: ${status.toString(16)}, ${count}`;
      assert.ok(status === 0 || (status & 0xf000) === 0xa000 || status >> 12 === 0xc, what);
      assert.ok(count === 0 || isReturnKey, what);
    }
  }
  for (const payload of PAYLOADS) {
    const { status, count } = await ask(payload.toUpperCase().slice(0, 16), T.PatientID, 'P1');
    assert.ok(status !== 0 && count === 0, `level ${payload}: ${status.toString(16)}`);
  }
  assert.deepEqual(await ask('STUDY', T.PatientID, 'P1'), { status: 0, count: 1 });
  await association.release();
  t.diagnostic(`${asked} questions`);
  assert.deepEqual(await found('/studies'), { status: 200, count: OBJECTS.length });
  assert.doesNotMatch(archive.logText(), /"internal"/);
});
