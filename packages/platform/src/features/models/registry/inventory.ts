import type { Op } from '../../../ports/op.ts';
import type { Sql } from '../../../ports/sql.ts';
import { allExternal, type ExternalRow } from './external.repo.ts';
import { EXTERNAL } from './external.ts';
import { maySee } from './owner.ts';
import { type PackageSummary, seenPackages, summaryOf } from './show.ts';
import { UNKNOWN } from './warnings.ts';

/** One line of the register: AI that is here, or that somebody says runs elsewhere. */
export type InventoryEntry = {
  kind: 'package' | 'external';
  /** Digest of the package, or id of the entry. */
  id: string;
  model: string;
  name: string;
  version: string;
  owner: string;
  vendor: string;
  /** What it runs in; this archive for packages. */
  host: string;
  sites: readonly string[];
  /** received: nobody has approved anything by that. */
  status: 'received' | 'in-use' | 'retired';
  class: string;
  registroSanitario: string;
  useStatus: string;
  provenance: string;
  since: string;
  warnings: readonly string[];
};

/** Everything that the caller may know of. @throws {Failure} access/denied */
export async function inventory(sql: Sql, op: Op): Promise<InventoryEntry[]> {
  const packages = (await seenPackages(sql, op)).map(summaryOf).map(packageEntry);
  const external = (await allExternal(sql)).filter(({ institution }) => maySee(op, institution)).flatMap(externalEntry);
  return [...packages, ...external];
}

function packageEntry(of: PackageSummary): InventoryEntry {
  const { regulatory } = of;
  const told = Object.entries(of.provenance).map(([name, text]) => `${name}: ${text}`);
  return {
    kind: 'package',
    id: of.digest,
    model: of.model,
    name: of.name,
    version: of.version,
    owner: of.owner,
    vendor: of.supplier,
    host: 'acervo',
    sites: [],
    status: 'received',
    class: regulatory.class,
    registroSanitario: regulatory.registroSanitario ?? '',
    useStatus: regulatory.useStatus,
    provenance: told.join('; '),
    since: of.receivedAt,
    warnings: of.warnings,
  };
}

function externalEntry({ id, institution, record, addedAt, retiredAt }: ExternalRow): InventoryEntry[] {
  const read = EXTERNAL.safeParse(record);
  // A later version wrote it: that one shows it.
  if (!read.success) return [];
  const { name, version, vendor, host, sites, class: riskClass = '', registroSanitario, provenance } = read.data;
  const warnings = [
    ...(provenance === UNKNOWN ? ['provenance/unknown'] : []),
    ...(registroSanitario === null ? ['regulatory/no-registration'] : []),
  ];
  return [
    {
      kind: 'external',
      id,
      model: '',
      name,
      version,
      owner: institution,
      vendor,
      host,
      sites,
      status: retiredAt === null ? 'in-use' : 'retired',
      class: riskClass,
      registroSanitario: registroSanitario ?? '',
      useStatus: '',
      provenance,
      since: addedAt,
      warnings,
    },
  ];
}

const COLUMNS: readonly (readonly [title: string, of: (entry: InventoryEntry) => string])[] = [
  ['tipo', ({ kind }) => (kind === 'package' ? 'paquete' : 'externo')],
  ['identificador', ({ id }) => id],
  ['modelo', ({ model }) => model],
  ['nombre', ({ name }) => name],
  ['version', ({ version }) => version],
  ['titular', ({ owner }) => (owner === '*' ? 'nacional' : owner)],
  ['proveedor', ({ vendor }) => vendor],
  ['donde_opera', ({ host }) => host],
  ['sitios', ({ sites }) => sites.join('; ')],
  ['estado', ({ status }) => ({ received: 'recibido', 'in-use': 'en uso', retired: 'retirado' })[status]],
  ['clase', (entry) => entry.class],
  ['registro_sanitario', ({ registroSanitario }) => registroSanitario],
  ['uso', ({ useStatus }) => useStatus],
  ['procedencia_de_datos', ({ provenance }) => provenance],
  ['desde', ({ since }) => since],
  ['advertencias', ({ warnings }) => warnings.join('; ')],
];

/** The public register as CSV (RFC 4180), its titles in Spanish. */
export function inventoryCsv(entries: readonly InventoryEntry[]): string {
  const lines = [COLUMNS.map(([title]) => title), ...entries.map((entry) => COLUMNS.map(([, of]) => of(entry)))];
  return lines.map((fields) => `${fields.map(field).join(',')}\r\n`).join('');
}

/** A text that a spreadsheet would compute is shown as text: a quote stands before it. */
function field(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
