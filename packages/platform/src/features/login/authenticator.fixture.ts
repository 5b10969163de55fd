import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** What an authenticator says of how it was used (Web Authentication 6.1). */
export type Used = { origin?: string; rpId?: string; counter?: number; isVerified?: boolean; challenge?: string };

const USER_PRESENT = 0x01;
const USER_VERIFIED = 0x04;
const ATTESTED = 0x40;

const sha256 = (of: string | Uint8Array): Buffer => createHash('sha256').update(of).digest();
const encoded = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

/** CBOR of what an authenticator writes: small maps, byte strings, texts, integers (RFC 8949 3). */
function cbor(value: number | string | Uint8Array | Map<number | string, unknown>): Buffer {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value]);
  const pairs = [...value].flatMap(([key, of]) => [cbor(key), cbor(of as Parameters<typeof cbor>[0])]);
  return Buffer.concat([head(5, value.size), ...pairs]);
}

function head(major: number, of: number): Buffer {
  if (of < 24) return Buffer.from([(major << 5) | of]);
  if (of < 256) return Buffer.from([(major << 5) | 24, of]);
  return Buffer.from([(major << 5) | 25, of >> 8, of & 0xff]);
}

/** A security key of ES256 in software, which tells what a test wants it to tell. */
export class SoftwareAuthenticator {
  readonly id = randomBytes(32);
  #counter = 0;
  readonly #privateKey: KeyObject;
  readonly #publicKey: Buffer;
  readonly #origin: string;

  constructor(origin: string) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
    this.#privateKey = privateKey;
    this.#origin = origin;
    // COSE_Key: kty EC2, alg ES256, crv P-256.
    const of: [number, number | Buffer][] = [
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, Buffer.from(x, 'base64url')],
      [-3, Buffer.from(y, 'base64url')],
    ];
    this.#publicKey = cbor(new Map(of));
  }

  /** @param options  as a page has them; @returns what its script puts into the form */
  create(options: string, used: Used = {}): string {
    const { challenge } = JSON.parse(options) as { challenge: string };
    const length = Buffer.from([0, this.id.length]);
    const attested = Buffer.concat([Buffer.alloc(16), length, this.id, this.#publicKey]);
    const authData = Buffer.concat([this.#authData(ATTESTED, used), attested]);
    const attestation = new Map<string, unknown>([
      ['fmt', 'none'],
      ['attStmt', new Map()],
      ['authData', authData],
    ]);
    const clientDataJSON = encoded(this.#clientData('webauthn.create', challenge, used));
    const response = { clientDataJSON, attestationObject: encoded(cbor(attestation)), transports: ['usb'] };
    return this.#answer(response);
  }

  get(options: string, used: Used = {}): string {
    const { challenge } = JSON.parse(options) as { challenge: string };
    const authenticatorData = this.#authData(0, used);
    const clientData = this.#clientData('webauthn.get', challenge, used);
    const signature = sign('sha256', Buffer.concat([authenticatorData, sha256(clientData)]), this.#privateKey);
    return this.#answer({
      clientDataJSON: encoded(clientData),
      authenticatorData: encoded(authenticatorData),
      signature: encoded(signature),
    });
  }

  #answer(response: object): string {
    const id = encoded(this.id);
    return JSON.stringify({ id, rawId: id, type: 'public-key', response });
  }

  #clientData(type: string, challenge: string, used: Used): Buffer {
    const { origin = this.#origin } = used;
    return Buffer.from(JSON.stringify({ type, challenge: used.challenge ?? challenge, origin, crossOrigin: false }));
  }

  #authData(flags: number, { rpId = new URL(this.#origin).hostname, counter, isVerified = true }: Used): Buffer {
    this.#counter = counter ?? this.#counter + 1;
    const count = Buffer.alloc(4);
    count.writeUInt32BE(this.#counter);
    const all = flags | USER_PRESENT | (isVerified ? USER_VERIFIED : 0);
    return Buffer.concat([sha256(rpId), Buffer.from([all]), count]);
  }
}

/** What a page asks a key, as its button has it. */
export function optionsOn(page: string): string {
  const text = /data-options="([^"]*)"/.exec(page)?.[1] ?? '';
  return text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
}
