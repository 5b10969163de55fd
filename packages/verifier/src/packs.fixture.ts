import { createHash } from 'node:crypto';
import { newId } from '@acervo/kernel/id.ts';
import { segmentPath } from '@acervo/kernel/pack/record.ts';
import { fileBlobStore } from '@acervo/platform/adapters/fs/blob-store.ts';
import type { GroupMember } from '@acervo/platform/holdings/pack/member.ts';
import { Segment } from '@acervo/platform/holdings/pack/segment.ts';
import { envelopeOf } from '@acervo/platform/journal/event.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const HEAD_BYTES = 20;
const op = testOp({ institution: 'HGM' });

/** A member of any bytes: packs do not look into objects. */
export function member(number: number, bytes = 600): GroupMember {
  const content = new Uint8Array(bytes).map((_, index) => (number * 31 + index * 7) % 256);
  const context = {
    institution: 'HGM',
    system: 'T',
    door: 'import',
    issuer: '',
    charset: '',
    actor: { kind: 'process', id: 't' },
    op: op.id,
  };
  return {
    facts: {
      length: bytes,
      head: HEAD_BYTES,
      sha256: sha256(content.subarray(HEAD_BYTES)),
      headSha256: sha256(content.subarray(0, HEAD_BYTES)),
      transferSyntax: '1.2.840.10008.1.2.1',
      sopClass: '1.2.840.10008.5.1.4.1.1.7',
      study: '1.2.3',
      series: '1.2.3.4',
      sop: `1.2.3.4.${number}`,
      received: '2026-01-02T03:04:05.678Z',
      rewritten: false,
      version: 0,
      context,
    },
    pieces: [content],
  };
}

/** Write a segment as the archive does. A streamed member is a group of its own. */
export async function writeSegment(
  folder: string,
  segment: number,
  groups: readonly (readonly GroupMember[] | { streamed: GroupMember })[],
  options: { sealed?: boolean; voids?: { segment: number; from: number }[] } = {},
): Promise<void> {
  const writer = await fileBlobStore(folder).create(segmentPath(segment));
  if (writer === undefined) throw new Error('written twice');
  const made = new Segment({ segment, end: 0, records: 0, chain: '' }, writer, newId(), () => new Date().toISOString());
  for (const group of groups) {
    const envelope = envelopeOf(op, 'instance.stored', { study: '1.2.3' }, {});
    if ('streamed' in group) {
      made.beginStream();
      await made.appendStream(group.streamed.pieces);
      await made.commitStream(group.streamed, { members: [group.streamed], events: [{ envelope, members: [0] }] }, []);
    } else {
      const members = group.map((_, index) => index);
      await made.commit({ members: group, events: [{ envelope, members }] }, options.voids ?? []);
    }
  }
  if (options.sealed === false) await made.close();
  else await made.seal();
}
