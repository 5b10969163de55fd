import type { Manifest } from '@acervo/model/manifest/manifest.ts';
import type { ReportedFinding } from '@acervo/model/results/read.ts';
import type { ToldFinding } from '../../ports/assessment.ts';

/** The manifest of a package; undefined where the registry does not have it. */
export type KnownManifest = Manifest | undefined;

/** The manifest as the registry keeps it: intake has judged it. */
export const manifestIn = (text: string): Manifest => JSON.parse(text) as Manifest;

export const isDemonstration = (manifest: KnownManifest): boolean => manifest?.regulatory.useStatus === 'demostracion';

/** A finding in the words of the manifest: it has a meaning in Spanish, and where its supplier gave one, in English. */
export function toldFinding(manifest: KnownManifest, finding: ReportedFinding): ToldFinding {
  const { code, output, operatingPoint, value, unit, threshold, evaluation } = finding;
  const english = codingsOf(manifest).find((each) => each.code === code.value && each.scheme === code.scheme);
  return {
    es: code.meaning,
    en: english?.meaning_en ?? code.meaning,
    code: { value: code.value, scheme: code.scheme },
    output,
    operatingPoint,
    value,
    unit: unit?.value ?? null,
    threshold,
    isPositive: evaluation === null || evaluation === 'indeterminate' ? null : evaluation === 'present',
  };
}

function codingsOf(manifest: KnownManifest): { code: string; scheme: string; meaning_en?: string }[] {
  const encodings = manifest?.outputs.flatMap(({ encode }) => encode) ?? [];
  return encodings.flatMap((encoding) => {
    if (encoding.to === 'dicom-sr')
      return [...(encoding.finding ? [encoding.finding] : []), ...(encoding.findings ?? [])];
    return encoding.to === 'dicom-seg' ? [encoding.segment.property] : [];
  });
}
