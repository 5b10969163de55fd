import type { Op } from '../../../ports/op.ts';
import type { Sql } from '../../../ports/sql.ts';
import { allExternal, type ExternalRow } from './external.repo.ts';
import { EXTERNAL } from './external.ts';
import { maySee } from './owner.ts';
import { type Standing, standingsOf } from './registry.repo.ts';
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
  /** Of a package, those that the caller may know of, each with its state. */
  sites: readonly string[];
  status: Status;
  class: string;
  registroSanitario: string;
  useStatus: string;
  provenance: string;
  since: string;
  warnings: readonly string[];
};

/**
 * received: nobody has approved anything by that; approved: for the nation, and it runs at no site; in-use: at some
 * site, be it in silence.
 */
export type Status = 'received' | 'approved' | 'in-use' | 'suspended' | 'rejected' | 'retired';

/** Everything that the caller may know of. @throws {Failure} access/denied */
export async function inventory(sql: Sql, op: Op): Promise<InventoryEntry[]> {
  const seen = (await seenPackages(sql, op)).map(summaryOf);
  const digests = seen.map(({ digest }) => digest);
  const standings = Map.groupBy(await standingsOf(sql, digests), (standing) => standing.package);
  const packages = seen.map((of) => packageEntry(op, of, standings.get(of.digest) ?? []));
  const external = (await allExternal(sql)).filter(({ institution }) => maySee(op, institution)).flatMap(externalEntry);
  return [...packages, ...external];
}

const APPROVED: ReadonlySet<string> = new Set(['aprobado_nacional', 'en_revision', 'demostracion']);
const RUNNING: ReadonlySet<string> = new Set(['silencioso', 'limitado', 'general']);
const ENDED: Readonly<Record<string, Status>> = {
  suspendido: 'suspended',
  rechazado: 'rejected',
  retirado: 'retired',
};

/** What the life-cycle says of a package, and where it runs. */
function standsAs(standings: readonly Standing[]): { status: Status; running: readonly Standing[] } {
  const national = standings.find(({ site }) => site === '')?.state ?? '';
  if (!APPROVED.has(national)) return { status: ENDED[national] ?? 'received', running: [] };
  const running = standings.filter(({ state }) => RUNNING.has(state));
  return { status: running.length > 0 ? 'in-use' : 'approved', running };
}

function packageEntry(op: Op, of: PackageSummary, standings: readonly Standing[]): InventoryEntry {
  const { status, running } = standsAs(standings);
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
    sites: running.filter(({ site }) => op.may('read-model', site)).map(({ site, state }) => `${site}: ${state}`),
    status,
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

const STATUS_ES: Readonly<Record<Status, string>> = {
  received: 'recibido',
  approved: 'aprobado',
  'in-use': 'en uso',
  suspended: 'suspendido',
  rejected: 'rechazado',
  retired: 'retirado',
};

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
  ['estado', ({ status }) => STATUS_ES[status]],
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
