import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { ed25519Signer, keyIdOf, type Signer } from '@acervo/model/envelope.ts';
import { seeing, testOp } from '@acervo/testkit/fakes/op.ts';
import { migratedDatabase, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { fileBlobStore } from '../../../adapters/fs/blob-store.ts';
import { packageFolder } from '../../../adapters/fs/package-folder.ts';
import { packageStaging } from '../../../adapters/fs/package-staging.ts';
import { PIXEL_LIMITS, PixelPool } from '../../../adapters/pixel/pool.ts';
import { demoPackages } from '../../../apps/demo/models/build.ts';
import type { Envelope } from '../../../journal/event.ts';
import type { Judge, StagedPackage } from '../../../ports/models.ts';
import { judgePackage } from '../judge.ts';
import { packModel } from '../pack.ts';
import { externalAi } from './external.repo.ts';
import { addExternal, retireExternal } from './external.ts';
import { inventory, inventoryCsv } from './inventory.ts';
import { packagesFor } from './open.ts';
import { PackageFiles } from './package-files.ts';
import { modelPackages } from './registry.repo.ts';
import { findFile, listModels, showModel, showVersion } from './show.ts';
import { modelSigners } from './signers.repo.ts';
import { listSigners, revokeSigner, trustSigner } from './signers.ts';
import { submitPackage } from './submit.ts';
import { sweepFiles } from './sweep.ts';

const op = testOp({ institution: 'A', actor: { kind: 'process', id: 'test' } });
const openPackage = (of: Prepared, by: typeof op, digest: string) => packagesFor(of, by).open(digest);
const at = (institution: string) =>
  testOp({
    institution,
    ...seeing(institution),
    allow: (action, where) => {
      if (where !== institution) throw new Failure('access/denied', action);
    },
  });
const refusedAs = (code: string) => (thrown: unknown) => thrown instanceof Failure && thrown.code === code;

/** Where the model is not run: the judge that does is tried over HTTP. */
const judge: Judge = {
  judge: ({ folder, keys }, signal) => judgePackage(packageFolder(folder), keys, undefined, signal),
};

async function signerOf(): Promise<{ signer: Signer; pem: string; keyId: string }> {
  const pair = generateKeyPairSync('ed25519');
  const spki = pair.publicKey.export({ format: 'der', type: 'spki' });
  const pkcs8 = pair.privateKey.export({ format: 'der', type: 'pkcs8' });
  const { subtle } = crypto;
  const publicKey = await subtle.importKey('spki', new Uint8Array(spki), 'Ed25519', true, ['verify']);
  const privateKey = await subtle.importKey('pkcs8', new Uint8Array(pkcs8), 'Ed25519', false, ['sign']);
  const pem = pair.publicKey.export({ format: 'pem', type: 'spki' }).toString();
  return { signer: await ed25519Signer(privateKey, publicKey), pem, keyId: await keyIdOf(publicKey) };
}

async function demoFiles(): Promise<ReadonlyMap<string, Uint8Array>> {
  const imaging = new PixelPool({ ...PIXEL_LIMITS, workers: 1, kept: 0 });
  const packages = await demoPackages(imaging).finally(() => imaging.close());
  const made = packages.find(({ name }) => name === 'cr-opacidad');
  assert.ok(made !== undefined);
  return made.files;
}

async function prepared(t: TestContext) {
  const db = await migratedDatabase(t);
  const root = temporaryDirectory();
  const blobs = fileBlobStore(join(root, 'models'));
  const files = new PackageFiles(blobs);
  const staging = packageStaging(join(root, 'incoming'), { files: 100, bytes: 2 ** 24 });
  const folder = await mkdtemp(join(root, 'package-'));
  for (const [path, bytes] of await demoFiles()) await packageFolder(folder).write(path, bytes);
  const { signer, pem, keyId } = await signerOf();
  await packModel(packageFolder(folder), signer);
  return { db, root, blobs, files, staging, folder, signer, pem, keyId, ports: { db, files, staging, judge } };
}

type Prepared = Awaited<ReturnType<typeof prepared>>;

const from = (folder: string) => async (to: StagedPackage) => {
  const source = packageFolder(folder);
  for (const { path } of await source.list(1000)) await to.put(path, source.pieces(path, 2 ** 30));
};

async function received(known: Prepared, owner = 'A'): Promise<string> {
  await trustSigner(known.db, op, { publicKey: known.pem, institution: owner, holder: 'Física Médica' });
  const outcome = await submitPackage(known.ports, op, owner, from(known.folder));
  assert.equal(outcome.status, 'received', JSON.stringify(outcome));
  return outcome.digest ?? '';
}

const kinds = async ({ db }: Prepared): Promise<string[]> =>
  (await db.query<{ kind: string }>('select kind from journal order by xid, id')).map(({ kind }) => kind);

test('what nobody trusted has signed is refused, and nothing is kept but an event of digests and rules', async (t) => {
  const known = await prepared(t);
  const outcome = await submitPackage(known.ports, op, 'A', from(known.folder));
  assert.ok(outcome.status === 'refused');
  assert.deepEqual(
    outcome.findings.map(({ code }) => code),
    ['model/signature'],
  );
  assert.deepEqual(await Array.fromAsync(known.blobs.list()), []);
  assert.equal((await known.db.query('select from model_package')).length, 0);
  const [row] = await known.db.query<{ event: Envelope }>(`select event::jsonb as event from journal`);
  assert.equal(row?.event.kind, 'model.refused');
  assert.deepEqual(row.event.facts['rules'], ['model/signature']);
  assert.equal(row.event.facts['id'], outcome.digest);
});

test('a package is taken once, kept by its digests, and its version is nobody else’s', async (t) => {
  const known = await prepared(t);
  const digest = await received(known);
  const again = await submitPackage(known.ports, op, 'A', from(known.folder));
  assert.deepEqual([again.status, again.digest], ['known', digest]);
  const there = await Array.fromAsync(known.blobs.list());
  const described = await showVersion(known.db, op, 'mx.acervo.demo.cr-opacidad', '1.0.0');
  assert.equal(there.length, new Set(described.files.map(({ sha256 }) => sha256)).size);
  assert.ok(described.warnings.includes('provenance/ethnicity-unknown'), JSON.stringify(described.warnings));
  assert.deepEqual(described.signers, [known.keyId]);
  const opened = await openPackage(known, op, digest);
  assert.equal(opened.manifest.id, 'mx.acervo.demo.cr-opacidad');
  assert.ok(opened.model.length > 0);
  // The same version with other bytes: signed as it should be, and refused all the same.
  const card = JSON.parse(new TextDecoder().decode(await packageFolder(known.folder).read('card.json', 2 ** 20)));
  await writeFile(join(known.folder, 'card.json'), JSON.stringify({ ...card, limitations: ['otras'] }));
  await packModel(packageFolder(known.folder), known.signer);
  const other = await submitPackage(known.ports, op, 'A', from(known.folder));
  assert.ok(other.status === 'refused');
  assert.deepEqual(
    other.findings.map(({ code }) => code),
    ['model/version'],
  );
  assert.equal((await Array.fromAsync(known.blobs.list())).length, there.length, 'nothing of it is kept');
  assert.deepEqual(await kinds(known), ['signer.trusted', 'model.received', 'model.refused']);
});

test('an institution sees what is national and its own, and nothing else', async (t) => {
  const known = await prepared(t);
  await received(known);
  assert.equal((await listModels(known.db, at('A'))).length, 1);
  assert.deepEqual(await listModels(known.db, at('B')), []);
  const id = 'mx.acervo.demo.cr-opacidad';
  await assert.rejects(showModel(known.db, at('B'), id), refusedAs('request/not-found'));
  await assert.rejects(showVersion(known.db, at('B'), id, '1.0.0'), refusedAs('request/not-found'));
  const [file] = (await showVersion(known.db, at('A'), id, '1.0.0')).files;
  const asked = { id, version: '1.0.0', sha256: file?.sha256 ?? '' };
  assert.equal((await findFile(known.db, at('A'), asked)).path, file?.path);
  await assert.rejects(findFile(known.db, at('B'), asked), refusedAs('request/not-found'));
  for (const strange of ["' or 1=1", '\0', '../..', 'x'.repeat(1000)]) {
    await assert.rejects(showModel(known.db, op, strange), refusedAs('request/not-found'));
    await assert.rejects(showVersion(known.db, op, id, strange), refusedAs('request/not-found'));
    await assert.rejects(findFile(known.db, op, { ...asked, sha256: strange }), refusedAs('request/not-found'));
  }
  const national = await prepared(t);
  await received(national, '*');
  assert.equal((await listModels(national.db, at('B'))).length, 1, 'what is national is everybody’s');
});

test('each load reads every byte again: one that changed, and a stolen key, are named and journaled', async (t) => {
  const known = await prepared(t);
  const digest = await received(known);
  const { files } = await showVersion(known.db, op, 'mx.acervo.demo.cr-opacidad', '1.0.0');
  for (const { sha256, path } of files) {
    const place = join(known.root, 'models', sha256.slice(0, 2), sha256);
    const bytes = await known.files.bytes(sha256);
    await writeFile(place, bytes.with(bytes.length >> 1, (bytes[bytes.length >> 1] ?? 0) ^ 1));
    await assert.rejects(openPackage(known, op, digest), refusedAs('model/digest'), path);
    await rm(place);
    await assert.rejects(openPackage(known, op, digest), refusedAs('model/digest'), path);
    // Whoever has the same package brings back what the disk lost.
    assert.equal((await submitPackage(known.ports, op, 'A', from(known.folder))).status, 'known');
    await openPackage(known, op, digest);
  }
  await revokeSigner(known.db, op, known.keyId, { reason: 'superseded' });
  await openPackage(known, op, digest);
  const late = await submitPackage(known.ports, op, 'A', from(known.folder));
  assert.equal(late.status, 'refused', 'but nothing new is taken by it');
  await revokeSigner(known.db, op, known.keyId, { reason: 'compromise' });
  await assert.rejects(openPackage(known, op, digest), refusedAs('model/signature'));
  const damaged = (await kinds(known)).filter((kind) => kind === 'model.damaged');
  assert.equal(damaged.length, 2 * files.length + 1);
  await assert.rejects(openPackage(known, op, 'f'.repeat(64)), refusedAs('request/not-found'));
});

test('keys are trusted by persons of their institution, once, and only Ed25519', async (t) => {
  const { db, pem, keyId } = await prepared(t);
  const program = testOp({ institution: 'A' });
  const wanted = { publicKey: pem, institution: 'A', holder: 'Física Médica' };
  await assert.rejects(trustSigner(db, program, wanted), refusedAs('access/denied'), 'a program signs for nobody');
  const person = testOp({ ...at('A'), actor: { kind: 'person', id: 'p' } });
  await assert.rejects(trustSigner(db, person, { ...wanted, institution: 'B' }), refusedAs('access/denied'));
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'pem', type: 'spki' });
  for (const publicKey of ['', 'x', rsa.toString(), '-----BEGIN PUBLIC KEY-----']) {
    await assert.rejects(trustSigner(db, person, { ...wanted, publicKey }), refusedAs('request/invalid'));
  }
  assert.equal((await trustSigner(db, person, wanted)).keyId, keyId);
  await assert.rejects(trustSigner(db, person, wanted), refusedAs('request/invalid'));
  assert.deepEqual(await listSigners(db, at('B')), []);
  await assert.rejects(revokeSigner(db, program, keyId, { reason: 'ceased' }), refusedAs('request/not-found'));
  assert.equal((await revokeSigner(db, person, keyId, { reason: 'ceased' })).revokedFor, 'ceased');
  await assert.rejects(revokeSigner(db, person, keyId, { reason: 'ceased' }), refusedAs('request/invalid'));
});

