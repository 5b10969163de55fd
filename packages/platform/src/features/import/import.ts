import { FAILURES, Failure, type FailureCode, toFailure } from '@acervo/kernel/failure.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { envelopeOf } from '../../journal/event.ts';
import type { Op } from '../../ports/op.ts';
import type { ImportLedger, SourceFile, SourceItem } from '../../ports/source-file.ts';
import { isDicomdir, isFileId, referencedFiles } from './dicomdir.ts';

export type ImportOutcome = 'stored' | 'resent' | 'version' | 'before' | 'skipped' | 'missing' | 'directory';

/** What became of one file. */
export type Imported = {
  name: string;
  outcome: ImportOutcome;
  bytes: number;
  /** Why it was skipped or is missing; `code` is a row of FAILURES where the archive refused it. */
  reason?: string;
  code?: FailureCode;
};

export type ImportSummary = {
  stored: number;
  resent: number;
  /** Stored as a further version: the archive holds other content under the same UIDs. */
  versions: number;
  /** Finished by an earlier run with the same arguments. */
  before: number;
  /** DICOMDIR files: read, followed, and no objects themselves. */
  directories: number;
  skipped: number;
  /** Named by a DICOMDIR and not there. */
  missing: number;
  /** How many were skipped or missing, by reason. */
  reasons: Record<string, number>;
  bytes: number;
  seconds: number;
  filesPerSecond: number;
  mibPerSecond: number;
  /** Why the import ended before its end, if it did. */
  ended?: FailureCode;
};

/** So many files are on their way at once that those of one commit share an fdatasync. */
const IN_FLIGHT_MAX = 32;
/** A file that is streamed into a segment of its own counts for several. */
const LARGE_BYTES = 1 << 20;
const LARGE_COUNTS = 4;
const weightOf = (file: SourceFile): number => (file.sizeBytes > LARGE_BYTES ? LARGE_COUNTS : 1);

/** What is wrong with the archive and not with the file: going on would refuse everything. */
const ENDING: readonly FailureCode[] = [
  'store/out-of-space',
  'store/unavailable',
  'store/answer-lost',
  'database/unavailable',
  'access/denied',
  'request/cancelled',
];

/**
 * Store every object among the files. What is no object is skipped with its reason; a failure of the archive ends
 * the import, which then goes on from there when it is run again.
 * @param tell  hears of each file once, as soon as it is done; an object is durable by then
 */
export async function importFiles(
  holdings: Holdings,
  op: Op,
  files: AsyncIterable<SourceItem>,
  ledger: ImportLedger,
  tell: (imported: Imported) => void,
): Promise<ImportSummary> {
  op.allow('store', op.institution);
  await holdings.journal.record(envelopeOf(op, 'import.started', {}, {}));
  const run = new Import(holdings, op, ledger, tell);
  try {
    for await (const item of files) {
      op.signal.throwIfAborted();
      await run.begin(item);
    }
  } catch (thrown) {
    run.end(op.signal.aborted ? new Failure('request/cancelled', 'asked to end') : thrown);
  }
  const summary = await run.finish();
  await recordEnd(holdings, op, summary);
  return summary;
}

/** With the archive gone the end cannot be recorded either; the summary still says what is stored. */
async function recordEnd(holdings: Holdings, op: Op, summary: ImportSummary): Promise<void> {
  const { seconds, filesPerSecond: _files, mibPerSecond: _mib, ended, ...counts } = summary;
  const isWhole = summary.skipped + summary.missing === 0;
  const outcome = ended !== undefined ? 'failure' : isWhole && summary.versions === 0 ? 'success' : 'warning';
  const facts = { ...counts, ms: Math.round(seconds * 1000), ...(ended !== undefined && { ended }) };
  try {
    await holdings.journal.record(envelopeOf(op, 'import.finished', { outcome }, facts));
  } catch (thrown) {
    if (ended === undefined) throw thrown;
    op.log.error('journal.unrecorded', { op: op.id, code: toFailure(thrown).code });
  }
}

