import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { storeSmall } from '@acervo/testkit/filled-archive.ts';
import { smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { openTestArchive } from '@acervo/testkit/open-archive.ts';
import { silentLog, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { importSeed } from '../../features/directory/seed.ts';
import { makeAgreement, refer } from '../../features/sharing/change.ts';
import type { Sql } from '../../ports/sql.ts';
import type { CommandContext } from '../command.ts';
import { loadConfig } from '../config.ts';
import { policyCommand } from './policy.ts';

type Explained = { decision: { isPermitted: boolean; policies: string[] }; facts: { institution: string } };

test('it is explained how an AE title, a token and a person would be decided about', async (t) => {
  const archive = await openTestArchive(t);
  const { studyUid } = smallObject({ name: 'explained', study: 1, number: 1 });
  await storeSmall(archive, { name: 'explained', study: 1, number: 1 }, 'A');
  const { database } = archive;
  const radiologist = { role: 'radiologist', institution: 'B' } as const;
  await importSeed(database, testOp(), {
    institutions: [{ code: 'B', name: 'B' }],
    people: [{ login: 'eva', name: 'Eva', institution: 'B', roles: [radiologist] }],
    sensitivities: [{ institution: 'A', label: 'vip', study: studyUid, reason: 'test' }],
  });
  const validity = { from: '2026-01-01T00:00:00Z' };
  const between = { owner: 'A', receiver: 'B', validity };
  await makeAgreement(database, testOp(), { ...between, purposes: ['TREATMENT'], reference: 'Convenio 1' });
  const file = join(temporaryDirectory(), 'access.json');
  const token = { name: 'visor', sha256: createHash('sha256').update('x').digest('hex'), institution: 'A' };
  writeFileSync(file, JSON.stringify({ systems: [{ aeTitle: 'PACS_B', institution: 'B' }], tokens: [token] }));
  const said: { text: string; value: unknown }[] = [];
  const context: CommandContext = {
    config: loadConfig({ ACERVO_DATA_DIR: archive.dataDir, ACERVO_ACCESS_FILE: file }),
    log: silentLog,
    signal: t.signal,
    print: (text, value) => void said.push({ text, value }),
    isJson: true,
  };
  const explain = async (as: string, more: Record<string, string> = {}): Promise<string> => {
    said.length = 0;
    await policyCommand.run(
      { values: { as, study: studyUid, lang: 'es', ...more }, positionals: ['explain'] },
      context,
    );
    const [{ value } = { value: undefined }] = said;
    const { decision, facts } = value as Explained;
    assert.deepEqual([said.length, facts.institution], [1, 'A']);
    return `${decision.isPermitted ? '+' : '-'}${decision.policies.join()}`;
  };
  assert.equal(await explain('PACS_B'), '-sensitive');
  assert.match(said[0]?.text ?? '', /^NEGADO: read\nDeciden las políticas: sensitive\nQuién: system PACS_B, B/);
  assert.equal(await explain('visor', { action: 'commit' }), '-system-may-commit');
  assert.equal(await explain('eva'), '-sensitive');
  const { issuer, patientId } = await patientOf(database, studyUid);
  await refer(database, testOp(), { ...between, issuer, patientId, reason: 'Oncología' });
  assert.equal(await explain('eva', { lang: 'en' }), '+agreement,referral');
  assert.match(said[0]?.text ?? '', /^PERMITTED: read\nDecided by the policies: agreement, referral\n/);
  assert.equal(await explain('eva', { purpose: 'RESEARCH' }), '-sensitive');
  const failed = (code: string) => (thrown: unknown) => thrown instanceof Failure && thrown.code === code;
  await assert.rejects(explain('nobody'), failed('access/unknown'));
  await assert.rejects(explain('eva', { at: 'A' }), failed('access/denied'));
  await assert.rejects(explain('eva', { study: '2.25.9' }), failed('retrieve/not-found'));
});

async function patientOf(sql: Sql, studyUid: string): Promise<{ issuer: string; patientId: string }> {
  const [row] = await sql.query<{ issuer: string; patientId: string }>(
    'select issuer, patient_id as "patientId" from study where study_uid = $1',
    [studyUid],
  );
  assert.ok(row);
  return row;
}
