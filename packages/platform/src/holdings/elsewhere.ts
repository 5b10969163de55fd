import { Failure } from '@acervo/kernel/failure.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { Sql } from '../ports/sql.ts';
import { findSegment } from './segment.repo.ts';

/**
 * Packs as one node reads them. A segment that another data directory wrote, and that is not to be seen from here,
 * is not damaged: it can be had from the other node.
 */
export function readableFrom(node: string, blobs: BlobStore, db: Sql): BlobStore {
  return {
    ...blobs,
    /** @throws {Failure} retrieve/elsewhere, retrieve/damaged */
    async open(name) {
      try {
        return await blobs.open(name);
      } catch (thrown) {
        const other = await otherNodeOf(name, node, db);
        if (other === undefined) throw thrown;
        throw new Failure('retrieve/elsewhere', `segment ${name} lies on node ${other}`, { cause: thrown });
      }
    },
  };
}

async function otherNodeOf(name: string, node: string, db: Sql): Promise<string | undefined> {
  const segment = Number(/(\d{8,})\.tar$/.exec(name)?.[1]);
  const row = Number.isInteger(segment) ? await findSegment(db, segment) : undefined;
  return row === undefined || row.node === node ? undefined : row.node;
}
