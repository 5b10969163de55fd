import { bytesOfHex } from '@acervo/kernel/bytes.ts';
import { type Checkpoint, type Cosignature, witnessed } from '@acervo/kernel/journal/checkpoint.ts';
import type { CheckpointFile } from '@acervo/kernel/journal/checkpoint-file.ts';
import { leadsTo } from '@acervo/kernel/journal/key-change.ts';
import { isConsistent, type Tree } from '@acervo/kernel/journal/merkle.ts';
import { sha256 } from '../../journal/segments.ts';
import type { Signer } from '../../ports/journal-keys.ts';

/** What a witness saw last of an archive. */
export type Seen = { key: string; number: number; size: number; root: string; at: string };

/** By the archive's name. It is all that a witness must keep. */
export type WitnessState = {
  v: 1;
  archives: Readonly<Record<string, Seen>>;
  /** Which archive answered at which URL: it must not come back as another one of which nothing was seen. */
  places?: Readonly<Record<string, string>>;
};

export const NOTHING_SEEN: WitnessState = { v: 1, archives: {} };

export type WitnessWanted = {
  signer: Signer;
  name: string;
  /** The archive's key, as the witness knows it by another way. Undefined: what is seen first is believed. */
  trusted: string | undefined;
  at: string;
};

/** The witness signs, or says why not. */
export type WitnessOutcome = { file: CheckpointFile; state: WitnessState } | { refused: string };

/**
 * Sign a checkpoint of another archive: it contains everything that was witnessed of that archive before, unaltered.
 * Neither archive nor network is asked; `file` must be one whose own signature was checked.
 */
export async function witness(
  file: CheckpointFile,
  state: WitnessState,
  { signer, name, trusted, at }: WitnessWanted,
): Promise<WitnessOutcome> {
  const { checkpoint } = file;
  const seen = Object.hasOwn(state.archives, checkpoint.archive) ? state.archives[checkpoint.archive] : undefined;
  const refused = (await whyNotOfKey(file, seen, trusted)) ?? (seen && whyNotAfter(file, seen));
  if (refused !== undefined) return { refused };
  const by = { name, at };
  const mine: Cosignature = { ...by, key: signer.key, signature: signer.sign('witness', witnessed(checkpoint, by)) };
  const others = file.witnesses.filter(({ key }) => key !== signer.key);
  const { key, number, size, root, archive } = checkpoint;
  return {
    file: { ...file, witnesses: [...others, mine] },
    state: { ...state, archives: { ...state.archives, [archive]: { key, number, size, root, at } } },
  };
}

async function whyNotOfKey(
  { checkpoint, keys }: CheckpointFile,
  seen: Seen | undefined,
  trusted: string | undefined,
): Promise<string | undefined> {
  if (trusted !== undefined) {
    return (await leadsTo(trusted, checkpoint.key, keys))
      ? undefined
      : `signed by ${checkpoint.key}, not by ${trusted}`;
  }
  if (seen === undefined || (await leadsTo(seen.key, checkpoint.key, keys))) return undefined;
  return `signed by ${checkpoint.key}, and nothing of ${seen.key} says that it may`;
}

function whyNotAfter({ checkpoint, proofs }: CheckpointFile, seen: Seen): string | undefined {
  const { size, number } = checkpoint;
  if (size < seen.size || number < seen.number) {
    return `it ends at ${size}: ${seen.size} events were witnessed before, so the archive was set back`;
  }
  const path = size === seen.size ? [] : proofs.find((proof) => proof.size === seen.size)?.path;
  if (path === undefined)
    return `it has no proof from ${seen.size}: ask for acervo audit checkpoint --since ${seen.size}`;
  const isSame = isConsistent(sha256, treeOf(seen), treeOf(checkpoint), path.map(bytesOfHex));
  return isSame ? undefined : `it does not contain the ${seen.size} events that were witnessed: some were altered`;
}

const treeOf = ({ size, root }: Pick<Checkpoint, 'size' | 'root'>): Tree => ({ size, root: bytesOfHex(root) });

/** @returns undefined for a text that is no state of ours: starting without one would forget what was seen */
export function readWitnessState(text: string): WitnessState | undefined {
  try {
    const parsed = JSON.parse(text) as Partial<WitnessState> | null;
    return parsed?.v === 1 && typeof parsed.archives === 'object' ? (parsed as WitnessState) : undefined;
  } catch {
    return undefined; // The caller names the file.
  }
}
