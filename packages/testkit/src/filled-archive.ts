import type { TestContext } from 'node:test';
import type { Archive } from '@acervo/platform/apps/archive.ts';
import type { Receipt } from '@acervo/platform/holdings/store.ts';
import { testOp } from './fakes/op.ts';
import { type SmallObjectOptions, smallObject } from './fixtures/small-object.ts';
import { openTestArchive } from './open-archive.ts';

/** Objects above 16 KiB are streamed, segments end at 1 MiB: a small archive has everything that a large one has. */
export const SMALL_PACKS = { ACERVO_SMALL_OBJECT_KIB: '16', ACERVO_SEGMENT_MIB: '1' } as const;

/** Store one made object. */
export function storeSmall(archive: Archive, options: SmallObjectOptions, institution = 'HGM'): Promise<Receipt> {
  const object = smallObject(options);
  const { sopClassUid, sopInstanceUid, transferSyntaxUid, dataSet } = object;
  const body = (async function* () {
    yield dataSet;
  })();
  return archive.holdings.store.store(testOp({ institution }), {
    form: 'dataset',
    sopClassUid,
    sopInstanceUid,
    transferSyntaxUid,
    sourceAet: 'TEST',
    body,
  });
}

/** How many instances `fillArchive` leaves: the conflict is one more version. */
export const FILLED = { instances: 33, versions: 1, studies: 4 } as const;

/**
 * Small and streamed objects of two institutions, one study at both; a resend and a conflict; several segments.
 */
export async function fillArchive(archive: Archive, name = 'filled'): Promise<void> {
  const together: Promise<Receipt>[] = [];
  for (let number = 1; number <= 20; number++) {
    together.push(
      storeSmall(archive, { name, study: 1 + (number % 2), series: 1 + (number % 3), number, pixelBytes: 500 }),
    );
  }
  for (let number = 1; number <= 5; number++) {
    together.push(storeSmall(archive, { name, study: 3, number, pixelBytes: 300_000, patientName: 'ÁVILA^ÑANDÚ' }));
  }
  await Promise.all(together);
  for (let number = 1; number <= 8; number++) await storeSmall(archive, { name, study: 1, series: 9, number }, 'IMSS');
  await storeSmall(archive, { name, study: 1, series: 9, number: 1 }, 'IMSS');
  await storeSmall(archive, { name, study: 1, series: 9, number: 1, fill: 200 }, 'IMSS');
}

/** A filled archive of a test's own, open. */
export async function openFilledArchive(t: TestContext): ReturnType<typeof openTestArchive> {
  const archive = await openTestArchive(t, undefined, SMALL_PACKS);
  await fillArchive(archive);
  return archive;
}
