const UID_CHARS_MAX = 64;

/**
 * True for 1 to 64 digits and dots without an empty component (PS3.5 9.1).
 *
 * DEVIATION: PS3.5 9.1 forbids leading zeros in a component. Devices of several vendors write them (a
 * date or a serial number as one component), and an archive that refused them would lose real studies.
 */
export function isValidUid(text: string): boolean {
  return text.length <= UID_CHARS_MAX && /^[0-9]+(\.[0-9]+)*$/.test(text);
}

/** A fresh UID of the UUID form (PS3.5 B.2): `2.25.` and a random UUID as one decimal number. */
export function newUid(): string {
  return `2.25.${BigInt(`0x${globalThis.crypto.randomUUID().replaceAll('-', '')}`)}`;
}
