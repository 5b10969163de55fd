import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { C_FIND_RQ } from '@acervo/dicom/dimse/command.ts';
import { EXPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { newId } from '@acervo/kernel/id.ts';
import { COMPREHENSIVE_3D_SR } from '@acervo/model/results/result.ts';
import { runCommand } from '@acervo/testkit/run-command.ts';
import { SITE } from '../features/governance/governance.fixture.ts';
import { DEMO_MODEL } from '../features/models/demo-model.fixture.ts';
import {
  associate,
  associateToGet,
  identifier,
  qr,
  receiver,
  retrieve,
  STUDY_ROOT,
  taking,
} from '../features/transfer/transfer.fixture.ts';
import { backupCommand } from './commands/backup.ts';
import { exportCommand } from './commands/export.ts';
import type { Silent } from './silent.fixture.ts';

const FIND = '1.2.840.10008.5.1.4.1.2.2.1';
const CR_IMAGE = '1.2.840.10008.5.1.4.1.1.1';
const KINDS = [CR_IMAGE, COMPREHENSIVE_3D_SR].map((sopClass) => taking([EXPLICIT_LE], sopClass));
/** What ends AI at a site, not what reads it. */
const NOT_WALKED = 'POST /api/sites/:institution/ai/stop';

/** All that came out of one exit. */
export type Exit = { name: string; bytes: Buffer };

/** Every way out of the archive for a study, and what came of it. */
export async function everyExit(t: TestContext, silent: Silent, study: string): Promise<Exit[]> {
  return [
    ...(await routes(silent, study)),
    ...(await dimse(t, silent, study)),
    ...(await commands(silent, study)),
    ...(await tables(silent)),
    ...folders(silent),
    { name: 'log', bytes: Buffer.from(silent.heard.log.join('\n')) },
    { name: 'audit messages', bytes: Buffer.concat(silent.heard.audit) },
  ];
}

/** What a route is asked beside its path, so that it answers about the study. */
const QUERIES: Readonly<Record<string, (study: string) => string>> = {
  '/dicom-web/instances': (study) => `?StudyInstanceUID=${study}&includefield=all`,
  '/dicom-web/series': (study) => `?StudyInstanceUID=${study}&includefield=all`,
  '/dicom-web/studies': (study) => `?StudyInstanceUID=${study}&includefield=all`,
  '/api/changes': () => '?since=0&limit=1000',
  '/api/holders': (study) => `?study=${study}`,
  '/api/patients': () => '?id=DEMO',
  '/api/rights/accesses': () => `?patient=${SITE}/TEST/DEMO`,
  '/api/rights/secondary-use': () => `?patient=${SITE}/TEST/DEMO`,
  '/fhir/AuditEvent': (study) => `?_count=1000&entity:identifier=${study}`,
};
const BODIES: Readonly<Record<string, (study: string) => object>> = {
  'POST /api/studies/:study/case-file': () => ({ reason: 'recorrido' }),
  'POST /api/ai/rules/dry-run': () => ({ days: 30 }),
  'POST /api/ai/requests': (study) => ({ studies: [study], model: `${DEMO_MODEL.model}@${DEMO_MODEL.version}` }),
};

/** Every GET and POST of the registered routes, of the study and its image. */
async function routes({ running }: Silent, study: string): Promise<Exit[]> {
  const exits: Exit[] = [];
  for (const { method, path } of running.server.features.flatMap((feature) => feature.routes)) {
    const name = `${method} ${path}`;
    if ((method !== 'GET' && method !== 'POST') || name === NOT_WALKED) continue;
    const filled = path
      .replace(':institution', SITE)
      .replace(':study', study)
      .replace(':series', `${study}.1`)
      .replace(':instance', `${study}.1.1`)
      .replace(':frames', '1')
      .replace(':id', path.startsWith('/api/models') || path.startsWith('/api/ai/silent') ? DEMO_MODEL.model : newId())
      .replace(':version', DEMO_MODEL.version)
      .replace(':digest', 'f'.repeat(64))
      .replace(':key', 'A'.repeat(43))
      .replace(/\*$/, '7FE00010');
    const ofSite = path.replace('/dicom-web/i/:institution', '/dicom-web');
    const body = method === 'POST' ? JSON.stringify(BODIES[name]?.(study) ?? {}) : undefined;
    const answer = await fetch(running.url + filled + (QUERIES[ofSite]?.(study) ?? ''), {
      method,
      redirect: 'manual',
      ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body }),
    });
    const headers = JSON.stringify([...answer.headers]);
    exits.push({ name, bytes: Buffer.concat([Buffer.from(headers), Buffer.from(await answer.arrayBuffer())]) });
  }
  assert.ok(exits.length > 100, `${exits.length} routes`);
  return exits;
}

