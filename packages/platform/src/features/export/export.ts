import { createHash, type Hash } from 'node:crypto';
import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { type Recorded, RecordFinder } from '../../holdings/pack/record-of.ts';
import { seen } from '../../holdings/seen.ts';
import { envelopeOf } from '../../journal/event.ts';
import type { Op } from '../../ports/op.ts';
import type { TargetFolder } from '../../ports/target-folder.ts';
import { findStudy, type InstanceToExport, instancesAfter, type StudyToExport, studiesAfter } from './export.repo.ts';
import { ManifestWriter } from './manifest.ts';

export type ExportWanted = {
  /** undefined: every study of every institution. */
  only: { institution: string; study: string } | undefined;
  /** Further versions of the same UIDs too (decision record 0005). */
  versions: boolean;
};

/** One object that was written, was there already, or is damaged in the archive. */
export type Exported = { path: string; outcome: 'written' | 'kept' | 'damaged'; bytes: number; reason?: string };

export type ExportSummary = {
  studies: number;
  objects: number;
  kept: number;
  bytes: number;
  damaged: number;
  seconds: number;
};

const PAGE = 500;
const IN_FLIGHT_MAX = 8;

/**
 * Write objects as Part 10 files, byte for byte as they are stored, with a manifest and checksums. Files that an
 * earlier run wrote are read and kept when they are right. What differs from its digest is named and left out.
 * @throws {Failure} retrieve/not-found, access/denied
 */
export async function exportObjects(
  holdings: Holdings,
  op: Op,
  target: TargetFolder,
  wanted: ExportWanted,
  tell: (exported: Exported) => void,
): Promise<ExportSummary> {
  const began = performance.now();
  const summary: ExportSummary = { studies: 0, objects: 0, kept: 0, bytes: 0, damaged: 0, seconds: 0 };
  const count = (exported: Exported): void => {
    tell(exported);
    if (exported.outcome === 'damaged') summary.damaged += 1;
    else summary.objects += 1;
    if (exported.outcome === 'kept') summary.kept += 1;
    if (exported.outcome !== 'damaged') summary.bytes += exported.bytes;
  };
  const manifest = await ManifestWriter.begin(target, wanted.versions);
  try {
    for await (const study of studiesOf(holdings, wanted)) {
      const [permitted] = await seen(holdings, op, 'export', study.study, [study]);
      if (permitted === undefined && wanted.only === undefined) continue;
      if (permitted === undefined) throw new Failure('retrieve/not-found', 'not for this caller');
      await new StudyExport(holdings, op, target, study, manifest, count).run(wanted.versions);
      summary.studies += 1;
    }
    await manifest.commit();
  } catch (thrown) {
    await manifest.abandon();
    throw thrown;
  }
  summary.seconds = Math.round(performance.now() - began) / 1000;
  const { seconds, ...counts } = summary;
  const subject = {
    outcome: summary.damaged === 0 ? ('success' as const) : ('warning' as const),
    ...(wanted.only ?? { institution: '' }),
  };
  await holdings.journal.record(
    envelopeOf(op, 'export.finished', subject, { ...counts, ms: Math.round(seconds * 1000) }),
  );
  return summary;
}

async function* studiesOf({ db }: Holdings, { only }: ExportWanted): AsyncGenerator<StudyToExport> {
  if (only !== undefined) {
    const study = await findStudy(db, only.institution, only.study);
    if (study === undefined) throw new Failure('retrieve/not-found', `no such study at ${only.institution}`);
    return yield study;
  }
  let after: string | undefined;
  for (;;) {
    const page = await studiesAfter(db, after, PAGE);
    yield* page;
    if (page.length < PAGE) return;
    after = page.at(-1)?.studyKey;
  }
}

/** What stands in the manifest of one object. */
type Line = { path: string; instance: InstanceToExport; recorded: Recorded | undefined; sha256: string };

class StudyExport {
  readonly #holdings: Holdings;
  readonly #op: Op;
  readonly #target: TargetFolder;
  readonly #study: StudyToExport;
  readonly #manifest: ManifestWriter;
  readonly #tell: (exported: Exported) => void;
  readonly #records = new RecordFinder();

  constructor(
    holdings: Holdings,
    op: Op,
    target: TargetFolder,
    study: StudyToExport,
    manifest: ManifestWriter,
    tell: (exported: Exported) => void,
  ) {
    this.#holdings = holdings;
    this.#op = op;
    this.#target = target;
    this.#study = study;
    this.#manifest = manifest;
    this.#tell = tell;
  }