class Import {
  readonly #holdings: Holdings;
  readonly #op: Op;
  readonly #ledger: ImportLedger;
  readonly #tell: (imported: Imported) => void;
  readonly #underWay = new Set<Promise<void>>();
  #inFlight = 0;
  readonly #began = performance.now();
  #failure: Failure | undefined;
  readonly #counts = {
    stored: 0,
    resent: 0,
    version: 0,
    before: 0,
    directory: 0,
    skipped: 0,
    missing: 0,
  } satisfies Record<ImportOutcome, number>;
  readonly #reasons = new Map<string, number>();
  #bytes = 0;

  constructor(holdings: Holdings, op: Op, ledger: ImportLedger, tell: (imported: Imported) => void) {
    this.#holdings = holdings;
    this.#op = op;
    this.#ledger = ledger;
    this.#tell = tell;
  }

  /** Resolves when the next one may begin. @throws {Failure} what ended the import */
  async begin(item: SourceItem): Promise<void> {
    if ('refused' in item) return this.#done({ name: item.name, outcome: 'skipped', bytes: 0, reason: item.refused });
    if (this.#ledger.has(item)) return this.#done({ name: item.name, outcome: 'before', bytes: item.sizeBytes });
    this.#inFlight += weightOf(item);
    const work = this.#take(item)
      .catch((thrown: unknown) => this.end(thrown))
      .finally(() => {
        this.#inFlight -= weightOf(item);
        this.#underWay.delete(work);
      });
    this.#underWay.add(work);
    while (this.#inFlight >= IN_FLIGHT_MAX && this.#failure === undefined) await Promise.race(this.#underWay);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Nothing more is begun; the first reason counts. */
  end(thrown: unknown): void {
    this.#failure ??= toFailure(thrown);
    this.#op.log.error('import.ended', { op: this.#op.id, code: this.#failure.code, detail: this.#failure.detail });
  }

  async finish(): Promise<ImportSummary> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
    const seconds = (performance.now() - this.#began) / 1000;
    const { stored, resent, version: versions, before, directory: directories, skipped, missing } = this.#counts;
    const rate = (amount: number): number => Math.round((10 * amount) / Math.max(seconds, 0.001)) / 10;
    return {
      stored,
      resent,
      versions,
      before,
      directories,
      skipped,
      missing,
      reasons: Object.fromEntries(this.#reasons),
      bytes: this.#bytes,
      seconds: Math.round(seconds * 1000) / 1000,
      filesPerSecond: rate(stored + resent + versions),
      mibPerSecond: rate(this.#bytes / 2 ** 20),
      ...(this.#failure !== undefined && { ended: this.#failure.code }),
    };
  }

  #done(imported: Imported): void {
    this.#counts[imported.outcome] += 1;
    if (imported.reason !== undefined)
      this.#reasons.set(imported.reason, 1 + (this.#reasons.get(imported.reason) ?? 0));
    if (['stored', 'resent', 'version'].includes(imported.outcome)) this.#bytes += imported.bytes;
    this.#tell(imported);
  }

  async #take(file: SourceFile): Promise<void> {
    const { name, sizeBytes: bytes } = file;
    const opened = await openFile(file);
    if ('unread' in opened)
      return this.#done({ name, outcome: 'skipped', bytes, reason: `cannot be read: ${opened.unread}` });
    if (isDicomdir(opened.first)) {
      await opened.close();
      return this.#followDirectory(file);
    }
    try {
      const receipt = await this.#holdings.store.store(this.#op, { form: 'file', body: opened.body });
      this.#holdings.metrics.instanceStored(this.#op.door, receipt.kind, {
        institution: this.#op.institution,
        bytes: receipt.bytes,
      });
      this.#ledger.add(file);
      this.#done({ name, outcome: receipt.kind === 'reencoded' ? 'resent' : receipt.kind, bytes });
    } catch (thrown) {
      this.#refused(file, thrown);
    } finally {
      await opened.close();
    }
  }

  #refused({ name, sizeBytes: bytes }: SourceFile, thrown: unknown): void {
    const system = systemCodeOf(thrown);
    const { code, detail } = toFailure(thrown);
    if (ENDING.includes(code)) throw thrown;
    this.#holdings.metrics.instanceStored(this.#op.door, 'refused', { institution: this.#op.institution, bytes: 0 });
    if (system !== undefined)
      return this.#done({ name, outcome: 'skipped', bytes, reason: `cannot be read: ${system}` });
    if (code === 'internal') this.#op.log.error('import.unforeseen', { op: this.#op.id, detail });
    this.#done({ name, outcome: 'skipped', bytes, reason: FAILURES[code].title, code });
  }

  /**
   * A DICOMDIR is no object. One that was named itself stands for its files; one that was found lies among them,
   * and only tells which are missing.
   */
  async #followDirectory(file: SourceFile): Promise<void> {
    const { name, sizeBytes: bytes } = file;
    let references: string[][];
    try {
      references = await referencedFiles(file);
    } catch (thrown) {
      const { code } = toFailure(thrown);
      return this.#done({ name, outcome: 'skipped', bytes, reason: `DICOMDIR: ${FAILURES[code].title}`, code });
    }
    this.#done({ name, outcome: 'directory', bytes });
    // While its files are on their way it is not: several directories would else wait for each other.
    this.#inFlight -= weightOf(file);
    try {
      for (const components of references) await this.#follow(file, components);
    } finally {
      this.#inFlight += weightOf(file);
    }
  }

  async #follow(directory: SourceFile, components: readonly string[]): Promise<void> {
    const found = isFileId(components) ? await directory.below(components) : undefined;
    if (found === undefined) {
      const name = `${directory.name}: ${components.join('\\')}`;
      this.#done({ name, outcome: 'missing', bytes: 0, reason: 'named by a DICOMDIR, not there' });
    } else if (directory.isGiven) {
      await this.begin(found);
    }
  }
}

type Opened = { first: Uint8Array; body: AsyncIterable<Uint8Array>; close(): Promise<void> };

/** The file's first chunk, and a body that begins with it. */
async function openFile(file: SourceFile): Promise<Opened | { unread: string }> {
  const chunks = file.read()[Symbol.asyncIterator]();
  try {
    const { value, done } = await chunks.next();
    const first = done === true ? new Uint8Array() : value;
    return { first, body: rejoin(first, chunks), close: async () => void (await chunks.return?.()) };
  } catch (thrown) {
    const unread = systemCodeOf(thrown);
    if (unread === undefined) throw thrown;
    return { unread };
  }
}

async function* rejoin(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

/** What the file's own system says (EIO, ENOENT, Z_DATA_ERROR); a Failure of ours has no such code. */
function systemCodeOf(thrown: unknown): string | undefined {
  const isSystem = thrown instanceof Error && !(thrown instanceof Failure) && 'code' in thrown;
  return isSystem ? String(thrown.code) : undefined;
}
