/** Documents that a manifest names. */
export const DOCUMENTS = ['card', 'datasheet', 'bom', 'risk', 'pccp', 'monitoring'] as const;
type Kind = (typeof DOCUMENTS)[number];

/**
 * Members that each must have, not empty: the model card of Mitchell et al., the datasheet of Gebru et al., ISO 14971's
 * risks with what is done about each, a CycloneDX bill of materials.
 */
const MEMBERS: Record<Kind, readonly string[]> = {
  card: ['name', 'description_es', 'intendedUse', 'limitations', 'metrics'],
  datasheet: ['motivation', 'composition', 'collection', 'license'],
  bom: ['bomFormat', 'specVersion', 'components'],
  risk: ['hazards'],
  pccp: [],
  monitoring: [],
};

/** What is missing in a document; nothing where it is as it must be. */
export function lacksOf(kind: Kind, value: unknown): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return ['no JSON object'];
  const members = new Map<string, unknown>(Object.entries(value));
  const missing = MEMBERS[kind]
    .filter((name) => isEmpty(members.get(name)))
    .map((name) => `${name} is missing or empty`);
  if (kind === 'bom' && members.get('bomFormat') !== 'CycloneDX') missing.push('bomFormat is not CycloneDX');
  const hazards = members.get('hazards');
  if (kind === 'risk' && Array.isArray(hazards)) missing.push(...hazards.flatMap(openHazard));
  return missing;
}

function openHazard(hazard: unknown, index: number): string[] {
  const of =
    typeof hazard === 'object' && hazard !== null ? new Map<string, unknown>(Object.entries(hazard)) : new Map();
  const lacks = ['hazard', 'harm', 'control', 'residual'].filter((name) => isEmpty(of.get(name)));
  return lacks.map((name) => `hazard ${index} without ${name}`);
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
