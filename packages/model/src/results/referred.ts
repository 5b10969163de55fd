import type { Values } from '@acervo/dicom/data-set/compose.ts';
import { T } from '@acervo/dicom/tags.ts';

/** An object that another one names. */
export type Referred = { sopClassUid: string; sopInstanceUid: string; seriesUid: string };

/** Series and their objects, in the order in which they come. */
export function seriesOf(objects: readonly Referred[], inside: number): Values[] {
  const series = Map.groupBy(objects, ({ seriesUid }) => seriesUid);
  return [...series].map(
    ([seriesUid, of]): Values => [
      [T.SeriesInstanceUID, seriesUid],
      [
        inside,
        of.map(
          ({ sopClassUid, sopInstanceUid }): Values => [
            [T.ReferencedSOPClassUID, sopClassUid],
            [T.ReferencedSOPInstanceUID, sopInstanceUid],
          ],
        ),
      ],
    ],
  );
}
