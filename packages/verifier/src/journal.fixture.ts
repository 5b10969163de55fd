import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hexOf } from '@acervo/kernel/bytes.ts';
import { canonicalJson, type Json } from '@acervo/kernel/canonical-json.ts';
import {
  type Checkpoint,
  type Cosignature,
  checkpointHash,
  checkpointText,
  readCheckpoint,
  witnessed,
} from '@acervo/kernel/journal/checkpoint.ts';
import { checkpointFile, checkpointFileText } from '@acervo/kernel/journal/checkpoint-file.ts';
import { keyStatement } from '@acervo/kernel/journal/key-change.ts';
import { journalFile, type SealedLine, sealedText } from '@acervo/kernel/journal/line.ts';
import { Frontier, leafOf } from '@acervo/kernel/journal/merkle.ts';
import { messageOf, type Signed } from '@acervo/kernel/journal/signature.ts';
import { sha256, sha256Text } from './journal.ts';

/** A key pair as the archive and its witnesses have them; made here without either. */
export type TestKey = { key: string; private: KeyObject };

export function testKey(): TestKey {
  const pair = generateKeyPairSync('ed25519');
  return { key: pair.publicKey.export({ format: 'jwk' }).x as string, private: pair.privateKey };
}

export const signedBy = (by: TestKey, what: Signed, value: Json): string =>
  sign(undefined, messageOf(what, value), by.private).toString('base64url');

export const SEGMENT_LINES = 40;
const ARCHIVE = '0199d7a0-0000-7000-8000-000000000001';
export const CHECKPOINTS = 'checkpoints/000000000001.jsonl';
export const fileOf = (seq: number, lines = SEGMENT_LINES): string =>
  journalFile(Math.floor((seq - 1) / lines) * lines + 1);

const idOf = (number: number): string => `0199d7a0-0000-7000-9000-${String(number).padStart(12, '0')}`;

/** A journal written by hand, as decision records 0013 and 0032 define it: lines, and checkpoints where asked. */
export class TestJournal {
  readonly folder: string;
  readonly lines: SealedLine[] = [];
  readonly checkpoints: Checkpoint[] = [];
  readonly #frontier = new Frontier(sha256);
  readonly #linesPerFile: number;
  #key: TestKey;

  constructor(folder: string, key: TestKey, linesPerFile = SEGMENT_LINES) {
    this.folder = folder;
    this.#key = key;
    this.#linesPerFile = linesPerFile;
    mkdirSync(join(folder, 'checkpoints'), { recursive: true });
  }

  get key(): TestKey {
    return this.#key;
  }

  event(kind: string, facts: Json = {}, study = '', id = idOf(this.lines.length)): void {
    const seq = this.lines.length + 1;
    const event = { v: 1, id, at: '2026-01-02T03:04:05.678Z', kind, institution: 'HGM', study, facts };
    const prev = this.lines.at(-1)?.hash ?? '';
    const line = { seq, prev, hash: sha256Text(sealedText(seq, prev, event)), event };
    this.lines.push(line);
    this.#frontier.append(leafOf(sha256, line.hash));
    appendFileSync(join(this.folder, fileOf(seq, this.#linesPerFile)), `${canonicalJson({ ...line })}\n`);
  }

  events(count: number): void {
    for (let index = 0; index < count; index++) this.event('query.executed', { count: index });
  }

  checkpoint(): Checkpoint {
    const before = this.checkpoints.at(-1);
    const checkpoint: Checkpoint = {
      v: 1,
      archive: ARCHIVE,
      key: this.#key.key,
      number: this.checkpoints.length + 1,
      first: (before?.size ?? 0) + 1,
      size: this.lines.length,
      head: this.lines.at(-1)?.hash ?? '',
      root: hexOf(this.#frontier.root()),
      at: '2026-01-02T03:04:05.678Z',
      previous: before === undefined ? '' : checkpointHash(before, sha256Text),
    };
    this.checkpoints.push(checkpoint);
    appendFileSync(join(this.folder, CHECKPOINTS), `${this.signed(checkpoint)}\n`);
    return checkpoint;
  }

  /** A line of a file of checkpoints. */
  signed(checkpoint: Checkpoint, by: TestKey = this.#key): string {
    return checkpointText({ checkpoint, signature: signedBy(by, 'checkpoint', checkpoint) });
  }

  /** The key changes, by an event that the old one signed. */
  rotate(to: TestKey): void {
    const change = { archive: ARCHIVE, previous: this.#key.key, key: to.key };
    this.event('key.rotated', { ...change, signature: signedBy(this.#key, 'key', keyStatement(change)) });
    this.#key = to;
  }

  /** The key changes, by nothing but the word of whoever writes the journal. */
  replace(to: TestKey): void {
    this.event('key.replaced', { archive: ARCHIVE, previous: this.#key.key, key: to.key, signature: '' });
    this.#key = to;
  }
}

/** The file of the newest checkpoint of a journal, as it leaves the archive and comes back from a witness. */
export function writeCheckpointFile(path: string, folder: string, witness?: TestKey & { name: string }): string {
  const last = readFileSync(join(folder, CHECKPOINTS), 'utf8').trimEnd().split('\n').at(-1) ?? '';
  const signed = readCheckpoint(last);
  if (signed === undefined) throw new Error('no checkpoint');
  const witnesses: Cosignature[] = [];
  if (witness !== undefined) {
    const by = { name: witness.name, at: '2026-01-02T04:00:00.000Z' };
    const signature = signedBy(witness, 'witness', witnessed(signed.checkpoint, by));
    witnesses.push({ ...by, key: witness.key, signature });
  }
  writeFileSync(path, checkpointFileText(checkpointFile({ ...signed, witnesses, keys: [], proofs: [] })));
  return path;
}
