import { ed25519Verifier, type Verifier } from '@acervo/model/envelope.ts';
import type { TrustedKey } from '../../ports/models.ts';

/** @throws {Failure} never for a key that was taken once: its bytes were imported then */
export async function verifierOf({ publicKey }: TrustedKey): Promise<Verifier> {
  const spki = new Uint8Array(Buffer.from(publicKey, 'base64'));
  return ed25519Verifier(await crypto.subtle.importKey('spki', spki, 'Ed25519', true, ['verify']));
}
