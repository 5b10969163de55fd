import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EXPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { auditRecordOf } from '@acervo/interop/audit/describe.ts';
import { auditEventOf } from '@acervo/interop/audit/fhir.ts';
import { auditMessageXml } from '@acervo/interop/audit/message.ts';
import { silentLog, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { get, image, startArchive, storeImage, studyPath } from '../features/retrieve/retrieve.fixture.ts';
import {
  associate,
  associateToGet,
  receiver,
  retrieve,
  STUDY_ROOT,
  taking,
} from '../features/transfer/transfer.fixture.ts';
import type { Envelope } from '../journal/event.ts';
import { loadAccess } from './access.ts';
import { loadConfig } from './config.ts';

const TOKEN = 'network-address';
const SOURCE = { aeTitle: 'ACERVO', id: 'ACERVO@here', site: 'TEST' };

test('events say from which network address somebody came, by either door and when refused', async (t) => {
  const file = join(temporaryDirectory(), 'access.json');
  const sha256 = createHash('sha256').update(TOKEN).digest('hex');
  const systems = [{ aeTitle: 'SCU', institution: 'TEST' }];
  writeFileSync(file, JSON.stringify({ systems, tokens: [{ name: 'visor', sha256, institution: 'TEST' }] }));
  const archive = await startArchive(t, { ACERVO_ACCESS_FILE: file, ACERVO_ACCESS: 'enforced' });
  const sent = image({ study: '2.25.9', series: 1, number: 1, transferSyntaxUid: EXPLICIT_LE });
  await storeImage(archive, sent);
  const authorized = { authorization: `Bearer ${TOKEN}` };
  // A proxy on this machine says whom it answers; of several addresses the last is the one that it saw itself.
  for (const [study, by] of [
    ['/dicom-web/studies?limit=1', '198.51.100.1, 203.0.113.9'],
    [`${studyPath(sent)}/metadata`, 'what is no address'],
  ] as const) {
    assert.equal((await get(archive, study, { ...authorized, 'x-forwarded-for': by })).status, 200);
  }
  const taken = receiver();
  const association = await associateToGet(t, archive, taken, [taking([EXPLICIT_LE])]);
  const keys = { QueryRetrieveLevel: 'STUDY', StudyInstanceUID: sent.studyUid };
  assert.equal((await retrieve(association, STUDY_ROOT, keys)).final.command.status, 0);
  await assert.rejects(associate(t, archive, [taking([EXPLICIT_LE])], { callingAet: 'STRANGER' }));
  const events = (
    await archive.server.archive.database.query<{ event: string }>('select event from journal order by id')
  ).map(({ event }) => JSON.parse(event) as Envelope);
  const told = events
    .filter(({ kind }) => kind !== 'segment.sealed')
    .map(({ v, kind, actor, address }) => [v, kind, actor.id, address]);
  assert.deepEqual(
    told.filter(([, kind]) => kind !== 'instance.stored'),
    [
      [2, 'query.executed', 'visor', '203.0.113.9'],
      [1, 'study.retrieved', 'visor', undefined],
      [2, 'study.retrieved', 'SCU', '127.0.0.1'],
      [2, 'association.refused', 'STRANGER', '127.0.0.1'],
    ],
  );
  // PS3.15 A.5.2.5: of the message, and of the AuditEvent.
  const query = events.find(({ kind }) => kind === 'query.executed');
  assert.ok(query);
  const record = auditRecordOf({ seq: 1, hash: 'ab'.repeat(32), event: query }, SOURCE);
  assert.match(auditMessageXml(record), /NetworkAccessPointID="203\.0\.113\.9" NetworkAccessPointTypeCode="2"/);
  const { agent } = auditEventOf(record) as unknown as { agent: { network?: object }[] };
  assert.deepEqual(agent[0]?.network, { address: '203.0.113.9', type: '2' });
});

test('an address is kept in one form, and what is none is not kept', () => {
  const access = loadAccess(loadConfig({ ACERVO_ACCESS: 'open' }), silentLog);
  const { signal } = new AbortController();
  const kept = (address?: string): string => access.ofCommand('test').openOp(signal, address).address;
  for (const [given, expected] of [
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['2001:db8::7', '2001:db8::7'],
    ['unknown', ''],
    ['10.0.0.1\r\nx: y', ''],
    [undefined, ''],
  ] as const) {
    assert.equal(kept(given), expected, String(given));
  }
});
