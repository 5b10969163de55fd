import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { Failure } from '@acervo/kernel/failure.ts';
import { newId } from '@acervo/kernel/id.ts';
import type { JWK } from 'jose';
import { z } from 'zod';
import { SIGNING_ALGORITHM } from './access-token.ts';

const KEY_BYTES = 32;

const PRIVATE_JWK = z.strictObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string(),
  y: z.string(),
  d: z.string(),
  kid: z.string().min(1),
  alg: z.literal(SIGNING_ALGORITHM),
  use: z.literal('sig'),
});

const FILE = z.strictObject({
  /** The first signs; further ones still verify, for as long as their tokens count. */
  signing: z.array(PRIVATE_JWK).min(1),
  /** Of everything that is sealed: base64url, 32 bytes. Another one: second factors are enrolled anew. */
  sealing: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
});

export type LoginKeys = { signing: readonly JWK[]; sealing: Buffer };

/** New keys, as the text of their file. */
export function newKeysText(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { kty, crv, x, y, d } = privateKey.export({ format: 'jwk' });
  const signing = [{ kty, crv, x, y, d, kid: newId(), alg: SIGNING_ALGORITHM, use: 'sig' }];
  return `${JSON.stringify({ signing, sealing: randomBytes(KEY_BYTES).toString('base64url') }, undefined, 2)}\n`;
}

/** @throws {Failure} config/invalid, without a word of what the text is */
export function readKeys(text: string): LoginKeys {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    throw new Failure('config/invalid', 'the keys of the login are not JSON');
  }
  const read = FILE.safeParse(given);
  if (!read.success) {
    const paths = read.error.issues.map(({ path }) => path.join('.'));
    throw new Failure('config/invalid', `the keys of the login: not understood at ${paths.join(', ')}`);
  }
  return { signing: read.data.signing, sealing: Buffer.from(read.data.sealing, 'base64url') };
}
