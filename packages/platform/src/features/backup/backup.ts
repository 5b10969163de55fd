import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import { envelopeOf } from '../../journal/event.ts';
import type { Recorder } from '../../journal/recorder.ts';
import type { Op } from '../../ports/op.ts';
import { sealHashAt } from './backup.repo.ts';
import { type Copied, copyFile } from './copy.ts';
import { type BackupSource, type Coverage, coverageNow, type Planned } from './coverage.ts';
import {
  type BackupFile,
  type Damage,
  MANIFEST,
  type Manifest,
  manifestOf,
  manifestText,
  readManifest,
} from './manifest.ts';
import { type BackupTarget, ProgressRecord, readUnfinished, UNFINISHED, type Unfinished } from './progress-record.ts';
import { SECRETS } from './sealed-secrets.ts';

export type BackupPorts = BackupSource & {
  journal: Recorder;
  /** The data directory's name, and the software's version, for the manifest. */
  node: string;
  version: string;
};

export type BackupWanted = {
  /** Compare every file that is kept with its digest, and copy it anew where it differs. */
  deep: boolean;
  /** Keys and logins, sealed: made when everything else is copied. Undefined: what is there already stays. */
  secrets?: (() => Promise<Uint8Array>) | undefined;
};

export type BackupSummary = {
  segments: number;
  journalFiles: number;
  bytes: number;
  kept: number;
  extended: number;
  copied: number;
  repaired: number;
  bytesCopied: number;
  /** Files that the archive could not give; what an earlier backup has of them stays. */
  damaged: number;
  /** Keys and logins were sealed into it. */
  secrets: boolean;
  seconds: number;
};

export type BackupHears = {
  damaged(damage: Damage): void;
  /** After each file. @param bytes done, `bytesAll` to do */
  progress(copied: Copied, bytes: number, bytesAll: number): void;
};

/**
 * Copy packs and journal into a folder while the archive is at work. Everything acknowledged and recorded before it
 * began is in it when it resolves. What an earlier backup brought there is kept and added to; its manifest is
 * replaced at the very end, so that the folder always holds a whole backup, this one or the one before.
 * @throws {Failure} request/invalid for a folder that holds something else, or the backup of another archive
 */
export async function backUp(
  ports: BackupPorts,
  op: Op,
  target: BackupTarget,
  wanted: BackupWanted,
  hears: BackupHears,
): Promise<BackupSummary> {
  op.allow('administer', op.institution);
  const began = performance.now();
  const before = await Before.read(target, ports.node);
  const coverage = await coverageNow(ports, op.signal);
  await before.refuseOtherHistory(ports, coverage);
  await refuseTooBig(target, before, coverage.files);
  const copying = new Copying(target, before, coverage.files, { deep: wanted.deep, signal: op.signal }, hears);
  await copying.run(ports.node);
  const damaged = [...coverage.damaged, ...copying.damaged];
  for (const damage of damaged) hears.damaged(damage);
  const files = withKept(copying.files, damaged, before);
  const { at, journal, records } = coverage;
  const { node, version } = ports;
  const finished = new Date().toISOString();
  const manifest = manifestOf({ node, at, finished, version, journal, damaged, files }, records);
  if (wanted.secrets !== undefined) await target.folder.put(SECRETS, [await wanted.secrets()]);
  await target.folder.put(MANIFEST, manifestText(manifest));
  await target.folder.remove(UNFINISHED);
  const ms = Math.round(performance.now() - began);
  const { segments, journalFiles, bytes } = manifest.counts;
  const counts = {
    segments,
    journalFiles,
    bytes,
    ...copying.counts,
    damaged: damaged.length,
    secrets: wanted.secrets !== undefined,
  };
  const outcome = damaged.length === 0 ? ('success' as const) : ('warning' as const);
  const facts = { ...counts, from: at, seq: journal.seq, ms };
  await ports.journal.record(envelopeOf(op, 'backup.finished', { institution: '', outcome }, facts));
  return { ...counts, seconds: ms / 1000 };
}

