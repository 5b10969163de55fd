import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { ed25519Signer, ed25519Verifier, listedIn, readEnvelope, sealed, signersOf } from './envelope.ts';

const DIGESTS = new Map([
  ['model.onnx', 'b'.repeat(64)],
  ['card.json', 'a'.repeat(64)],
]);

async function party() {
  const { privateKey, publicKey } = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify']);
  return { signer: await ed25519Signer(privateKey, publicKey), verifier: await ed25519Verifier(publicKey) };
}

test('what was sealed is listed, and its signer is known by the key', async () => {
  const { signer, verifier } = await party();
  const envelope = readEnvelope(JSON.parse(JSON.stringify(await sealed(DIGESTS, signer))));
  assert.deepEqual(listedIn(envelope), new Map([...DIGESTS].toReversed()));
  assert.deepEqual(await signersOf(envelope, [verifier]), [signer.keyId]);
});

test('the same files and key make the same envelope: RFC 8032 is deterministic', async () => {
  const { signer } = await party();
  assert.deepEqual(await sealed(DIGESTS, signer), await sealed(new Map([...DIGESTS].toReversed()), signer));
});

test('a stranger, another payload, a bit of the signature: nobody signed', async () => {
  const { signer, verifier } = await party();
  const stranger = await party();
  const envelope = await sealed(DIGESTS, signer);
  const other = await sealed(new Map([['model.onnx', 'c'.repeat(64)]]), signer);
  const [{ keyid, sig }] = envelope.signatures as [{ keyid: string; sig: string }];
  const flipped = `${sig.startsWith('A') ? 'B' : 'A'}${sig.slice(1)}`;
  assert.deepEqual(await signersOf(envelope, [stranger.verifier]), []);
  assert.deepEqual(await signersOf({ ...envelope, payload: other.payload }, [verifier]), []);
  assert.deepEqual(await signersOf({ ...envelope, signatures: [{ keyid, sig: flipped }] }, [verifier]), []);
  const borrowed = [{ keyid: signer.keyId, sig: (await sealed(DIGESTS, stranger.signer)).signatures[0]?.sig ?? '' }];
  assert.deepEqual(await signersOf({ ...envelope, signatures: borrowed }, [verifier]), []);
});

test('what is no envelope, or lists a file twice, or not canonically', async () => {
  const { signer } = await party();
  const envelope = await sealed(DIGESTS, signer);
  const isRefused = (thrown: unknown): boolean => thrown instanceof Failure && thrown.code === 'model/signature';
  for (const value of [null, {}, { ...envelope, more: 1 }, { ...envelope, payloadType: 'text/plain' }]) {
    assert.throws(() => readEnvelope(value), isRefused);
  }
  const statement = JSON.parse(atob(envelope.payload));
  const twice = { ...statement, subject: [statement.subject[0], statement.subject[0]] };
  for (const text of [JSON.stringify(statement, null, 1), JSON.stringify(twice), '{', '[]']) {
    assert.throws(() => listedIn({ ...envelope, payload: btoa(text) }), isRefused);
  }
});
