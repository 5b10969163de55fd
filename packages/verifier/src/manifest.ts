import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Files of an export that are not objects. */
export const MANIFEST = 'manifest.jsonl';
export const SUMS = 'SHA256SUMS';

/** The manifest of an export, a JSON value a line: a head, objects study by study, each study's total, the end. */
export type ManifestLine =
  | { kind: 'export'; v: 1; at: string; versions: boolean; [more: string]: unknown }
  | ExportedObject
  | { kind: 'damaged'; path: string; reason: string; [more: string]: unknown }
  | { kind: 'study'; institution: string; study: string; objects: number; bytes: number; damaged: number }
  | { kind: 'end'; studies: number; objects: number; bytes: number; damaged: number };

export type ExportedObject = {
  kind: 'object';
  /** Below the export's folder, with forward slashes. */
  path: string;
  bytes: number;
  /** SHA-256 (hex) of the file, and of the data set behind its first `head` bytes. */
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
  /** RFC 3339; null where the commit record could not be read. */
  received: string | null;
};

/** @returns the lines with their numbers; undefined in place of a line that is none. */
export async function* manifestLines(
  folder: string,
): AsyncGenerator<{ number: number; line: ManifestLine | undefined }> {
  const input = createReadStream(join(folder, MANIFEST));
  let number = 0;
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1;
    yield { number, line: parse(text) };
  }
}

const KINDS: Record<ManifestLine['kind'], readonly string[]> = {
  export: ['at'],
  object: ['path', 'sha256', 'dataSetSha256', 'institution', 'study', 'series', 'sop', 'sopClass', 'transferSyntax'],
  damaged: ['path', 'reason'],
  study: ['institution', 'study'],
  end: [],
};
const COUNTS: Record<ManifestLine['kind'], readonly string[]> = {
  export: [],
  object: ['bytes', 'head', 'version'],
  damaged: [],
  study: ['objects', 'bytes', 'damaged'],
  end: ['studies', 'objects', 'bytes', 'damaged'],
};

function parse(text: string): ManifestLine | undefined {
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined; // The caller names the line.
  }
  const kind = value?.['kind'] as ManifestLine['kind'];
  if (!Object.hasOwn(KINDS, kind)) return undefined;
  const isWhole =
    KINDS[kind].every((name) => typeof value[name] === 'string') &&
    COUNTS[kind].every((name) => Number.isSafeInteger(value[name]));
  return isWhole ? (value as ManifestLine) : undefined;
}
