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

/** Primary key of an instance's row, its version aside. */
export type InstanceKey = { study_key: string; series_key: number; sop_uid: string };

export function instanceKeyOf(institution: string, uids: { study: string; series: string; sop: string }): InstanceKey {
  return { study_key: studyKeyOf(institution, uids.study), series_key: seriesKeyOf(uids.series), sop_uid: uids.sop };
}

/** The key as one text, for maps of rows. */
export const instanceKeyText = (key: InstanceKey): string => `${key.study_key} ${key.series_key} ${key.sop_uid}`;
