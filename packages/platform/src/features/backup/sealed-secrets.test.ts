import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { identityOf, openSecrets, recipientOf, sealSecrets, secretsAt } from './sealed-secrets.ts';

const OF = { node: 'n', at: '2026-11-29T12:00:00.000Z' };
const PASSPHRASE = 'caballo correcto batería grapa';
const PLAIN = Buffer.from('{"sealing":"do not tell"}');

function keyPair() {
  const { publicKey, privateKey } = generateKeyPairSync('x25519');
  return {
    recipient: recipientOf(publicKey.export({ type: 'spki', format: 'pem' }).toString()),
    identity: identityOf(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
  };
}

test('by a passphrase, and by that one alone', async () => {
  const sealed = await sealSecrets(PLAIN, OF, { passphrase: PASSPHRASE });
  assert.equal(sealed.includes('do not tell'), false);
  assert.equal(secretsAt(sealed), OF.at);
  assert.deepEqual(await openSecrets(sealed, { passphrase: PASSPHRASE }), PLAIN);
  // A letter with its accent beside it is the same letter.
  assert.deepEqual(await openSecrets(sealed, { passphrase: PASSPHRASE.normalize('NFD') }), PLAIN);
  await assert.rejects(openSecrets(sealed, { passphrase: `${PASSPHRASE}.` }), { code: 'request/invalid' });
  await assert.rejects(openSecrets(sealed, { privateKey: keyPair().identity }), /by a passphrase/);
  await assert.rejects(sealSecrets(PLAIN, OF, { passphrase: 'corta' }), { code: 'request/invalid' });
});

test('for a public key, and by its private key alone', async () => {
  const { recipient, identity } = keyPair();
  const sealed = await sealSecrets(PLAIN, OF, { publicKey: recipient });
  assert.deepEqual(await openSecrets(sealed, { privateKey: identity }), PLAIN);
  await assert.rejects(openSecrets(sealed, { privateKey: keyPair().identity }), { code: 'request/invalid' });
  await assert.rejects(openSecrets(sealed, { passphrase: PASSPHRASE }), /for a public key/);
  const { publicKey } = generateKeyPairSync('ed25519');
  assert.throws(() => recipientOf(publicKey.export({ type: 'spki', format: 'pem' }).toString()), /no X25519 key/);
  assert.throws(() => identityOf('not a key'), { code: 'request/invalid' });
});

test('no two are alike, and no byte of one may change', async () => {
  const { recipient, identity } = keyPair();
  const seal = () => sealSecrets(PLAIN, OF, { publicKey: recipient });
  const sealed = await seal();
  assert.notDeepEqual(sealed, await seal());
  await fc.assert(
    fc.asyncProperty(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const touched = Buffer.from(sealed);
      touched[at] = (touched[at] ?? 0) ^ flip;
      await assert.rejects(openSecrets(touched, { privateKey: identity }), { code: 'request/invalid' });
    }),
  );
  await assert.rejects(openSecrets(sealed.subarray(0, 40), { privateKey: identity }), { code: 'request/invalid' });
});
