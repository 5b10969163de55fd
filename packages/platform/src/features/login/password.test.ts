import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { COST, PasswordHasher, weaknessOf } from './password.ts';
import { newRecoveryCodes, recoveryDigest } from './recovery.ts';
import { secretBox } from './secret-box.ts';

const CHEAP = { memory: 64, passes: 1, parallelism: 1 };

test('a password is recognised, another one is not, and cheaper hashes are outdated', async () => {
  const hasher = new PasswordHasher();
  const kept = await hasher.hash('contraseña larga');
  assert.match(kept, new RegExp(`^\\$argon2id\\$v=19\\$m=${COST.memory},t=${COST.passes},p=1\\$`));
  assert.deepEqual(await hasher.verify('contraseña larga', kept), { isRight: true, isOutdated: false });
  // The same letters from a keyboard that writes the tilde as a mark of its own.
  assert.equal((await hasher.verify('contraseña larga'.normalize('NFD'), kept)).isRight, true);
  assert.equal((await hasher.verify('contrasena larga', kept)).isRight, false);
  assert.notEqual(await hasher.hash('contraseña larga'), kept);
  const cheap = await hasher.hash('contraseña larga', CHEAP);
  assert.deepEqual(await hasher.verify('contraseña larga', cheap), { isRight: true, isOutdated: true });
  for (const broken of ['', 'plain', '$argon2i$v=19$m=64,t=1,p=1$AAAA$BBBB', kept.slice(0, 40)]) {
    assert.equal((await hasher.verify('contraseña larga', broken)).isRight, false, broken);
  }
});

test('a flood waits, and beyond that is told to come again', async () => {
  const hasher = new PasswordHasher();
  const all = await Promise.allSettled(Array.from({ length: 200 }, () => hasher.hash('una frase cualquiera', CHEAP)));
  const refused = all.filter((each) => each.status === 'rejected');
  assert.equal(refused.length, 200 - 66);
  assert.ok(refused.every(({ reason }) => reason instanceof Failure && reason.code === 'login/busy'));
  await hasher.hash('una frase cualquiera', CHEAP);
});

test('length counts, not composition', () => {
  assert.equal(weaknessOf('corta', 'ana'), 'short');
  assert.equal(weaknessOf('x'.repeat(129), 'ana'), 'long');
  assert.equal(weaknessOf('aaaaaaaaaaaaaa', 'ana'), 'repeats');
  assert.equal(weaknessOf('Ana.Ruiz y algo', 'ana.ruiz'), 'login');
  assert.equal(weaknessOf('todo en minusculas', 'ana'), undefined);
});

test('recovery codes are ten different ones, whatever way they are typed', () => {
  const codes = newRecoveryCodes();
  assert.equal(new Set(codes).size, 10);
  for (const code of codes) assert.match(code, /^[2-9a-z]{4}-[2-9a-z]{4}-[2-9a-z]{4}$/);
  const [code = ''] = codes;
  assert.equal(recoveryDigest(` ${code.toUpperCase().replaceAll('-', '')}`), recoveryDigest(code));
  assert.equal(recoveryDigest('123456'), undefined);
});

test('what is sealed opens for its use alone, by its key alone, and only as it was', () => {
  const box = secretBox(Buffer.alloc(32, 1));
  const sealed = box.seal('totp', Buffer.from('secreto'));
  assert.equal(box.open('totp', sealed)?.toString(), 'secreto');
  assert.equal(box.open('cookie', sealed), undefined);
  assert.equal(secretBox(Buffer.alloc(32, 2)).open('totp', sealed), undefined);
  for (let at = 0; at < sealed.length; at++) {
    const altered = Buffer.from(sealed);
    altered[at] = (altered[at] ?? 0) ^ 1;
    assert.equal(box.open('totp', altered), undefined, `${at}`);
  }
  assert.equal(box.open('totp', Buffer.alloc(3)), undefined);
  assert.deepEqual(box.openText('form', box.sealText('form', { a: 1 })), { a: 1 });
  assert.equal(box.openText('form', ''), undefined);
});
