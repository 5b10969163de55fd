import { createHmac, randomBytes } from 'node:crypto';

const STEP_S = 30;
const DIGITS = 6;
/** As long as the hash, as RFC 4226 section 4 (R6) recommends. */
const SECRET_BYTES = 20;
/** Steps before and after the present one that count: clocks of telephones differ (RFC 6238 5.2). */
const STEPS_AROUND = 1;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** HOTP (RFC 4226 5.3) of a time step (RFC 6238 4.2). */
export function totpAt(secret: Uint8Array, step: number, digits = DIGITS, hash = 'sha1'): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac(hash, secret).update(counter).digest();
  const offset = (mac.at(-1) ?? 0) & 0xf;
  const code = mac.readUInt32BE(offset) & 0x7fffffff;
  return `${code % 10 ** digits}`.padStart(digits, '0');
}

/** The time step whose code this is; undefined: of none that counts. Steps up to `after` were used. */
export function totpStep(secret: Uint8Array, code: string, nowMs: number, after: number): number | undefined {
  const now = Math.floor(nowMs / 1000 / STEP_S);
  for (let step = now - STEPS_AROUND; step <= now + STEPS_AROUND; step++) {
    if (step > after && totpAt(secret, step) === code) return step;
  }
  return undefined;
}

export const newTotpSecret = (): Buffer => randomBytes(SECRET_BYTES);

/** RFC 4648 6, without padding: what is typed into a telephone. */
export function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? []).map((five) => BASE32[Number.parseInt(five.padEnd(5, '0'), 2)]).join('');
}

/** The address that authenticator apps understand (Key Uri Format). */
export function totpUri(secret: Uint8Array, login: string): string {
  const label = `Acervo:${encodeURIComponent(login)}`;
  return `otpauth://totp/${label}?secret=${base32(secret)}&issuer=Acervo&digits=${DIGITS}&period=${STEP_S}`;
}