async function dimse(t: TestContext, { running, pacs }: Silent, study: string): Promise<Exit[]> {
  const asking = await associate(t, running, [qr(FIND), qr(STUDY_ROOT.move)]);
  const found: Buffer[] = [];
  for (const [level, keys] of [
    ['STUDY', { StudyInstanceUID: study, ModalitiesInStudy: '', NumberOfStudyRelatedInstances: '' }],
    ['SERIES', { StudyInstanceUID: study, SeriesInstanceUID: '', SeriesDescription: '', Modality: '' }],
  ] as const) {
    const context = asking.contexts.find(({ abstractSyntax }) => abstractSyntax === FIND);
    assert.ok(context);
    const command = { affectedSopClassUid: FIND, commandField: C_FIND_RQ, priority: 0 };
    const dataSet = identifier({ QueryRetrieveLevel: level, ...keys });
    for await (const reply of asking.ask({ context, command, dataSet })) found.push(Buffer.from(reply.dataSet ?? []));
  }
  const keys = { QueryRetrieveLevel: 'STUDY', StudyInstanceUID: study };
  pacs.received.length = 0;
  const moved = await retrieve(asking, STUDY_ROOT, keys, 'PACS');
  assert.equal(moved.final.status, 0);
  await asking.release();
  const taker = receiver();
  const getting = await associateToGet(t, running, taker, KINDS);
  const got = await retrieve(getting, STUDY_ROOT, keys);
  assert.equal(got.final.status, 0);
  await getting.release();
  const all = (received: typeof pacs.received) => Buffer.concat(received.map(({ dataSet }) => dataSet));
  return [
    { name: 'C-FIND', bytes: Buffer.concat(found) },
    { name: 'C-MOVE', bytes: all(pacs.received) },
    { name: 'C-GET', bytes: all(taker.received) },
  ];
}

async function commands({ config, directory }: Silent, study: string): Promise<Exit[]> {
  const [exported, backedUp] = [join(directory, `export-${newId()}`), join(directory, 'backup')];
  const what = ['--study', study, '--institution', SITE, '--versions'];
  assert.equal((await runCommand(config, exportCommand, ['--to', exported, ...what])).code, 0);
  assert.equal((await runCommand(config, backupCommand, ['--to', backedUp])).code, 0);
  return [
    { name: 'acervo export', bytes: filesIn(exported) },
    { name: 'acervo backup', bytes: filesIn(backedUp) },
  ];
}

/** All that the application's role may read of the database. */
async function tables({ running }: Silent): Promise<Exit[]> {
  const { database } = running.server.archive;
  const named = await database.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'v', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
       and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')`,
  );
  assert.ok(named.length > 20 && named.every(({ name }) => !name.startsWith('silent.')), `${named.length} tables`);
  const rows: Buffer[] = [];
  for (const { name } of named) {
    const texts = await database.query<{ text: string }>(`select t::text as text from ${name} t`);
    rows.push(Buffer.from(texts.map(({ text }) => text).join('\n')));
  }
  return [{ name: 'database', bytes: Buffer.concat(rows) }];
}

/** Each folder of the data directory, the database's own files and what is silent itself among them. */
const folders = ({ config: { dataDir } }: Silent): Exit[] =>
  readdirSync(dataDir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'run')
    .map(({ name }) => ({ name: `folder ${name}`, bytes: filesIn(join(dataDir, name)) }));

/** Names and contents. */
function filesIn(folder: string): Buffer {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Buffer.concat(
    files.flatMap(({ parentPath, name }) => {
      try {
        return [Buffer.from(`${parentPath}/${name}\n`), readFileSync(join(parentPath, name))];
      } catch (thrown) {
        // PostgreSQL removes files of its log while it runs.
        if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return [];
        throw thrown;
      }
    }),
  );
}
