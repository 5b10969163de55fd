import { findTransferSyntax, type TransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { toFailure } from '@acervo/kernel/failure.ts';
import type { CommitRecord, RecordMember } from '@acervo/kernel/pack/record.ts';
import type { BlobReader } from '../ports/blob-store.ts';
import { BARE_FACTS, type IndexFacts, indexFactsOf } from './index-facts.ts';
import { MARKS } from './marks.ts';
import { readHeader } from './read-header.ts';
import { rangeSource } from './source.ts';

/**
 * What ingest told the index of a member, read again from the segment and its record: the same bytes in the
 * same context give the same facts, so a replay and a rebuilt index equal what was there.
 */
export async function factsOfMember(
  reader: BlobReader,
  record: CommitRecord,
  member: RecordMember,
): Promise<IndexFacts> {
  const context = record.contexts[member.context] as CommitRecord['contexts'][number];
  try {
    const source = rangeSource(reader, member.at + member.head, member.length - member.head);
    const header = await readHeader(source, syntaxOf(member));
    const index = indexFactsOf(header.dataSet, context);
    const marks = index.marks | header.marks | (member.rewritten ? MARKS.headRewritten : 0);
    return { ...index, marks, study: { ...index.study, marks: index.study.marks | marks } };
  } catch (thrown) {
    if (!toFailure(thrown).code.startsWith('parse/')) throw thrown;
    return BARE_FACTS;
  }
}

/** Of every member of a record, in its order: what projecting the group again takes. */
export async function factsOfMembers(reader: BlobReader, record: CommitRecord): Promise<IndexFacts[]> {
  const facts: IndexFacts[] = [];
  for (const member of record.members) facts.push(await factsOfMember(reader, record, member));
  return facts;
}

function syntaxOf({ transferSyntax }: RecordMember): TransferSyntax {
  const syntax = findTransferSyntax(transferSyntax);
  if (syntax === undefined) throw new Error(`transfer syntax ${transferSyntax} was accepted once`);
  return syntax;
}
