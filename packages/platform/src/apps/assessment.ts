import type { BundlePorts } from '../features/assessment/bundle.ts';
import { type CasePorts, makeCaseFile } from '../features/case-file/case-file.ts';
import { PackageFiles } from '../features/models/registry/package-files.ts';
import type { BlobStore } from '../ports/blob-store.ts';

/** What a bundle of an incident takes from other capabilities: the case file, and what was signed of a package. */
export function bundlePartsOf(
  casePorts: CasePorts,
  modelBlobs: BlobStore,
): Pick<BundlePorts, 'caseFileOf' | 'packageFile'> {
  const files = new PackageFiles(modelBlobs);
  return {
    caseFileOf: (op, wanted) => makeCaseFile(casePorts, op, wanted),
    packageFile: (sha256) => files.bytes(sha256),
  };
}