test('the inventory has AI that runs elsewhere, what is unknown is a warning, and CSV computes nothing', async (t) => {
  const known = await prepared(t);
  await received(known);
  const { db } = known;
  const entry = {
    institution: 'A',
    name: '=HYPERLINK("x")',
    version: '3.1',
    vendor: 'Fabricante, S.A.',
    host: 'modality',
    system: 'MAMO_1',
    sites: ['DFSSA000001'],
    intendedUse: 'Mastografía',
    role: 'detection',
  };
  const { id } = await addExternal(db, op, entry);
  await assert.rejects(addExternal(db, at('B'), entry), refusedAs('access/denied'));
  await assert.rejects(addExternal(db, op, { ...entry, host: 'x' }), refusedAs('request/invalid'));
  const entries = await inventory(db, at('A'));
  assert.deepEqual(
    entries.map(({ kind, status }) => [kind, status]),
    [
      ['package', 'received'],
      ['external', 'in-use'],
    ],
  );
  assert.deepEqual(entries[1]?.warnings, ['provenance/unknown', 'regulatory/no-registration']);
  await t.test('a package stands in it where its life-cycle has it', async () => {
    const digest = entries[0]?.id ?? '';
    const stands = async (...states: readonly (readonly [site: string, state: string, hours?: number])[]) => {
      await db.asOwner(async (sql) => {
        await sql.query('delete from model_state');
        for (const [index, [site, state, hours = 1]] of states.entries())
          await sql.query(
            `insert into model_state (package, site, model, track, state, expires_at, revision)
             values ($1, $2, 'x', 'demostracion', $3, now() + $5 * interval '1 h', $4)`,
            [digest, site, state, index + 1, hours],
          );
      });
      const [first] = await inventory(db, { ...at('A'), may: (_, institution) => institution === 'A' });
      return [first?.status, ...(first?.sites ?? [])];
    };
    assert.deepEqual(await stands(['', 'recibido']), ['received']);
    assert.deepEqual(await stands(['', 'demostracion']), ['approved']);
    assert.deepEqual(await stands(['', 'demostracion'], ['A', 'limitado'], ['B', 'silencioso']), [
      'in-use',
      'A: limitado',
    ]);
    assert.deepEqual(await stands(['', 'suspendido'], ['A', 'limitado']), ['suspended']);
    assert.deepEqual(await stands(['', 'demostracion'], ['A', 'suspendido']), ['approved']);
    assert.deepEqual(await stands(['', 'demostracion', -1], ['A', 'limitado']), ['suspended'], 'expired');
    assert.deepEqual(await stands(['', 'retirado', -1]), ['retired']);
    assert.match(inventoryCsv(await inventory(db, at('A'))), /,retirado,/);
  });
  const csv = inventoryCsv(entries);
  assert.match(csv, /^tipo,identificador,.*\r\npaquete,[0-9a-f]{64},mx\.acervo\.demo\.cr-opacidad,/);
  assert.match(csv, /"'=HYPERLINK\(""x""\)",3\.1,A,"Fabricante, S\.A\.",modality/);
  assert.match(csv, /desconocido/);
  await retireExternal(db, op, id);
  await assert.rejects(retireExternal(db, op, id), refusedAs('request/invalid'));
  await assert.rejects(retireExternal(db, at('B'), id), refusedAs('request/not-found'));
  assert.equal((await inventory(db, at('A')))[1]?.status, 'retired');
  assert.deepEqual(await inventory(db, at('B')), []);
});

