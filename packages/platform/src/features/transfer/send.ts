import { FAILURES, type FailureCode, toFailure } from '@acervo/kernel/failure.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import type { Op } from '../../ports/op.ts';
import type { ImportLedger, LedgerEntry, SourceItem } from '../../ports/source-file.ts';
import type { Address } from '../../ports/systems.ts';
import type { Delivered } from './deliver.ts';
import { type DestinationPorts, deliverTo } from './destination.ts';
import { fileSendable } from './file-sendable.ts';
import { recorded, select } from './selection.ts';
import { heldSendable, type Sendable } from './sendable.ts';
import { isWarning } from './tally.ts';

/** An object that is to be sent, and by what it is known again. */
type Item = Sendable & { entry: LedgerEntry; studyUid: string };

/** What could not be offered at all. */
type Unreadable = { name: string; reason: string; code?: FailureCode };

export type SendOutcome = 'sent' | 'warning' | 'failed' | 'before' | 'skipped';

/** What became of one object. */
export type Sent = {
  name: string;
  outcome: SendOutcome;
  study?: string;
  sopInstance?: string;
  reason?: string;
  code?: FailureCode;
};

export type StudySent = { study: string } & Record<'sent' | 'warning' | 'failed' | 'before', number>;

export type SendSummary = Record<SendOutcome, number> & { studies: readonly StudySent[]; seconds: number };

/** Heads of files that are read before the first of them is sent: one association then suffices for all. */
const FILES_AT_ONCE = 500;
/** Studies that a summary tells one by one; all objects count. */
const STUDIES_TOLD_MAX = 10_000;

type Ports = DestinationPorts & { ledger: ImportLedger; tell(sent: Sent): void };

/** Send the objects of files and folders to a system by C-STORE; what is no object is skipped with its reason. */
export function sendFiles(
  ports: Ports,
  op: Op,
  address: Address,
  files: AsyncIterable<SourceItem>,
): Promise<SendSummary> {
  return new Sending(ports).run(op, address, fileItems(ports, files));
}

/** Send studies of the archive to a system by C-STORE. @throws {Failure} as `select` does */
export async function sendStudies(
  ports: Ports & { holdings: Pick<Holdings, 'db' | 'files' | 'journal'> },
  op: Op,
  address: Address,
  studies: readonly string[],
): Promise<SendSummary> {
  const { holdings, transcoder } = ports;
  const selection = await select(holdings, op, { level: 'STUDY', studies });
  const about = { level: 'STUDY', service: 'send', destination: address.aeTitle } as const;
  const batches = recorded(holdings, op, selection, about).batches();
  const items = (async function* () {
    for await (const { instances, studyUid } of batches) {
      yield instances.map((instance) => ({
        ...heldSendable(holdings.files, transcoder, instance),
        studyUid,
        entry: { name: instance.sopUid, sizeBytes: instance.dataSetBytes, stamp: instance.digest },
      }));
    }
  })();
  return new Sending(ports).run(op, address, items);
}

type Batch = readonly (Item | Unreadable)[];

async function* fileItems({ transcoder }: Ports, files: AsyncIterable<SourceItem>): AsyncGenerator<Batch> {
  let batch: (Item | Unreadable)[] = [];
  for await (const file of files) {
    batch.push(await itemOf(file));
    if (batch.length < FILES_AT_ONCE) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;

  async function itemOf(file: SourceItem): Promise<Item | Unreadable> {
    if ('refused' in file) return { name: file.name, reason: file.refused };
    const { name, sizeBytes, stamp } = file;
    try {
      return { ...(await fileSendable(file, transcoder)), entry: { name, sizeBytes, stamp } };
    } catch (thrown) {
      const { code } = toFailure(thrown);
      if (code === 'internal') return { name, reason: `cannot be read: ${String(thrown)}` };
      return { name, reason: FAILURES[code].title, code };
    }
  }
}

/** One run of `send`. */
class Sending {
  readonly #ports: Ports;
  readonly #counts: Record<SendOutcome, number> = { sent: 0, warning: 0, failed: 0, before: 0, skipped: 0 };
  readonly #studies = new Map<string, StudySent>();

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  async run(op: Op, address: Address, batches: AsyncIterable<Batch>): Promise<SendSummary> {
    const began = performance.now();
    for await (const delivered of deliverTo(this.#ports, { address, signal: op.signal }, this.#open(batches))) {
      this.#delivered(delivered);
      op.signal.throwIfAborted();
    }
    const seconds = Math.round(performance.now() - began) / 1000;
    return { ...this.#counts, studies: [...this.#studies.values()], seconds };
  }

  /** What is left to be sent. */
  async *#open(batches: AsyncIterable<Batch>): AsyncGenerator<readonly Item[]> {
    for await (const batch of batches) {
      const items: Item[] = [];
      for (const each of batch) {
        if ('reason' in each) this.#tell({ ...each, outcome: 'skipped' });
        else if (!this.#ports.ledger.has(each.entry)) items.push(each);
        else this.#tell({ ...namesOf(each), outcome: 'before' });
      }
      if (items.length > 0) yield items;
    }
  }

  #delivered({ sendable, outcome, answer }: Delivered<Item>): void {
    const names = namesOf(sendable);
    if ('failure' in outcome) {
      const code = outcome.failure;
      return this.#tell({ ...names, outcome: 'failed', reason: FAILURES[code].title, code });
    }
    const { status } = outcome;
    const text = `answer 0x${status.toString(16).toUpperCase().padStart(4, '0')}`;
    const reason = answer?.errorComment === undefined ? text : `${text}: ${answer.errorComment}`;
    if (status === 0) this.#tell({ ...names, outcome: 'sent' });
    else this.#tell({ ...names, outcome: isWarning(status) ? 'warning' : 'failed', reason });
    if (status === 0 || isWarning(status)) this.#ports.ledger.add(sendable.entry);
  }

  #tell(sent: Sent): void {
    this.#counts[sent.outcome] += 1;
    if (sent.study !== undefined && sent.outcome !== 'skipped') {
      const known = this.#studies.get(sent.study);
      const study = known ?? { study: sent.study, sent: 0, warning: 0, failed: 0, before: 0 };
      study[sent.outcome] += 1;
      if (known === undefined && this.#studies.size < STUDIES_TOLD_MAX) this.#studies.set(sent.study, study);
    }
    this.#ports.tell(sent);
  }
}

const namesOf = ({ entry, studyUid, sopInstanceUid }: Item) => ({
  name: entry.name,
  study: studyUid,
  sopInstance: sopInstanceUid,
});
