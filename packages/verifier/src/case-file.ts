import {
  CASE,
  type CaseManifest,
  type CaseObject,
  OBJECTS_FOLDER,
  objectPath,
  readCaseObject,
} from '@acervo/kernel/journal/case-file.ts';
import {
  type CaseJournalFinding,
  checkCaseCheckpoint,
  checkCaseLines,
  checkManifest,
  compareCheckpoints,
} from '@acervo/kernel/journal/check-case-file.ts';
import { type CheckpointFile, readCheckpointFile, witnessesOf } from '@acervo/kernel/journal/checkpoint-file.ts';
import type { Finding } from '@acervo/kernel/pack/finding.ts';
import { heldIn, type Known, sha256, sha256Text, verdictOf } from './journal.ts';
import { TarFile, type TarMember } from './tar-file.ts';

/**
 * - `case.cut`: the archive ends before it should. What the journal's part can have: `CaseJournalFinding`.
 * - `file.missing`, `file.altered`, `file.foreign`: a member against the manifest.
 * - `object.missing`, `object.altered`, `object.foreign`: an object against the list of the study's objects.
 * - `object.damaged`: the archive that made the file had found its bytes to differ from what it had received.
 * - `witness.unknown`: nobody whom the checker knows signed a checkpoint that was given.
 */
export type CaseFinding =
  | CaseJournalFinding
  | Finding<
      | 'case.cut'
      | 'file.missing'
      | 'file.altered'
      | 'file.foreign'
      | 'object.missing'
      | 'object.altered'
      | 'object.foreign'
      | 'object.damaged'
      | 'witness.unknown'
    >;

export type CaseTotals = {
  study: string;
  /** When it was made, and under how many lines of the journal. */
  at: string;
  size: number;
  lines: number;
  objects: number;
  /** Objects whose bytes are in it, and agree. */
  verified: number;
  witnessedBy: readonly string[];
  consistentTo: number;
  witnessedTo: number;
  findings: number;
  verdict: string;
};

/** What is read at once: a study of a million instances has some 300 MiB of text. */
const TEXT_BYTES_MAX = 512 * 2 ** 20;

/** After these nothing of the lines counts. */
const DOUBTS: ReadonlySet<CaseFinding['code']> = new Set<CaseFinding['code']>([
  'case.altered',
  'case.key',
  'checkpoint.altered',
  'checkpoint.foreign',
  'journal.rewritten',
]);

/**
 * A case file with nothing but itself, and what is known from elsewhere: neither archive, database nor network.
 * @throws {Error} when the file is no case file
 */
export async function verifyCase(
  path: string,
  known: Known,
  tell: (finding: CaseFinding) => void,
): Promise<CaseTotals> {
  const tar = new TarFile(path);
  try {
    return await new CaseCheck(tar, known, tell).run(path);
  } finally {
    tar.close();
  }
}

/** Another checkpoint, who of the known witnesses signed it, and the file where one was given. */
type Held = { held: CheckpointFile; names: readonly string[]; file?: string };

class CaseCheck {
  readonly #tar: TarFile;
  readonly #known: Known;
  readonly #tell: (finding: CaseFinding) => void;
  readonly #members = new Map<string, TarMember>();
  #findings = 0;
  /** The first number that something is wrong with. */
  #firstWrong: number | undefined;
  /** Whether the lines are of the journal that the archive signed. */
  #isBelieved = true;

  constructor(tar: TarFile, known: Known, tell: (finding: CaseFinding) => void) {
    this.#tar = tar;
    this.#known = known;
    this.#tell = tell;
  }