test('files without a row are swept; a half one is written anew; the journal brings every row back', async (t) => {
  const known = await prepared(t);
  // As a crash leaves them: one that nobody refers to, and half of the model.
  const model = await packageFolder(known.folder).read('model.onnx', 2 ** 20);
  const sha256 = Buffer.from(await crypto.subtle.digest('SHA-256', new Uint8Array(model))).toString('hex');
  for (const [name, bytes] of [
    ['f'.repeat(64), model],
    [sha256, model.subarray(0, 10)],
  ] as const) {
    const writer = await known.blobs.create(`${name.slice(0, 2)}/${name}`);
    await writer?.write([bytes], 0);
    await writer?.close();
  }
  const digest = await received(known);
  await openPackage(known, op, digest);
  await addExternal(known.db, op, {
    institution: 'A',
    name: 'CAD',
    version: '1',
    vendor: 'V',
    host: 'pacs',
    intendedUse: 'x',
    role: 'triage',
  });
  await revokeSigner(known.db, op, known.keyId, { reason: 'superseded' });
  assert.equal(await sweepFiles(known), 1);
  assert.equal(await sweepFiles(known), 0);
  await openPackage(known, op, digest);
  const tables = ['model', 'model_package', 'model_package_file', 'model_signer', 'external_ai'];
  const all = () => Promise.all(tables.map((table) => known.db.query(`select * from ${table} order by 1, 2`)));
  const before = await all();
  await known.db.asOwner(async (sql) => {
    await sql.query(`truncate ${tables.join()} cascade`);
    const rows = await sql.query<{ event: Envelope }>('select event::jsonb as event from journal order by xid, id');
    const events = rows.map(({ event }) => event);
    for (const { kinds: told, apply } of [modelPackages, modelSigners, externalAi]) {
      const own = events.filter(({ kind }) => told.includes(kind));
      await apply(sql, own);
      await apply(sql, own);
    }
  });
  assert.deepEqual(await all(), before);
});
