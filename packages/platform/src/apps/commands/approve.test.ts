import assert from 'node:assert/strict';
import { chmodSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { approvalText, isApproval, readApproval } from '@acervo/model/lifecycle/approval.ts';
import { temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { makeApproverKey, openApproverKey } from '../approver-key-file.ts';
import { signedText } from './approve.ts';

const PASSPHRASE = 'una frase larga y tranquila';
const digest = `sha256:${'1'.repeat(64)}` as const;
const TEXT = approvalText({
  t: 'aprobacion/v1',
  paquete: digest,
  modelo: digest,
  manifiesto: digest,
  umbrales: digest,
  riesgo: digest,
  plan: null,
  banco: null,
  informe: null,
  de: 'instalado',
  a: 'silencioso',
  sitio: 'HGM',
  porcentaje: null,
  rol: 'site-chief',
  persona: '01900000-0000-7000-8000-000000000000',
  institucion: 'HGM',
  conflicto: 'ninguno',
  vence: '2027-01-01T00:00:00.000Z',
  nonce: 'n'.repeat(22),
});

const invalid = (thrown: unknown): boolean => thrown instanceof Failure && thrown.code === 'request/invalid';

test('a key in a sealed file signs approvals, for who knows the passphrase, and nothing else', async () => {
  const file = join(temporaryDirectory(), 'key.json');
  await assert.rejects(makeApproverKey(file, 'short'), invalid);
  const { name } = await makeApproverKey(file, PASSPHRASE);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  await assert.rejects(makeApproverKey(file, PASSPHRASE), invalid, 'a key is not overwritten');
  await assert.rejects(openApproverKey(file, `${PASSPHRASE}!`), invalid);
  const key = await openApproverKey(file, PASSPHRASE);
  assert.equal(key.name, name);
  const { document: text, signature } = await signedText(TEXT, name, key.privateKey);
  assert.ok(isApproval(await readApproval({ text, signature, key: name })));
  await assert.rejects(signedText('{"t":"aprobacion/v1"}', name, key.privateKey), invalid);
  await assert.rejects(signedText(`${TEXT} `, name, key.privateKey), invalid);
  chmodSync(file, 0o644);
  await assert.rejects(
    openApproverKey(file, PASSPHRASE),
    (thrown) => thrown instanceof Failure && thrown.code === 'config/invalid',
  );
});
