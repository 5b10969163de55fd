import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Finding } from '@acervo/kernel/pack/finding.ts';
import { type ExportedObject, MANIFEST, type ManifestLine, manifestLines, SUMS } from './manifest.ts';
import { digestsOf, filesBelow } from './tree.ts';

/**
 * - `file.missing`, `file.altered`, `file.foreign`: an object's file against the manifest.
 * - `object.damaged`: the archive itself could not give the object out.
 * - `manifest.altered`: a line is no line, out of place, or twice. `manifest.cut`: it has no end.
 * - `total.wrong`: a total is not the sum of what stands before it.
 */
export type ExportFinding = Finding<
  | 'file.missing'
  | 'file.altered'
  | 'file.foreign'
  | 'object.damaged'
  | 'manifest.altered'
  | 'manifest.cut'
  | 'total.wrong'
>;

export type ExportTotals = { objects: number; bytes: number; studies: number; findings: number };

/** A path of an object as an export makes them: no dots, no root, nothing that leads out of the folder. */
const PATH = /^[A-Z0-9][A-Z0-9._-]{0,23}\/[0-9.]{1,64}\/[0-9.]{1,64}\/[0-9.]{1,64}(~[0-9a-f]{8})?\.dcm$/;
/** Paths that are held at once, to tell what is extra. */
const PATHS_MAX = 50_000_000;

/** Compare an exported folder with its manifest: every file present, unaltered, nothing extra, totals right. */
export async function verifyExport(folder: string, tell: (finding: ExportFinding) => void): Promise<ExportTotals> {
  const check = new ExportCheck(folder, tell);
  for await (const { number, line } of manifestLines(folder)) {
    if (line === undefined) check.say('manifest.altered', `line ${number}`, 'is no line of a manifest');
    else await check.take(number, line);
  }
  if (!check.isEnded) check.say('manifest.cut', MANIFEST, 'has no last line');
  for await (const path of filesBelow(folder)) {
    if (!check.expects(path)) check.say('file.foreign', path, 'not in the manifest');
  }
  return check.totals;
}

type Sum = { objects: number; bytes: number; damaged: number };
const nothing = (): Sum => ({ objects: 0, bytes: 0, damaged: 0 });

class ExportCheck {
  readonly totals: ExportTotals = { objects: 0, bytes: 0, studies: 0, findings: 0 };
  isEnded = false;
  readonly #folder: string;
  readonly #tell: (finding: ExportFinding) => void;
  readonly #paths = new Set<string>([MANIFEST, SUMS]);
  #study = nothing();
  #all = nothing();
  #studyOf: string | undefined;

  constructor(folder: string, tell: (finding: ExportFinding) => void) {
    this.#folder = folder;
    this.#tell = tell;
  }

  say(code: ExportFinding['code'], what: string, detail: string): void {
    this.totals.findings += 1;
    this.#tell({ code, what, detail });
  }

  expects(path: string): boolean {
    return this.#paths.has(path);
  }

  async take(number: number, line: ManifestLine): Promise<void> {
    if (this.isEnded || (number === 1) !== (line.kind === 'export')) {
      this.say('manifest.altered', `line ${number}`, 'stands where none of its kind belongs');
    }
    switch (line.kind) {
      case 'export':
        return;
      case 'object':
        return this.#object(number, line);
      case 'damaged':
        this.#study.damaged += 1;
        return this.say('object.damaged', line.path, line.reason);
      case 'study':
        return this.#endStudy(line);
      case 'end':
        return this.#end(line);
    }
  }

  async #object(number: number, object: ExportedObject): Promise<void> {
    const { path, institution, study, series, sop } = object;
    const isMine = path.startsWith(`${institution}/${study}/${series}/${sop}`) && PATH.test(path);
    if (!isMine || this.#paths.has(path) || this.#paths.size >= PATHS_MAX) {
      return this.say('manifest.altered', `line ${number}`, 'names a path that is not its own');
    }
    const key = `${institution}/${study}`;
    if (this.#studyOf !== undefined && this.#studyOf !== key) {
      this.say('manifest.altered', `line ${number}`, 'begins a study before the total of the one before');
      this.#study = nothing();
    }
    this.#studyOf = key;
    this.#paths.add(path);
    this.#study.objects += 1;
    this.#study.bytes += object.bytes;
    this.totals.objects += 1;
    this.totals.bytes += object.bytes;
    await this.#compare(object);
  }

  async #compare({ path, bytes, sha256, dataSetSha256, head }: ExportedObject): Promise<void> {
    const full = join(this.#folder, path);
    const isThere = await access(full).then(
      () => true,
      () => false,
    );
    if (!isThere) return this.say('file.missing', path, 'named by the manifest');
    const found = await digestsOf(full, head);
    if (found.bytes !== bytes) return this.say('file.altered', path, `${found.bytes} bytes instead of ${bytes}`);
    if (found.dataSet !== dataSetSha256) return this.say('file.altered', path, 'differs in its data set');
    if (found.file !== sha256) this.say('file.altered', path, 'differs in its head');
  }

  #endStudy(line: Extract<ManifestLine, { kind: 'study' }>): void {
    const isMine = this.#studyOf === undefined || this.#studyOf === `${line.institution}/${line.study}`;
    if (!isMine || !isEqual(line, this.#study)) {
      this.say('total.wrong', `${line.institution}/${line.study}`, `${textOf(line)}, found ${textOf(this.#study)}`);
    }
    this.totals.studies += 1;
    this.#all = add(this.#all, this.#study);
    this.#study = nothing();
    this.#studyOf = undefined;
  }

  #end(line: Extract<ManifestLine, { kind: 'end' }>): void {
    this.isEnded = true;
    const { studies } = this.totals;
    if (this.#study.objects > 0) this.say('total.wrong', this.#studyOf ?? '', 'a study without its total');
    if (line.studies === studies && isEqual(line, this.#all)) return;
    this.say('total.wrong', 'all', `${line.studies} studies, ${textOf(line)}; found ${studies}, ${textOf(this.#all)}`);
  }
}

const isEqual = (a: Sum, b: Sum): boolean => a.objects === b.objects && a.bytes === b.bytes && a.damaged === b.damaged;
const add = (a: Sum, b: Sum): Sum => ({
  objects: a.objects + b.objects,
  bytes: a.bytes + b.bytes,
  damaged: a.damaged + b.damaged,
});
const textOf = ({ objects, bytes, damaged }: Sum): string => `${objects} objects, ${bytes} bytes, ${damaged} damaged`;
