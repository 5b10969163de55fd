import { join } from 'node:path';
import type { RecordContext, RecordMember } from '@acervo/kernel/pack/record.ts';
import { fileBlobStore } from '@acervo/platform/adapters/fs/blob-store.ts';
import { scanSegment } from '@acervo/platform/holdings/pack/scan.ts';
import type { BlobReader } from '@acervo/platform/ports/blob-store.ts';

export type CommittedMember = RecordMember & { from: RecordContext };

/** What the packs of a data directory hold: what commit records name, and what lies there beside. */
export type PackContents = {
  members: CommittedMember[];
  /** Segments that do not end exactly behind a group: bytes that belong to nothing. */
  loose: string[];
};

/** Read every segment from its first byte on, without the index. */
export async function packContents(dataDir: string): Promise<PackContents> {
  const blobs = fileBlobStore(join(dataDir, 'packs'));
  const contents: PackContents = { members: [], loose: [] };
  for await (const segment of blobs.list()) {
    const reader = await blobs.open(segment);
    await readSegment(reader, segment, contents);
    await reader.close();
  }
  return contents;
}

async function readSegment(reader: BlobReader, segment: string, { members, loose }: PackContents): Promise<void> {
  const number = Number(/(\d{8})\.tar$/.exec(segment)?.[1]);
  for await (const found of scanSegment(reader, { segment: number, at: 0, records: 0, chain: '' })) {
    if (found.kind === 'group') {
      const { members: named, contexts } = found.record;
      members.push(...named.map((member) => ({ ...member, from: contexts[member.context] as RecordContext })));
    } else if (!found.clean) {
      loose.push(`${segment} at ${found.at}: ${found.reason}`);
    }
  }
}
