import type { Manifest } from '@acervo/model/manifest/manifest.ts';

/** What of the training data is said to be, in each respect; `desconocido` where the manifest says nothing. */
export type Provenance = { countries: string; sex: string; age: string; ethnicity: string; scanners: string };

export const UNKNOWN = 'desconocido';

/** Where a model's training data came from, as it is shown beside each of its results. */
export function provenanceOf({ evidence: { trainingPopulation } }: Manifest): Provenance {
  const { countries, sex = {}, age = {}, scanners = [] } = trainingPopulation;
  return {
    countries: sharesText(countries),
    sex: sharesText(sex),
    age: sharesText(age),
    // mx.imagen.modelo/v1 has no place for it.
    ethnicity: UNKNOWN,
    scanners: scanners.join(', ') || UNKNOWN,
  };
}

const sharesText = (shares: { readonly [name: string]: number }): string =>
  Object.entries(shares)
    .map(([name, share]) => `${name} ${Math.round(share * 100)} %`)
    .join(', ') || UNKNOWN;

/** Rules that a package breaks without being refused for it: they are shown wherever it is. */
export function warningsOf(manifest: Manifest): string[] {
  const unknown = Object.entries(provenanceOf(manifest)).filter(([, text]) => text === UNKNOWN);
  const warnings = unknown.map(([name]) => `provenance/${name}-unknown`);
  const { regulatory, evidence } = manifest;
  if (regulatory.registroSanitario === null) warnings.push('regulatory/no-registration');
  if (evidence.claims.length === 0) warnings.push('evidence/no-claim');
  return warnings;
}
