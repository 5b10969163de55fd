import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { segmentPath } from '@acervo/kernel/pack/record.ts';
import { FILLED, fillArchive, SMALL_PACKS } from '@acervo/testkit/filled-archive.ts';
import { openTestArchive } from '@acervo/testkit/open-archive.ts';
import { silentLog } from '@acervo/testkit/postgres.ts';
import { loadConfig } from '../../apps/config.ts';
import { type OpenIndex, openIndex } from '../../apps/open-index.ts';
import { type ArchiveFinding, type VerifyTotals, verifyArchive } from './verify.ts';

async function verify(
  index: Pick<OpenIndex, 'database' | 'blobs' | 'journalBlobs'>,
  deep = true,
): Promise<{ found: string[]; totals: VerifyTotals }> {
  const findings: ArchiveFinding[] = [];
  const { database: db, blobs, journalBlobs } = index;
  const ports = { db, blobs, journalBlobs, signal: new AbortController().signal };
  const totals = await verifyArchive(ports, { deep, segment: undefined }, (finding) => findings.push(finding));
  return { found: findings.map(({ code, what }) => `${code} ${what}`), totals };
}

test('packs, index and journal agree, beside a process that stores, and each kind of tampering is named', async (t) => {
  const archive = await openTestArchive(t, undefined, SMALL_PACKS);
  await fillArchive(archive);
  const { blobs, journalBlobs } = archive.holdings;
  const running = { database: archive.database, blobs, journalBlobs };
  await t.test('while segments are open and objects come', async () => {
    const storing = fillArchive(archive, 'more');
    const { found, totals } = await verify(running);
    await storing;
    assert.deepEqual(found, []);
    assert.ok(totals.open > 0 && totals.members >= FILLED.instances);
  });
  await archive.close();

  const config = loadConfig({ ACERVO_DATA_DIR: archive.dataDir, ACERVO_ACCESS: 'open' });
  const index = await openIndex(config, { role: 'test', connectionsMax: 3, log: silentLog });
  t.after(() => index.close());
  const packs = join(archive.dataDir, 'packs');
  const { totals } = await verify(index);
  assert.deepEqual([totals.findings, totals.open, totals.members], [0, 0, 2 * (FILLED.instances + FILLED.versions)]);

  /** What is found while a file, or the index, is other than it should be; then it is put right again. */
  const withFile = async (path: string, change: () => void): Promise<string[]> => {
    const bytes = readFileSync(path);
    change();
    const { found } = await verify(index);
    writeFileSync(path, bytes);
    return found;
  };
  const withRows = async (change: string, undo: string): Promise<string[]> => {
    await index.database.asOwner((sql) => sql.query(change));
    const { found } = await verify(index, false);
    await index.database.asOwner((sql) => sql.query(undo));
    return found;
  };
  const [member] = await index.database.query<{ segment: number; at: number; sop: string }>(
    'select segment, file_at as at, sop_uid as sop from instance where version = 0 order by segment, file_at limit 1',
  );
  assert.ok(member !== undefined);
  const segment = join(packs, segmentPath(member.segment));
  const name = segmentPath(member.segment).slice(5, 13);

  await t.test('members', async () => {
    const flipped = await withFile(segment, () => {
      const bytes = readFileSync(segment);
      bytes[member.at + 300] = (bytes[member.at + 300] as number) ^ 1;
      writeFileSync(segment, bytes);
    });
    assert.equal(flipped.length, 1);
    assert.match(flipped[0] ?? '', new RegExp(`^member.flipped .*${member.sop}.dcm$`));
  });
  await t.test('segments', async () => {
    assert.deepEqual(await withFile(segment, () => appendFileSync(segment, 'x')), [`segment.trailing ${name}`]);
    const cut = await withFile(segment, () => truncateSync(segment, readFileSync(segment).length - 1600));
    assert.deepEqual(cut, [`segment.cut ${name}`, `segment.cut ${name}`]);
    renameSync(segment, `${segment}.away`);
    const { found: missing } = await verify(index);
    renameSync(`${segment}.away`, segment);
    assert.deepEqual(missing, [`segment.missing ${name}`, `segment.unknown ${segmentPath(member.segment)}.away`]);
    const other = join(packs, segmentPath(900));
    writeFileSync(other, readFileSync(segment));
    const { found: unknown } = await verify(index);
    renameSync(other, join(archive.dataDir, 'taken-away'));
    assert.deepEqual(unknown, [`segment.unknown ${segmentPath(900)}`]);
  });
  await t.test('rows', () => rows(withRows, member));
  await t.test('journal', () => journal(withFile, withRows, join(archive.dataDir, 'journal')));
  assert.deepEqual((await verify(index)).found, [], 'everything was put right');
});

type WithRows = (change: string, undo: string) => Promise<string[]>;

async function rows(
  withRows: WithRows,
  { sop, segment, at }: { sop: string; segment: number; at: number },
): Promise<void> {
  const where = `sop_uid = '${sop}' and segment = ${segment} and file_at = ${at}`;
  const missing = await withRows(
    `create table taken as select * from instance where ${where}; delete from instance where ${where}`,
    'insert into instance select * from taken; drop table taken',
  );
  assert.match(
    missing.filter((finding) => finding.startsWith('row.')).join(),
    new RegExp(`^row.missing .*${sop}.dcm$`),
  );
  assert.equal(missing.filter((finding) => finding.startsWith('count.wrong')).length, 2, 'series and study count it');
  const altered = await withRows(
    `update instance set head_bytes = head_bytes + 2 where ${where}`,
    `update instance set head_bytes = head_bytes - 2 where ${where}`,
  );
  assert.match(altered.join(), new RegExp(`^row.altered .*${sop}.dcm$`));
  const foreign = await withRows(
    `insert into instance select study_key, series_key, sop_uid, 77, segment, 12345, file_bytes, head_bytes, digest,
       transfer_syntax, sop_class, instance_number, marks from instance where ${where}`,
    'delete from instance where version = 77',
  );
  assert.deepEqual(foreign, [`row.foreign ${sop}~77`]);
}

async function journal(
  withFile: (path: string, change: () => void) => Promise<string[]>,
  withRows: WithRows,
  folder: string,
): Promise<void> {
  const [file = ''] = readdirSync(folder);
  const path = join(folder, file);
  const edit = (change: (lines: string[]) => string[]): Promise<string[]> =>
    withFile(path, () => {
      const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
      writeFileSync(
        path,
        change(lines)
          .map((line) => `${line}\n`)
          .join(''),
      );
    });
  const altered = await edit((lines) => lines.map((line, index) => (index === 2 ? line.replace('HGM', 'HGN') : line)));
  assert.deepEqual(altered, ['journal.altered 3']);
  const dropped = await edit((lines) => lines.filter((_, index) => index !== 4));
  assert.deepEqual(dropped, ['journal.missing 5']);
  const cut = await edit((lines) => lines.slice(0, -2));
  assert.equal(cut.length, 2, 'the last checkpoint and the index know better');
  assert.match(cut.join(), /^journal\.cut (\d+),journal\.missing \1 to \d+$/);
  const swapped = await edit(([a, b, ...rest]) => [b as string, a as string, ...rest]);
  assert.deepEqual(swapped, ['journal.missing 1', 'journal.foreign 1']);
  const row = await withRows(
    `create table taken as select * from journal where kind = 'instance.stored' limit 1;
     delete from journal where id in (select id from taken)`,
    'insert into journal select * from taken; drop table taken',
  );
  assert.ok(row.length === 2 && row.every((finding) => finding.startsWith('event.missing')), row.join());
}
