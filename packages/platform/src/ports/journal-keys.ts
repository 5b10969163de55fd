import type { Json } from '@acervo/kernel/canonical-json.ts';
import type { Signed } from '@acervo/kernel/journal/signature.ts';

/** Signs by a private key that it does not give away (Ed25519). */
export type Signer = {
  /** The public key, base64url. */
  key: string;
  /** The signature, base64url. */
  sign(what: Signed, value: Json): string;
};

/** The private keys that this archive's checkpoints may be signed by. */
export type JournalKeys = {
  /**
   * Those that are there now, made where there was none; a second one while the key is being changed.
   * @throws {Failure} config/invalid
   */
  signers(): readonly [Signer, ...Signer[]];
};

/** Keys that can be changed here: files of the data directory. */
export type JournalKeyFiles = JournalKeys & {
  /** Make the next key, beside the present one. @returns the same while it is there */
  stage(): Signer;
  /** The next key takes the place of the present one, which is forgotten. */
  promote(): void;
};
