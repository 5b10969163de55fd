import { N_ACTION_RQ } from '@acervo/dicom/dimse/command.ts';
import { newUid } from '@acervo/dicom/uid.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { newId } from '@acervo/kernel/id.ts';
import { type DimseReply, isPending } from '../../bindings/dimse.ts';
import type { Association } from '../../bindings/dimse-scu.ts';
import { findStudies, listInstances, listSeries } from '../../holdings/find.repo.ts';
import { viewOf } from '../../holdings/scope.ts';
import { envelopeOf } from '../../journal/event.ts';
import type { Op } from '../../ports/op.ts';
import type { Db, Sql } from '../../ports/sql.ts';
import { standingOf } from '../../ports/view.ts';
import { nEventReport } from './answer.scp.ts';
import { endCommitment, insertAsked } from './commitment.repo.ts';
import { PUSH_MODEL, PUSH_MODEL_INSTANCE, REQUEST_COMMITMENT, TRANSFER_SYNTAXES, writeRequest } from './data-set.ts';
import type { Dial } from './dial.ts';
import { countOf, digestOf, type Reference, type References, referencesOf } from './references.ts';

/** Instances that we ask for at once: archives that answer slowly answer at all. */
const ASKED_MAX = 1000;

export type AskPorts = { db: Db; dial: Dial };

/** How one transaction was begun: `refused` says why there will be no report. */
export type Begun = { transactionUid: string; count: number; refused: string | undefined };

export type Asking = {
  aeTitle: string;
  studies: readonly string[];
  /** How long we stay for reports on the same association; others find us where we listen. */
  waitMs: number;
};

/**
 * Ask another archive to commit to what we hold of some studies (PS3.4 J.3.2). Each transaction is kept before it is
 * asked for, so that its report finds it, however quickly and whichever way it comes.
 * @throws {Failure} retrieve/not-found, dimse/no-address, dimse/no-context, ul/*
 */
export async function askForCommitment(
  { db, dial }: AskPorts,
  op: Op,
  { aeTitle, studies, waitMs }: Asking,
  tell: (begun: Begun) => void,
): Promise<void> {
  const parts = await partsOf(db, op, studies);
  const open = new Set<string>();
  const answered = new AbortController();
  const association = await dial({
    aeTitle,
    contexts: [{ abstractSyntax: PUSH_MODEL, transferSyntaxes: TRANSFER_SYNTAXES }],
    services: [
      nEventReport(db, (transactionUid) => {
        open.delete(transactionUid);
        if (open.size === 0) answered.abort();
      }),
    ],
    signal: op.signal,
  });
  try {
    const all = parts.map((references) => ({ references, transactionUid: newUid() }));
    for (const { transactionUid } of all) open.add(transactionUid);
    for (const each of all) {
      const begun = await begin(db, op, association, { ...each, aeTitle });
      tell(begun);
      if (begun.refused !== undefined) open.delete(each.transactionUid);
    }
    const late = AbortSignal.timeout(waitMs);
    if (open.size > 0) await association.perform(AbortSignal.any([op.signal, answered.signal, late]));
  } catch (thrown) {
    await association.abort();
    throw thrown;
  }
  // Some archives end the association themselves, and how it ends changes nothing.
  await association.release().catch(() => association.abort());
}

/** What is held of these studies, in parts of which each is one transaction. */
async function partsOf(db: Db, op: Op, studies: readonly string[]): Promise<References[]> {
  const parts: References[] = [];
  for (const studyUid of studies) {
    const references = await referencesIn(db, op, studyUid);
    for (let from = 0; from < references.length; from += ASKED_MAX) {
      parts.push(referencesOf(references.slice(from, from + ASKED_MAX)));
    }
  }
  return parts;
}

async function referencesIn(sql: Sql, op: Op, studyUid: string): Promise<Reference[]> {
  const view = viewOf(op, 'read');
  const found = (await findStudies(sql, studyUid))
    .filter(({ institution }) => standingOf(view, institution) === 'all')
    .flatMap(({ held }) => held ?? []);
  if (found.length === 0) throw new Failure('retrieve/not-found', `study ${studyUid}`);
  const references: Reference[] = [];
  for (const study of found) {
    for (const series of await listSeries(sql, study)) {
      for (const { sopClassUid, sopUid } of await listInstances(sql, series)) {
        references.push({ sopClassUid, sopInstanceUid: sopUid });
      }
    }
  }
  return references;
}

type Part = { aeTitle: string; transactionUid: string; references: References };

async function begin(db: Db, op: Op, association: Association, part: Part): Promise<Begun> {
  const { aeTitle, transactionUid, references } = part;
  const [context] = association.contexts;
  if (context === undefined) throw new Failure('dimse/no-context', PUSH_MODEL);
  const id = newId();
  const count = countOf(references);
  const { institution } = op;
  const asked = { ...part, id, institution, referenceCount: count, digest: digestOf(references) };
  await insertAsked(db, asked, op);
  const status = await statusOf(
    association.ask({
      context,
      command: {
        requestedSopClassUid: PUSH_MODEL,
        commandField: N_ACTION_RQ,
        requestedSopInstanceUid: PUSH_MODEL_INSTANCE,
        actionTypeId: REQUEST_COMMITMENT,
      },
      dataSet: await writeRequest(part, context.transferSyntax),
    }),
  );
  if (status === 0x0000) return { transactionUid, count, refused: undefined };
  // "Upon receipt of a failure status, the Transaction UID is no longer active" (PS3.4 J.3.2.1.2).
  const refused = `status ${status.toString(16).padStart(4, '0')}`;
  const facts = { commitment: id, aeTitle, transaction: transactionUid, refused };
  const event = envelopeOf(op, 'commitment.answered', { institution, outcome: 'failure' }, facts);
  await endCommitment(db, { id, state: 'refused', failures: null, problem: refused }, event);
  return { transactionUid, count, refused };
}

async function statusOf(replies: AsyncIterable<DimseReply>): Promise<number> {
  for await (const { status } of replies) if (!isPending(status)) return status;
  throw new Failure('ul/aborted', 'no final response');
}
