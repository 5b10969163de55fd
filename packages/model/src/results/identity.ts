import { hexOf } from '@acervo/kernel/bytes.ts';
import { canonicalJson, type Json } from '@acervo/kernel/canonical-json.ts';
import type { Run } from './result.ts';

/** What writes the objects. What changes a byte of them, other than their input, is results/3. */
export const WRITER = 'results/2';

export async function sha256Of(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return hexOf(new Uint8Array(digest));
}

/** Digests by which the run can be done again. */
export type Identity = { manifestSha256: string; inputsSha256: string; uid(what: string): Promise<string> };

/**
 * UIDs of all that comes of a run: a UUID of version 8 (RFC 9562 5.8) of the first 16 bytes of SHA-256 over the
 * canonical JSON (RFC 8785) of what it is for and of everything that decides its bytes; as UID by PS3.5 B.2. The same
 * run has the same UIDs; whatever else is other, the UIDs are. The outputs are not in it: two machines that compute
 * different bits disagree about one UID, and the archive shows it.
 */
export async function identityOf(run: Run): Promise<Identity> {
  const { manifest, operations, images, made, qualification } = run;
  const manifestSha256 = await sha256Of(canonicalJson(manifest));
  const inputs = images.map(({ sopInstanceUid, dataSetSha256 }) => ({ sopInstanceUid, dataSetSha256 }));
  const model = { manifestSha256, modelSha256: manifest.artifact.sha256, operations };
  const told = { writer: WRITER, ...model, inputs, made: { ...made }, qualification };
  return {
    manifestSha256,
    inputsSha256: await sha256Of(canonicalJson(inputs)),
    uid: (what) => uidOf({ what, of: told }),
  };
}

/** Of the algorithm itself, whatever it is run on. */
export const deviceUid = ({ id, version, artifact }: Run['manifest']): Promise<string> =>
  uidOf({ what: 'device', of: { id, version, modelSha256: artifact.sha256 } });

export async function uidOf(what: Json): Promise<string> {
  const hex = (await sha256Of(canonicalJson(what))).slice(0, 32);
  const variant = ((Number.parseInt(hex[16] as string, 16) & 0x3) | 0x8).toString(16);
  return `2.25.${BigInt(`0x${hex.slice(0, 12)}8${hex.slice(13, 16)}${variant}${hex.slice(17)}`)}`;
}
