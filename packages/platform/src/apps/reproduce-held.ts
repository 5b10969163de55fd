import { concat } from '@acervo/kernel/bytes.ts';
import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import { type ImageFile, readImageFile } from '../features/models/images.ts';
import { sha256Of } from '../features/models/intake.ts';
import { packagesFor } from '../features/models/registry/open.ts';
import type { PackageFiles } from '../features/models/registry/package-files.ts';
import { imagesNamedBy, type Reproduction, reproduce } from '../features/models/reproduce.ts';
import type { RunPorts } from '../features/models/run.ts';
import { type MadeBy, taskOf } from '../features/results/task-of.repo.ts';
import { findInstancesAnywhere, type HeldInstance } from '../holdings/find.repo.ts';
import { heldObjects } from '../holdings/held-objects.ts';
import type { Op } from '../ports/op.ts';
import type { Archive } from './archive.ts';

/** Instances that are looked for by one question. */
const LOOKED_FOR_MAX = 500;

type Of = { archive: Pick<Archive, 'holdings'>; packages: PackageFiles; op: Op };

/** A result of the archive that was computed again, and by which task it had been made. */
export type HeldReproduction = Reproduction & { madeBy: MadeBy };

/**
 * Compute a result of the archive again: the images that it names and its package are the archive's own, each verified.
 * An image that is gone, or is not what was stored, is an answer that names it.
 * @throws {Failure} request/not-found: no such object, or no task made it; as `reproduce` and `ModelPackages.open`
 */
export async function reproduceHeld(
  { archive: { holdings }, packages, op }: Of,
  sopInstanceUid: string,
  withPorts: <R>(work: (ports: RunPorts) => Promise<R>) => Promise<R>,
): Promise<HeldReproduction> {
  const { db } = holdings;
  const found = await findInstancesAnywhere(db, { sops: [sopInstanceUid], study: undefined, series: undefined });
  if (found.length === 0) throw new Failure('request/not-found', `${sopInstanceUid} is not in the archive`);
  for (const { institution, held } of found) {
    const madeBy = await taskOf(db, { institution, studyUid: held.studyUid, sopInstanceUid });
    if (madeBy === undefined) continue;
    const answer = await again({ holdings, packages, op }, { madeBy, held }, withPorts);
    return { ...answer, sopInstanceUid, madeBy };
  }
  throw new Failure(
    'request/not-found',
    `no task of this archive made ${sopInstanceUid}: --package and --images say of what`,
  );
}

type Ports = Pick<Of, 'packages' | 'op'> & Of['archive'];

async function again(
  { holdings, packages, op }: Ports,
  { madeBy, held }: { madeBy: MadeBy; held: HeldInstance },
  withPorts: <R>(work: (ports: RunPorts) => Promise<R>) => Promise<R>,
): Promise<Reproduction> {
  const object = await fileOf(holdings, held);
  if ('what' in object) return { isSame: false, sopInstanceUid: held.sopUid, what: `the result ${object.what}` };
  const images = await imagesOf(holdings, madeBy, imagesNamedBy(object.dataSet));
  if ('what' in images) return { isSame: false, sopInstanceUid: held.sopUid, what: images.what };
  const of = await packagesFor({ db: holdings.db, files: packages }, op).open(madeBy.package);
  return withPorts((ports) => reproduce(object, of, images.files, ports, op.signal));
}

/** All of them, or which ones cannot be had as they were stored. */
async function imagesOf(
  holdings: Archive['holdings'],
  madeBy: MadeBy,
  uids: readonly string[],
): Promise<{ files: ImageFile[] } | { what: string }> {
  const held = new Map<string, HeldInstance>();
  for (let from = 0; from < uids.length; from += LOOKED_FOR_MAX) {
    const sops = uids.slice(from, from + LOOKED_FOR_MAX);
    for (const each of await heldObjects(holdings.db, madeBy, sops)) held.set(each.sopUid, each);
  }
  const files: ImageFile[] = [];
  const troubles: string[] = [];
  for (const uid of uids) {
    const instance = held.get(uid);
    const file = instance === undefined ? { what: 'is gone' } : await fileOf(holdings, instance);
    if ('what' in file) troubles.push(`the image ${uid} ${file.what}`);
    else files.push(file);
  }
  return troubles.length > 0 ? { what: troubles.join('; ') } : { files };
}

/** An object with its bytes held against the digest under which it was stored. */
async function fileOf({ files }: Archive['holdings'], held: HeldInstance): Promise<ImageFile | { what: string }> {
  const { segment, fileAt, fileBytes, headBytes, digest, sopUid } = held;
  let file: Uint8Array;
  try {
    file = concat(await Array.fromAsync(files.stream(segment, fileAt, fileBytes)));
  } catch (thrown) {
    const { code } = toFailure(thrown);
    if (code !== 'retrieve/damaged' && code !== 'retrieve/elsewhere') throw thrown;
    return { what: code === 'retrieve/damaged' ? 'is damaged' : 'lies on another node' };
  }
  const isSame = sha256Of(file.subarray(headBytes)) === digest;
  return isSame ? readImageFile(sopUid, file) : { what: 'has changed: its bytes are not those that were stored' };
}
