import { canonicalJson } from '@acervo/kernel/canonical-json.ts';
import { type FailureCode, toFailure } from '@acervo/kernel/failure.ts';
import { ENVELOPE_FILE } from '@acervo/model/envelope.ts';
import type { Finding } from '@acervo/model/onnx/check.ts';
import type { GoldenOutcome, Judgement, PackageFile, TrustedKey } from '../../ports/models.ts';
import type { PackageFolder } from '../../ports/package-folder.ts';
import { type ImageFile, readImageFile } from './images.ts';
import { checkPackage, type Intake, PACKAGE_LIMITS } from './intake.ts';
import { type RunPorts, runGolden } from './run.ts';
import { verifierOf } from './verifier.ts';

/** What the registry keeps of a package in the journal is bounded beyond what a package may be. */
export const REGISTRY_LIMITS = { files: 1024, manifestBytes: 2 ** 18 };

/**
 * Everything that stands against a package in the registry: what `checkPackage` finds, that nobody who is trusted
 * signed it, that it is longer than the registry keeps, and golden cases that the model does not reproduce.
 * @param ports  to run the model; undefined: it is not run
 */
export async function judgePackage(
  folder: PackageFolder,
  keys: readonly TrustedKey[],
  ports: RunPorts | undefined,
  signal: AbortSignal,
): Promise<Judgement> {
  const intake = await checkPackage(folder, await Promise.all(keys.map(verifierOf)));
  const findings = [...intake.findings];
  const say = (code: FailureCode, where: string, what: string): void => void findings.push({ code, where, what });
  if (keys.length === 0) say('model/signature', ENVELOPE_FILE, 'no key is trusted for this owner');
  const files = filesOf(intake);
  if (files.length > REGISTRY_LIMITS.files) say('model/limit', '', `more than ${REGISTRY_LIMITS.files} files`);
  const manifest = intake.manifest && canonicalJson(intake.manifest);
  if (Buffer.byteLength(manifest ?? '') > REGISTRY_LIMITS.manifestBytes)
    say('model/limit', 'manifest.json', `more than ${REGISTRY_LIMITS.manifestBytes} bytes`);
  const golden = findings.length === 0 && ports ? await goldenOf(folder, intake, ports, signal, findings) : [];
  return { findings, digest: intake.digest, files, manifest, signedBy: intake.signedBy, golden };
}

function filesOf({ digests, sizes, envelope }: Intake): PackageFile[] {
  const files = [...digests].map(([path, sha256]) => ({ path, sha256, sizeBytes: sizes.get(path) ?? 0 }));
  return envelope === undefined ? files : [...files, { path: ENVELOPE_FILE, ...envelope }];
}

async function goldenOf(
  folder: PackageFolder,
  { manifest, model }: Intake,
  ports: RunPorts,
  signal: AbortSignal,
  findings: Finding[],
): Promise<GoldenOutcome[]> {
  if (manifest === undefined || model === undefined) return [];
  const readImages = async ({ dicom }: { dicom: readonly string[] }) => {
    const images: ImageFile[] = [];
    for (const path of dicom) images.push(readImageFile(path, await folder.read(path, PACKAGE_LIMITS.fileBytes)));
    return images;
  };
  try {
    const golden = await runGolden({ manifest, model }, readImages, ports, signal);
    for (const { case: number, isReproduced, what } of golden)
      if (!isReproduced) findings.push({ code: 'model/golden', where: `golden/${number}`, what });
    return golden;
  } catch (thrown) {
    // A loop without end, a tensor of 10 GB, a golden file that is no image: the package's own doing.
    const { code, detail } = toFailure(thrown);
    if (code === 'model/no-sandbox') throw thrown;
    const what = code === 'internal' ? 'running it failed' : detail;
    findings.push({ code: code === 'internal' ? 'model/failed' : code, where: manifest.artifact.file, what });
    return [];
  }
}