  readonly #say = (code: CaseFinding['code'], what: number | string, detail: string): void => {
    this.#findings += 1;
    if (code.startsWith('line.') && typeof what === 'number') {
      this.#firstWrong = Math.min(what, this.#firstWrong ?? what);
    }
    if (DOUBTS.has(code)) this.#isBelieved = false;
    this.#tell({ code, what: `${what}`, detail });
  };

  async run(path: string): Promise<CaseTotals> {
    const { members, isWhole } = this.#tar.members();
    if (members.length === 0) throw new Error(`${path} is no case file`);
    for (const member of members) {
      if (this.#members.has(member.path)) this.#say('file.foreign', member.path, 'is there twice');
      else this.#members.set(member.path, member);
    }
    if (!isWhole) this.#say('case.cut', path, 'ends before it should');
    const manifest = await checkManifest(this.#text(CASE.manifest), this.#say);
    if (manifest === undefined) {
      // A file that was cut off has lost its last member, which is this one.
      if (isWhole) throw new Error(`${path} is no case file: it has no manifest`);
      return this.#cutOff();
    }
    const checkpoint = await checkCaseCheckpoint(this.#text(CASE.checkpoint), manifest, this.#known.keys, this.#say);
    checkCaseLines(this.#text(CASE.journal), manifest, { hash: sha256, sha256: sha256Text }, this.#say);
    const objects = this.#objects(manifest);
    const verified = this.#files(manifest, objects);
    const { witnessedBy, witnessedTo } = await this.#witnessed(manifest, checkpoint);
    return this.#totals(manifest, { objects: objects.size, verified, witnessedBy, witnessedTo });
  }

  /** '' for what is not there; the manifest's list says so. */
  #text(name: string): string {
    const member = this.#members.get(name);
    if (member === undefined) return '';
    if (member.bytes > TEXT_BYTES_MAX) throw new Error(`${name} of ${member.bytes} bytes is too large`);
    return this.#tar.bytesOf(member).toString('utf8');
  }

  /** The study's objects, by the path that each has where its bytes are there. */
  #objects({ objects: { count, bytes } }: CaseManifest): Map<string, CaseObject> {
    const objects = new Map<string, CaseObject>();
    let sum = 0;
    for (const [index, line] of this.#text(CASE.objects).split('\n').entries()) {
      if (line === '') continue;
      const object = readCaseObject(line);
      if (object === undefined) {
        this.#say('object.foreign', `line ${index + 1}`, 'is no object');
        continue;
      }
      objects.set(objectPath(object), object);
      sum += object.bytes;
      if (object.isDamaged) this.#say('object.damaged', object.sop, 'differed from what was received in the archive');
    }
    if (objects.size !== count || sum !== bytes) {
      this.#say('object.missing', CASE.objects, `${objects.size} of ${count} objects, ${sum} of ${bytes} bytes`);
    }
    return objects;
  }

  /** @returns objects whose bytes are there and agree */
  #files({ files, objects: { isIncluded } }: CaseManifest, objects: ReadonlyMap<string, CaseObject>): number {
    const named = new Map(files.map((file) => [file.path, file]));
    let verified = 0;
    for (const { path, bytes, sha256: digest } of files) {
      const kind = path.startsWith(OBJECTS_FOLDER) ? 'object' : 'file';
      const member = this.#members.get(path);
      if (member === undefined) {
        this.#say(`${kind}.missing`, path, 'is named by the manifest');
        continue;
      }
      const object = objects.get(path);
      const found = this.#tar.digestsOf(member, object?.head ?? 0);
      if (member.bytes !== bytes) this.#say(`${kind}.altered`, path, `${member.bytes} bytes instead of ${bytes}`);
      else if (found.file !== digest) this.#say(`${kind}.altered`, path, 'differs from its digest');
      else if (kind === 'object') verified += this.#object(path, object, found.dataSet);
    }
    for (const path of this.#members.keys()) {
      if (named.has(path) || path === CASE.manifest) continue;
      this.#say(path.startsWith(OBJECTS_FOLDER) ? 'object.foreign' : 'file.foreign', path, 'is not in the manifest');
    }
    for (const path of isIncluded ? objects.keys() : []) {
      if (!named.has(path)) this.#say('object.missing', path, 'is an object of the study');
    }
    return verified;
  }

  #object(path: string, object: CaseObject | undefined, dataSet: string): number {
    if (object === undefined) this.#say('object.foreign', path, 'is no object of the study');
    else if (dataSet === object.dataSetSha256) return 1;
    else if (!object.isDamaged) this.#say('object.altered', path, 'differs in its data set');
    return 0;
  }

  /** Who signed the checkpoint, or one that was kept elsewhere and agrees with it. */
  async #witnessed(manifest: CaseManifest, own: CheckpointFile | undefined) {
    const { checkpoints, witnesses } = this.#known;
    const by = new Set(own && (await witnessesOf(own.checkpoint, own.witnesses, witnesses)));
    let to = own !== undefined && by.size > 0 ? own.checkpoint.size : 0;
    for (const { held, names, file } of [...(await this.#own()), ...(await this.#given(checkpoints))]) {
      if (file !== undefined && witnesses.length > 0 && names.length === 0) {
        this.#say('witness.unknown', file, 'none of the given witnesses signed it');
      }
      if (own === undefined) continue;
      const compared = compareCheckpoints(own, held, { hash: sha256, at: manifest.at }, this.#say);
      if (compared === 'unknown' || compared === 'contradiction' || names.length === 0) continue;
      for (const name of names) by.add(name);
      to = Math.max(to, Math.min(held.checkpoint.size, own.checkpoint.size));
    }
    return { witnessedBy: [...by], witnessedTo: to };
  }

  /** Checkpoints that were kept elsewhere. */
  #given(files: readonly string[]): Promise<Held[]> {
    return Promise.all(files.map(async (file) => ({ ...(await heldIn(file, this.#known.witnesses)), file })));
  }

  /** Those that the case file brings along: what witnesses signed last. */
  async #own(): Promise<Held[]> {
    const all: Held[] = [];
    for (const [index, line] of this.#text(CASE.witnessed).split('\n').entries()) {
      if (line === '') continue;
      const held = await readCheckpointFile(line);
      if (held === undefined) this.#say('checkpoint.altered', `line ${index + 1} of ${CASE.witnessed}`, 'is none');
      else all.push({ held, names: await witnessesOf(held.checkpoint, held.witnesses, this.#known.witnesses) });
    }
    return all;
  }

  #totals(
    { study, at, lines, checkpoint: { size } }: CaseManifest,
    found: Pick<CaseTotals, 'objects' | 'verified' | 'witnessedBy' | 'witnessedTo'>,
  ): CaseTotals {
    const { witnessedTo, ...rest } = found;
    const consistentTo = this.#isBelieved ? Math.max(0, (this.#firstWrong ?? size + 1) - 1) : 0;
    const reach = { consistentTo, witnessedTo: Math.min(witnessedTo, consistentTo) };
    const findings = this.#findings;
    return { study, at, size, lines: lines.length, ...rest, ...reach, findings, verdict: verdictOf(reach) };
  }

  #cutOff(): CaseTotals {
    const none = { consistentTo: 0, witnessedTo: 0 };
    const empty = { study: '', at: '', size: 0, lines: 0, objects: 0, verified: 0, witnessedBy: [] };
    return { ...empty, ...none, findings: this.#findings, verdict: verdictOf(none) };
  }
}
