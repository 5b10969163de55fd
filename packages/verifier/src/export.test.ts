import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { type ExportFinding, verifyExport } from './export.ts';
import type { ExportedObject } from './manifest.ts';

const HEAD_BYTES = 10;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const pathOf = (study: number, sop: number): string => `HGM/1.2.${study}/1.2.${study}.1/1.2.${study}.1.${sop}.dcm`;

/** Two studies of two and one object, written without the archive: the format is what is tested. */
function madeExport(): string {
  const folder = temporaryDirectory();
  const lines: object[] = [{ kind: 'export', v: 1, at: '2026-01-02T03:04:05.678Z', versions: false }];
  const all = { studies: 0, objects: 0, bytes: 0, damaged: 0 };
  for (const [study, sops] of [
    [1, [1, 2]],
    [2, [3]],
  ] as const) {
    const sum = { objects: 0, bytes: 0, damaged: 0 };
    for (const sop of sops) {
      const content = Buffer.from(`head of ${sop}. data set of ${sop}`);
      const path = pathOf(study, sop);
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
      lines.push({
        kind: 'object',
        path,
        bytes: content.length,
        sha256: sha256(content),
        head: HEAD_BYTES,
        dataSetSha256: sha256(content.subarray(HEAD_BYTES)),
        institution: 'HGM',
        study: `1.2.${study}`,
        series: `1.2.${study}.1`,
        sop: `1.2.${study}.1.${sop}`,
        version: 0,
        sopClass: '1.2',
        transferSyntax: '1.2',
        received: null,
      } satisfies ExportedObject);
      sum.objects += 1;
      sum.bytes += content.length;
    }
    lines.push({ kind: 'study', institution: 'HGM', study: `1.2.${study}`, ...sum });
    all.studies += 1;
    all.objects += sum.objects;
    all.bytes += sum.bytes;
  }
  lines.push({ kind: 'end', ...all });
  writeFileSync(join(folder, 'manifest.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  writeFileSync(join(folder, 'SHA256SUMS'), '');
  return folder;
}

async function findings(folder: string): Promise<string[]> {
  const found: ExportFinding[] = [];
  const totals = await verifyExport(folder, (finding) => found.push(finding));
  assert.equal(totals.findings, found.length);
  return found.map(({ code, what }) => `${code} ${what}`);
}

process.setMaxListeners(40); // Each temporary directory is removed at the end.
const made = madeExport();

/** The same export, changed by `change`. */
function changed(change: (path: (name: string) => string) => void): string {
  const folder = join(temporaryDirectory(), 'copy');
  cpSync(made, folder, { recursive: true });
  change((name) => join(folder, name));
  return folder;
}

const editManifest = (edit: (lines: string[]) => string[]): string =>
  changed((path) => {
    const lines = readFileSync(path('manifest.jsonl'), 'utf8').trimEnd().split('\n');
    writeFileSync(
      path('manifest.jsonl'),
      edit(lines)
        .map((line) => `${line}\n`)
        .join(''),
    );
  });

test('an export as it was made has no findings', async () => {
  assert.deepEqual(await findings(made), []);
  assert.deepEqual(await verifyExport(made, () => {}), { objects: 3, bytes: 72, studies: 2, findings: 0 });
});

test('each way to change a file is named', async () => {
  const [one, two] = [pathOf(1, 1), pathOf(1, 2)];
  assert.deepEqual(await findings(changed((path) => rmSync(path(one)))), [`file.missing ${one}`]);
  assert.deepEqual(await findings(changed((path) => writeFileSync(path(one), 'other'))), [`file.altered ${one}`]);
  assert.deepEqual(
    await findings(
      changed((path) => {
        const bytes = readFileSync(path(one));
        bytes[3] = (bytes[3] as number) ^ 1;
        writeFileSync(path(one), bytes);
      }),
    ),
    [`file.altered ${one}`],
  );
  assert.deepEqual(await findings(changed((path) => writeFileSync(path('HGM/more.dcm'), ''))), [
    'file.foreign HGM/more.dcm',
  ]);
  const swapped = changed((path) => {
    renameSync(path(one), path('kept'));
    renameSync(path(two), path(one));
    renameSync(path('kept'), path(two));
  });
  assert.deepEqual(await findings(swapped), [`file.altered ${one}`, `file.altered ${two}`]);
});

test('each way to change the manifest is named', async () => {
  const dropped = await findings(editManifest((lines) => lines.filter((_, index) => index !== 1)));
  assert.deepEqual(dropped, ['total.wrong HGM/1.2.1', 'total.wrong all', `file.foreign ${pathOf(1, 1)}`]);
  assert.deepEqual(await findings(editManifest((lines) => lines.slice(0, -1))), ['manifest.cut manifest.jsonl']);
  const twice = await findings(editManifest((lines) => [lines[0] as string, lines[1] as string, ...lines.slice(1)]));
  assert.deepEqual(twice, ['manifest.altered line 3']);
  const garbled = await findings(
    editManifest((lines) => lines.map((line, index) => (index === 1 ? line.slice(3) : line))),
  );
  assert.ok(garbled.includes('manifest.altered line 2'));
  const outside = await findings(
    editManifest((lines) => lines.map((line) => line.replace(pathOf(2, 3), '../../etc/passwd'))),
  );
  assert.ok(outside.some((finding) => finding.startsWith('manifest.altered')));
  assert.ok(!outside.some((finding) => finding.includes('passwd')), 'no file outside of the folder is read');
});

test('what the archive could not give out is a finding', async () => {
  const folder = editManifest((lines) => [
    ...lines.slice(0, 5),
    JSON.stringify({ kind: 'damaged', path: pathOf(2, 9), reason: 'differs in its data set' }),
    (lines[5] as string).replace('"damaged":0', '"damaged":1'),
    (lines[6] as string).replace('"damaged":0', '"damaged":1'),
  ]);
  assert.deepEqual(await findings(folder), [`object.damaged ${pathOf(2, 9)}`]);
});
