import type { ToldIncident } from './incident.ts';
import type { Why } from './why.ts';

const SEVERITIES = {
  none: 'sin daño / no harm',
  minor: 'daño menor / minor harm',
  serious: 'daño grave / serious harm',
} as const;

const STATES = {
  open: 'abierto / open',
  investigating: 'en investigación / under investigation',
  closed: 'cerrado / closed',
} as const;

/** The first page of a bundle: Spanish of Mexico, then English. */
export function bundleReadme(incident: ToldIncident, why: Why, hasStatement: boolean): string {
  const { id, at, by, institution, severity, state, model, version } = incident;
  const { digests, study } = why;
  const lost = hasStatement ? ['', ''] : [' (ya no está en el registro)', ' (not in the registry any more)'];
  return `INCIDENTE CON UN RESULTADO DE IA (the English text follows)

Incidente: ${id}
Gravedad: ${SEVERITIES[severity]}
Notificado: ${at}, por ${by}
Estado: ${STATES[state]}
Institución: ${institution}
Estudio (Study Instance UID): ${study}
Modelo: ${model}@${version}${why.isDemonstration ? ' (demostración)' : ''}
Paquete (SHA-256): ${digests.package}
Modelo (SHA-256): ${digests.model ?? 'no se sabe'}
Entrada (SHA-256): ${digests.input ?? 'no se sabe'}

Qué hay aquí
  incident.json     lo que se notificó, quién lo investigó y qué encontró
  task.json         quién, qué, cuándo y por qué: entrada, umbral, firmas, decisiones, asientos de la bitácora
  results.jsonl     objetos DICOM del resultado con su huella SHA-256
  package/          el manifiesto del paquete y su declaración firmada${lost[0]}
  case-file.tar     el expediente verificable del estudio; su LEEME.txt dice cómo comprobarlo sin internet
  SHA256SUMS        huellas de todo lo anterior:  sha256sum -c SHA256SUMS
Las imágenes sólo están si se pidieron, dentro de case-file.tar.

----------------------------------------------------------------------------------------------------

INCIDENT WITH A RESULT OF AI

  incident.json     what was reported, who looked into it and what was found
  task.json         who, what, when and why: input, threshold, signatures, decisions, lines of the journal
  results.jsonl     DICOM objects of the result with the SHA-256 of their data sets
  package/          manifest of the package, and its signed statement${lost[1]}
  case-file.tar     the verifiable case file of the study; its LEEME.txt says how to check it without a network
  SHA256SUMS        digests of all of these:  sha256sum -c SHA256SUMS
Images are in case-file.tar, and only if they were asked for.
`;
}
