import { canonicalJson, type Json } from '@acervo/kernel/canonical-json.ts';
import type { Draft, TargetFolder } from '../../ports/target-folder.ts';

/** Names and lines that `packages/verifier` reads: it shares no code with what it checks. */
const MANIFEST = 'manifest.jsonl';
const SUMS = 'SHA256SUMS';
const FLUSH_BYTES = 64 * 1024;

export type ObjectLine = {
  kind: 'object';
  path: string;
  bytes: number;
  sha256: string;
  dataSetSha256: string;
  head: number;
  institution: string;
  study: string;
  series: string;
  sop: string;
  version: number;
  sopClass: string;
  transferSyntax: string;
  received: string | null;
};

type Sum = { objects: number; bytes: number; damaged: number };

/** Writes manifest and checksums beside the objects; they appear last, so a folder that has them is whole. */
export class ManifestWriter {
  readonly #manifest: TextDraft;
  readonly #sums: TextDraft;
  #study: Sum = { objects: 0, bytes: 0, damaged: 0 };
  readonly #all = { studies: 0, objects: 0, bytes: 0, damaged: 0 };

  private constructor(manifest: TextDraft, sums: TextDraft) {
    this.#manifest = manifest;
    this.#sums = sums;
  }

  static async begin(target: TargetFolder, versions: boolean): Promise<ManifestWriter> {
    // The old ones no longer say what is there.
    await target.remove(MANIFEST);
    await target.remove(SUMS);
    const writer = new ManifestWriter(
      new TextDraft(await target.begin(MANIFEST)),
      new TextDraft(await target.begin(SUMS)),
    );
    await writer.#line({ kind: 'export', v: 1, at: new Date().toISOString(), versions });
    return writer;
  }

  async object(line: ObjectLine): Promise<void> {
    this.#study.objects += 1;
    this.#study.bytes += line.bytes;
    await this.#line({ ...line });
    await this.#sums.line(`${line.sha256}  ${line.path}`);
  }

  async damaged(
    path: string,
    { institution, study }: { institution: string; study: string },
    reason: string,
  ): Promise<void> {
    this.#study.damaged += 1;
    await this.#line({ kind: 'damaged', path, institution, study, reason });
  }

  async endStudy(institution: string, study: string): Promise<void> {
    await this.#line({ kind: 'study', institution, study, ...this.#study });
    this.#all.studies += 1;
    for (const name of ['objects', 'bytes', 'damaged'] as const) this.#all[name] += this.#study[name];
    this.#study = { objects: 0, bytes: 0, damaged: 0 };
  }

  async commit(): Promise<void> {
    await this.#line({ kind: 'end', ...this.#all });
    await this.#sums.commit();
    await this.#manifest.commit();
  }

  async abandon(): Promise<void> {
    await this.#sums.abandon();
    await this.#manifest.abandon();
  }

  async #line(value: Json): Promise<void> {
    await this.#manifest.line(canonicalJson(value));
  }
}

/** Lines of a file that does not exist until it is whole. */
class TextDraft {
  readonly #draft: Draft;
  #held = '';

  constructor(draft: Draft) {
    this.#draft = draft;
  }

  async line(text: string): Promise<void> {
    this.#held += `${text}\n`;
    if (this.#held.length >= FLUSH_BYTES) await this.#flush();
  }

  async commit(): Promise<void> {
    await this.#flush();
    await this.#draft.commit();
  }

  abandon(): Promise<void> {
    return this.#draft.abandon();
  }

  async #flush(): Promise<void> {
    const bytes = new TextEncoder().encode(this.#held);
    this.#held = '';
    await this.#draft.write(bytes);
  }
}
