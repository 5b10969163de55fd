import { canonicalJson, type Json } from '@acervo/kernel/canonical-json.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { ENVELOPE_FILE, type Envelope, type Signer, sealed } from '@acervo/model/envelope.ts';
import type { PackageFolder } from '../../ports/package-folder.ts';
import { MANIFEST_FILE, PACKAGE_LIMITS, sha256Of } from './intake.ts';

/**
 * Close a package: the manifest gets the digest and size of its model and becomes canonical JSON (RFC 8785), then every
 * file is listed and signed. Whether the package is a good one, `checkPackage` says.
 * @throws {Failure} model/manifest without a manifest that names a model; model/path for links
 */
export async function packModel(folder: PackageFolder, signer: Signer): Promise<Envelope> {
  await completeManifest(folder);
  const digests = new Map<string, string>();
  for (const { path, kind } of await folder.list(PACKAGE_LIMITS.files)) {
    if (kind !== 'file') throw new Failure('model/path', `${path} is no regular file`);
    if (path !== ENVELOPE_FILE) digests.set(path, sha256Of(await folder.read(path, PACKAGE_LIMITS.fileBytes)));
  }
  const envelope = await sealed(digests, signer);
  await folder.write(ENVELOPE_FILE, encoded(envelope));
  return envelope;
}

const encoded = (value: Json): Uint8Array => new TextEncoder().encode(`${canonicalJson(value)}\n`);

async function completeManifest(folder: PackageFolder): Promise<void> {
  const text = new TextDecoder().decode(await folder.read(MANIFEST_FILE, PACKAGE_LIMITS.jsonBytes));
  let manifest: { [name: string]: Json };
  try {
    manifest = JSON.parse(text) as { [name: string]: Json };
  } catch (cause) {
    throw new Failure('model/manifest', `${MANIFEST_FILE} is no JSON`, { cause });
  }
  const artifact = { ...(manifest['artifact'] as { [name: string]: Json } | undefined) };
  const file = artifact['file'];
  if (typeof file !== 'string') throw new Failure('model/manifest', 'the manifest names no file of a model');
  const model = await folder.read(file, PACKAGE_LIMITS.fileBytes);
  artifact['sha256'] = sha256Of(model);
  artifact['sizeBytes'] = model.length;
  await folder.write(MANIFEST_FILE, encoded({ ...manifest, artifact }));
}
