import { type Failure, toFailure } from '@acervo/kernel/failure.ts';
import type { DimseAnswer, DimsePeer, StoreRequest } from '../../bindings/dimse.ts';
import type { Transcoder } from '../../ports/transcoder.ts';
import { chooseSyntax, type Opened, type Sendable } from './sendable.ts';
import type { SubOutcome } from './tally.ts';

/** What became of one object that was to be sent. */
export type Delivered<S extends Sendable = Sendable> = {
  sendable: S;
  outcome: SubOutcome;
  answer?: DimseAnswer;
  failure?: Failure;
  /** The association went with it; what is sent on it further is lost, too. */
  isLost: boolean;
};

export type Delivery = {
  transcoder: Transcoder;
  /** Where an object cannot go out as it lies: the transfer syntaxes that the peer likes, the best first. */
  preferred?: readonly string[] | undefined;
  /** For whom a C-MOVE sends (PS3.7 9.1.1.1). */
  moveOriginator?: StoreRequest['moveOriginator'];
  signal: AbortSignal;
};

type Ready<S extends Sendable> = { sendable: S; syntax: string | undefined; opened?: Opened; failure?: Failure };

/**
 * Send objects to a peer by C-STORE, one after the other; while the peer takes one, the next one is read. An object
 * that cannot be sent is told, and the others are sent. Stop listening when one is told with which the association
 * is lost.
 */
export async function* deliver<S extends Sendable>(
  peer: Pick<DimsePeer, 'contexts' | 'store'>,
  sendables: AsyncIterable<S> | Iterable<S>,
  delivery: Delivery,
): AsyncGenerator<Delivered<S>, undefined> {
  const readies = opened(peer, sendables, delivery);
  let ahead = readies.next();
  try {
    for (;;) {
      const { value: ready, done } = await ahead;
      if (done === true) return;
      // What it is written with leaves in this call: only then the next one is read.
      const sending = sent(peer, ready, delivery);
      ahead = readies.next();
      ahead.catch(() => undefined); // Thrown where it is awaited.
      yield await sending;
    }
  } finally {
    const unsent = await ahead.catch(() => undefined);
    await unsent?.value?.opened?.close(true);
    await readies.return(undefined);
  }
}

async function* opened<S extends Sendable>(
  { contexts }: Pick<DimsePeer, 'contexts'>,
  sendables: AsyncIterable<S> | Iterable<S>,
  { transcoder, preferred, signal }: Delivery,
): AsyncGenerator<Ready<S>, undefined> {
  for await (const sendable of sendables) {
    const syntax = chooseSyntax(contexts, sendable, transcoder, preferred);
    if (syntax === undefined) {
      yield { sendable, syntax };
      continue;
    }
    try {
      yield { sendable, syntax, opened: await sendable.open(syntax, signal) };
    } catch (thrown) {
      yield { sendable, syntax, failure: toFailure(thrown) };
    }
  }
}

async function sent<S extends Sendable>(
  peer: Pick<DimsePeer, 'store'>,
  ready: Ready<S>,
  { moveOriginator }: Delivery,
): Promise<Delivered<S>> {
  const { sendable, syntax, opened, failure } = ready;
  if (syntax === undefined) return { sendable, outcome: { failure: 'dimse/no-context' }, isLost: false };
  if (opened === undefined) {
    return { sendable, outcome: { failure: failure?.code ?? 'internal' }, ...(failure && { failure }), isLost: false };
  }
  let isTaken = false;
  try {
    const { sopClassUid, sopInstanceUid } = sendable;
    const answer = await peer.store({
      sopClassUid,
      sopInstanceUid,
      transferSyntaxUid: syntax,
      dataSet: opened.dataSet,
      ...(moveOriginator && { moveOriginator }),
    });
    isTaken = true;
    return { sendable, outcome: { status: answer.status }, answer, isLost: false };
  } catch (thrown) {
    const lost = toFailure(thrown);
    return { sendable, outcome: { failure: lost.code }, failure: lost, isLost: true };
  } finally {
    await opened.close(isTaken);
  }
}