/** A damaged file's earlier copy is worth more than none. */
function withKept(files: BackupFile[], damaged: readonly Damage[], before: Before): BackupFile[] {
  const there = new Set(files.map(({ path }) => path));
  const kept = damaged.flatMap(({ path }) => (there.has(path) ? [] : (before.files.get(path) ?? [])));
  return [...files, ...new Set(kept)].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** What the folder holds when a backup begins. */
class Before {
  readonly files = new Map<string, BackupFile>();
  readonly unfinished: Unfinished | undefined;
  readonly #manifest: Manifest | undefined;

  private constructor(manifest: Manifest | undefined, unfinished: Unfinished | undefined) {
    this.#manifest = manifest;
    this.unfinished = unfinished;
    for (const file of [...(manifest?.files ?? []), ...(unfinished?.files ?? [])]) {
      // An interrupted backup only made files longer; its record may be older than the manifest all the same.
      if (file.length >= (this.files.get(file.path)?.length ?? 0)) this.files.set(file.path, file);
    }
  }

  static async read(target: BackupTarget, node: string): Promise<Before> {
    const manifest = await readManifest(target.folder);
    const unfinished = await readUnfinished(target);
    if (manifest === undefined && unfinished === undefined) {
      for await (const name of target.folder.list()) {
        throw new Failure('request/invalid', `the folder is not empty and holds no backup: ${name}`);
      }
    }
    const other = [manifest, unfinished].find((each) => each !== undefined && each.node !== node);
    if (other !== undefined) {
      throw new Failure('request/invalid', `the folder holds the backup of another archive, ${other.node}`);
    }
    return new Before(manifest, unfinished);
  }

  /**
   * An archive that was set back to an earlier day must not overwrite what the backup knows better.
   * @throws {Failure} request/invalid
   */
  async refuseOtherHistory({ db }: BackupSource, { files, damaged }: Coverage): Promise<void> {
    const journal = this.#manifest?.journal;
    if (journal !== undefined && journal.seq > 0 && (await sealHashAt(db, journal.seq)) !== journal.hash) {
      throw otherHistory(`event ${journal.seq} is another one`);
    }
    const now = new Map(files.map((planned) => [planned.path, planned]));
    const isDamaged = new Set(damaged.map(({ path }) => path));
    for (const { path, length, chain } of this.files.values()) {
      const planned = now.get(path);
      if (planned === undefined && isDamaged.has(path)) continue;
      if (planned === undefined) throw otherHistory(`${path} is not known`);
      if (planned.length < length) throw otherHistory(`${path} is shorter than its copy`);
      if (planned.length === length && planned.chain !== chain) throw otherHistory(`${path} ends with another record`);
    }
  }
}

const otherHistory = (what: string): Failure =>
  new Failure('request/invalid', `the folder's backup is not one of this archive's past (${what}): use another folder`);

async function refuseTooBig({ blobs }: BackupTarget, before: Before, files: readonly Planned[]): Promise<void> {
  const known = ({ path }: Planned): number => before.files.get(path)?.length ?? 0;
  const needed = files.reduce((sum, planned) => sum + planned.length - known(planned), 0);
  const free = await blobs.freeBytes();
  if (needed > free) throw new Failure('store/out-of-space', `${needed} bytes are needed, the folder has ${free}`);
}

class Copying {
  readonly files: BackupFile[] = [];
  readonly damaged: Damage[] = [];
  readonly counts = { kept: 0, extended: 0, copied: 0, repaired: 0, bytesCopied: 0 };
  readonly #target: BackupTarget;
  readonly #before: Before;
  readonly #planned: readonly Planned[];
  readonly #options: Parameters<typeof copyFile>[3];
  readonly #hears: BackupHears;

  constructor(
    target: BackupTarget,
    before: Before,
    planned: readonly Planned[],
    options: Parameters<typeof copyFile>[3],
    hears: BackupHears,
  ) {
    this.#target = target;
    this.#before = before;
    this.#planned = planned;
    this.#options = options;
    this.#hears = hears;
  }

  async run(node: string): Promise<void> {
    const record = await ProgressRecord.begin(this.#target, node, this.#before.unfinished);
    const all = this.#planned.reduce((sum, { length }) => sum + length, 0);
    let done = 0;
    try {
      for (const planned of this.#planned) {
        const copied = await this.#copy(planned);
        done += planned.length;
        if (copied === undefined) continue;
        if (copied.how !== 'kept') await record.add(copied.file);
        this.counts[copied.how] += 1;
        this.counts.bytesCopied += copied.bytes;
        this.files.push(copied.file);
        this.#hears.progress(copied, done, all);
      }
    } finally {
      await record.close();
    }
  }

  async #copy(planned: Planned): Promise<Copied | undefined> {
    if (this.#options.signal.aborted) throw new Failure('request/cancelled', 'ended early; run it again to go on');
    try {
      return await copyFile(planned, this.#before.files.get(planned.path), this.#target, this.#options);
    } catch (thrown) {
      const failure = toFailure(thrown);
      if (failure.code !== 'retrieve/damaged') throw thrown;
      this.damaged.push({ path: planned.path, reason: failure.detail });
      return undefined;
    }
  }
}
