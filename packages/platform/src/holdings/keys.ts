import { createHash } from 'node:crypto';
import { uuidText } from '@acervo/kernel/id.ts';

/** Key of a study: the same Study Instance UID at two institutions is two studies (decision record 0006). */
export function studyKeyOf(institution: string, studyUid: string): string {
  return uuidText(createHash('sha256').update(`${institution}\0${studyUid}`).digest());
}

/** Key of a series within its study: 53 bits, so that it is a safe integer. */
export function seriesKeyOf(seriesUid: string): number {
  const digest = createHash('sha256').update(seriesUid).digest();
  return digest.readUIntBE(0, 6) * 32 + ((digest[6] as number) >> 3);
}
