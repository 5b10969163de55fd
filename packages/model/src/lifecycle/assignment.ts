/**
 * Which studies a limited model is for: HMAC-SHA256(site key, Study Inst. UID), as an unsigned number of 256 bits, mod
 * 100, is below the percentage. So whoever has the key can say afterwards for each study whether it was, and a larger
 * share has every study of a smaller one.
 * @param siteKey  secret of the site, 32 bytes
 * @returns 0 to 99
 */
export async function placeOf(siteKey: Uint8Array<ArrayBuffer>, studyInstanceUid: string): Promise<number> {
  const key = await crypto.subtle.importKey('raw', siteKey, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const mac = new Uint8Array(await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(studyInstanceUid)));
  return mac.reduce((rest, byte) => (rest * 256 + byte) % 100, 0);
}

export const isAssigned = async (
  siteKey: Uint8Array<ArrayBuffer>,
  studyInstanceUid: string,
  percentage: number,
): Promise<boolean> => (await placeOf(siteKey, studyInstanceUid)) < percentage;
