import { type Failure, toFailure } from '@acervo/kernel/failure.ts';
import { type Associate, type Association, CONTEXTS_MAX, type ProposedContext } from '../../bindings/dimse-scu.ts';
import type { Log } from '../../ports/log.ts';
import type { Address } from '../../ports/systems.ts';
import type { Transcoder } from '../../ports/transcoder.ts';
import { type Delivered, type Delivery, deliver } from './deliver.ts';
import { FALLBACKS, type Sendable } from './sendable.ts';

export type DestinationPorts = { associate: Associate; transcoder: Transcoder; log: Log };

export type Destination = Pick<Delivery, 'moveOriginator' | 'signal'> & { address: Address };

/**
 * Send objects to a system: over one association as long as what it accepted suffices, else over several in turn.
 * A system that goes in the midst is not called again: what is left is told as failed.
 */
export async function* deliverTo<S extends Sendable>(
  ports: DestinationPorts,
  destination: Destination,
  batches: AsyncIterable<readonly S[]>,
): AsyncGenerator<Delivered<S>, undefined> {
  const line = new Line(ports, destination);
  try {
    for await (const batch of batches) {
      for (const bin of binsOf(batch, (each) => contextsFor(each, destination.address, ports.transcoder))) {
        yield* line.deliver(bin);
      }
    }
  } finally {
    await line.close();
  }
}

/** Objects whose contexts fit into one association. */
export type Bin<S extends Sendable = Sendable> = {
  contexts: ReadonlyMap<string, ProposedContext>;
  sendables: readonly S[];
};

/** One association after the other to the same system. */
class Line {
  readonly #ports: DestinationPorts;
  readonly #destination: Destination;
  #association: Association | undefined;
  #proposed: ReadonlyMap<string, ProposedContext> = new Map();
  #gone: Failure | undefined;

  constructor(ports: DestinationPorts, destination: Destination) {
    this.#ports = ports;
    this.#destination = destination;
  }

  async *deliver<S extends Sendable>({ contexts, sendables }: Bin<S>): AsyncGenerator<Delivered<S>, undefined> {
    const { transcoder } = this.#ports;
    const { moveOriginator, signal, address } = this.#destination;
    const preferred = address.transferSyntaxes.length > 0 ? address.transferSyntaxes : FALLBACKS;
    let done = 0;
    while (done < sendables.length) {
      const association = await this.#associated(contexts);
      if (association === undefined) return yield* unsent(sendables.slice(done), this.#gone);
      const rest = sendables.slice(done);
      for await (const delivered of deliver(association, rest, { transcoder, preferred, moveOriginator, signal })) {
        done += 1;
        if (delivered.isLost) await this.#lose(delivered.failure);
        yield delivered;
        if (delivered.isLost) break;
      }
    }
  }

  /** Leave as it is proper: what was sent has been answered. */
  async close(): Promise<void> {
    const association = this.#association;
    this.#association = undefined;
    await association?.release().catch((thrown: unknown) => {
      const { code, detail } = toFailure(thrown);
      this.#ports.log.warn('association.unreleased', { destination: this.#destination.address.aeTitle, code, detail });
    });
  }

  /** One that offers these contexts; undefined where the system is gone. */
  async #associated(contexts: Bin['contexts']): Promise<Association | undefined> {
    if (this.#gone !== undefined) return undefined;
    const isEnough = [...contexts.keys()].every((key) => this.#proposed.has(key));
    if (this.#association !== undefined && isEnough) return this.#association;
    await this.close();
    // What was of use before is proposed again where it fits: batches of one study resemble each other.
    const all = new Map([...contexts, ...this.#proposed]);
    const proposed = new Map([...all].slice(0, CONTEXTS_MAX));
    const { address, signal } = this.#destination;
    try {
      this.#association = await this.#ports.associate(address, { contexts: [...proposed.values()], signal });
      this.#proposed = proposed;
      return this.#association;
    } catch (thrown) {
      this.#fail(toFailure(thrown));
      return undefined;
    }
  }

  /** Without the association; and without the system, unless it was we who could not go on. */
  async #lose(failure: Failure | undefined): Promise<void> {
    const association = this.#association;
    this.#association = undefined;
    await association?.abort();
    if (failure === undefined || failure.code.startsWith('ul/')) this.#fail(failure);
  }

  #fail(failure: Failure | undefined): void {
    this.#gone = failure;
    const { aeTitle } = this.#destination.address;
    this.#ports.log.warn('destination.failed', { destination: aeTitle, code: failure?.code, detail: failure?.detail });
  }
}

function* unsent<S extends Sendable>(
  sendables: readonly S[],
  failure: Failure | undefined,
): Generator<Delivered<S>, undefined> {
  for (const sendable of sendables) {
    yield { sendable, outcome: { failure: failure?.code ?? 'ul/aborted' }, isLost: false };
  }
}

/**
 * What is proposed for an object: a context for each transfer syntax of its own, so that the peer cannot choose a
 * conversion where it would take the object as it is (PS3.8 9.3.2.2 has it choose one of a context).
 */
export function contextsFor(
  { sopClassUid, transferSyntaxUid: stored }: Pick<Sendable, 'sopClassUid' | 'transferSyntaxUid'>,
  { transferSyntaxes }: Pick<Address, 'transferSyntaxes'>,
  { canTranscode }: Pick<Transcoder, 'canTranscode'>,
): ProposedContext[] {
  const context = (...syntaxes: string[]): ProposedContext => ({
    abstractSyntax: sopClassUid,
    transferSyntaxes: syntaxes,
  });
  const possible = (syntax: string): boolean => syntax !== stored && canTranscode(stored, syntax);
  if (transferSyntaxes.length > 0) {
    return transferSyntaxes.filter((syntax) => syntax === stored || possible(syntax)).map((syntax) => context(syntax));
  }
  return [context(stored), ...FALLBACKS.filter(possible).map((syntax) => context(syntax))];
}

const keyOf = ({ abstractSyntax, transferSyntaxes }: ProposedContext): string =>
  `${abstractSyntax} ${transferSyntaxes.join(' ')}`;

/** Part objects, their order kept within each part, so that each needs no more contexts than an association has. */
export function binsOf<S extends Sendable>(
  sendables: readonly S[],
  contextsOf: (sendable: S) => readonly ProposedContext[],
): Bin<S>[] {
  const bins: { contexts: Map<string, ProposedContext>; sendables: S[] }[] = [];
  const binByKind = new Map<string, (typeof bins)[number]>();
  for (const sendable of sendables) {
    const kind = `${sendable.sopClassUid} ${sendable.transferSyntaxUid}`;
    let bin = binByKind.get(kind);
    if (bin === undefined) {
      const wanted = contextsOf(sendable).map((each) => [keyOf(each), each] as const);
      const fits = (each: (typeof bins)[number]): boolean =>
        new Set([...each.contexts.keys(), ...wanted.map(([key]) => key)]).size <= CONTEXTS_MAX;
      bin = bins.find(fits) ?? { contexts: new Map(), sendables: [] };
      if (bin.sendables.length === 0) bins.push(bin);
      for (const [key, context] of wanted) bin.contexts.set(key, context);
      binByKind.set(kind, bin);
    }
    bin.sendables.push(sendable);
  }
  return bins;
}