  /** Several objects are written at once; the manifest has them in order. */
  async run(versions: boolean): Promise<void> {
    const underWay: Promise<() => Promise<void>>[] = [];
    const takeFirst = async (): Promise<void> => (await (underWay.shift() as (typeof underWay)[number]))();
    try {
      for await (const instance of this.#instances(versions)) {
        this.#op.signal.throwIfAborted();
        if (underWay.length >= IN_FLIGHT_MAX) await takeFirst();
        underWay.push(this.#write(instance));
      }
      while (underWay.length > 0) await takeFirst();
    } finally {
      await Promise.allSettled(underWay);
    }
    await this.#manifest.endStudy(this.#study.institution, this.#study.study);
  }

  async *#instances(versions: boolean): AsyncGenerator<InstanceToExport> {
    let after: InstanceToExport | undefined;
    for (;;) {
      const page: InstanceToExport[] = await instancesAfter(
        this.#holdings.db,
        this.#study.studyKey,
        after,
        versions,
        PAGE,
      );
      yield* page;
      if (page.length < PAGE) return;
      after = page.at(-1);
    }
  }

  /** @returns what is to be said when the ones before have been said. */
  async #write(instance: InstanceToExport): Promise<() => Promise<void>> {
    const path = this.#pathOf(instance);
    const { files } = this.#holdings;
    try {
      const recorded = await files.using(instance.segment, (reader) =>
        this.#records.find(reader, instance.segment, instance.at, instance.bytes),
      );
      const kept = await this.#keep(path, instance, recorded);
      const sha256 = kept ?? (await this.#copy(path, instance, recorded));
      const line: Line = { path, instance, recorded, sha256 };
      return () => this.#say(line, kept === undefined ? 'written' : 'kept');
    } catch (thrown) {
      const failure = toFailure(thrown);
      if (failure.code !== 'retrieve/damaged') throw thrown;
      await this.#target.remove(path);
      return async () => {
        await this.#manifest.damaged(path, this.#study, failure.detail);
        this.#tell({ path, outcome: 'damaged', bytes: instance.bytes, reason: failure.detail });
      };
    }
  }

  async #say({ path, instance, recorded, sha256 }: Line, outcome: 'written' | 'kept'): Promise<void> {
    const { institution, study } = this.#study;
    const { bytes, head, series, sop, version, sopClass, transferSyntax, digest } = instance;
    await this.#manifest.object({
      kind: 'object',
      path,
      bytes,
      sha256,
      dataSetSha256: digest,
      head,
      institution,
      study,
      series,
      sop,
      version,
      sopClass,
      transferSyntax,
      received: recorded?.member.received ?? null,
    });
    this.#tell({ path, outcome, bytes });
  }

  #pathOf({ series, sop, version, digest }: InstanceToExport): string {
    const { institution, study } = this.#study;
    return `${institution}/${study}/${series}/${sop}${version === 0 ? '' : `~${digest.slice(0, 8)}`}.dcm`;
  }

  /** The digest of a file that is there already, if it is the right one. */
  async #keep(path: string, instance: InstanceToExport, recorded: Recorded | undefined): Promise<string | undefined> {
    if (recorded === undefined || (await this.#target.sizeOf(path)) !== instance.bytes) return undefined;
    const hashing = new Hashing(instance.head);
    for await (const chunk of this.#target.read(path)) hashing.update(chunk);
    const { file, head, dataSet } = hashing.digests();
    return head === recorded.member.headSha256 && dataSet === instance.digest ? file : undefined;
  }

  async #copy(path: string, instance: InstanceToExport, recorded: Recorded | undefined): Promise<string> {
    const hashing = new Hashing(instance.head);
    const { segment, at, bytes, digest } = instance;
    const source = this.#holdings.files.stream(segment, at, bytes);
    const checked = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of source) {
        hashing.update(chunk);
        yield chunk;
      }
      const { dataSet, head } = hashing.digests();
      // Before the file gets its name: what differs never appears.
      if (dataSet !== digest) throw new Failure('retrieve/damaged', 'differs in its data set');
      if (recorded !== undefined && head !== recorded.member.headSha256)
        throw new Failure('retrieve/damaged', 'differs in its head');
    };
    await this.#target.put(path, checked());
    return hashing.digests().file;
  }
}

/** SHA-256 of a file, and of the head and the data set in it. */
class Hashing {
  readonly #headBytes: number;
  readonly #file: Hash = createHash('sha256');
  readonly #head: Hash = createHash('sha256');
  readonly #dataSet: Hash = createHash('sha256');
  #at = 0;
  #done: { file: string; head: string; dataSet: string } | undefined;

  constructor(headBytes: number) {
    this.#headBytes = headBytes;
  }

  update(chunk: Uint8Array): void {
    this.#file.update(chunk);
    const headBytes = Math.max(0, this.#headBytes - this.#at);
    this.#head.update(chunk.subarray(0, headBytes));
    this.#dataSet.update(chunk.subarray(headBytes));
    this.#at += chunk.length;
  }

  digests(): { file: string; head: string; dataSet: string } {
    this.#done ??= {
      file: this.#file.digest('hex'),
      head: this.#head.digest('hex'),
      dataSet: this.#dataSet.digest('hex'),
    };
    return this.#done;
  }
}
