import { CASE, OBJECTS_FOLDER } from '@acervo/kernel/journal/case-file.ts';
import type { CheckpointFile } from '@acervo/kernel/journal/checkpoint-file.ts';
import { type Patient, patientRef } from '../../holdings/patient.ts';
import type { Agreement, Glass, Referral } from '../../ports/sharing.ts';
import type { Shared } from './shared.ts';

/** What the first page of a case file says of it. */
export type Described = {
  at: string;
  institution: string;
  study: string;
  patient: Patient | null;
  checkpoint: CheckpointFile;
  /** What witnesses signed last. */
  witnessed: readonly CheckpointFile[];
  lines: number;
  withheld: number;
  objects: { count: number; bytes: number; isIncluded: boolean };
};

/** For people, who may have neither Acervo nor anybody who knows it: Spanish, then English. */
export function readmeText(described: Described): string {
  const { at, institution, study, patient, checkpoint, witnessed, lines, withheld, objects } = described;
  const { key, number, size, archive } = checkpoint.checkpoint;
  const who = patient === null ? '-' : patientRef(patient);
  const witnesses = witnessed
    .flatMap((file) => file.witnesses.map(({ name, key: by }) => `${name} (${file.checkpoint.size}) ${by}`))
    .join('; ');
  const [withEs, withEn] = objects.isIncluded ? ['incluidas', 'included'] : ['no incluidas', 'not included'];
  return `EXPEDIENTE VERIFICABLE DE UN ESTUDIO DE IMAGEN (the English text follows)

Institución: ${institution}
Estudio (Study Instance UID): ${study}
Paciente (institución/emisor/número): ${who}
Hecho el: ${at}
Imágenes y otros objetos: ${objects.count} (${objects.bytes} bytes, ${withEs})
Asientos de la bitácora: ${lines}. Retenidos porque también nombran a otra persona: ${withheld}
Bitácora: ${archive}, sello ${number} de ${size} asientos. Testigos: ${witnesses || 'ninguno'}
Llave pública: ${key}

Qué hay aquí
  ${CASE.accesses}    quién vio este estudio, cuándo, para qué y desde dónde: ábralo con un navegador
  ${CASE.shared}  por qué acuerdos, referencias o accesos de urgencia pudieron verlo otros
  ${CASE.accessesJson}, ${CASE.sharedJson}   lo mismo para programas
  ${CASE.objects}   los objetos DICOM del estudio con su huella SHA-256
  ${OBJECTS_FOLDER}         los objetos, tal como se recibieron (si se pidieron)
  ${CASE.journal}   los asientos de la bitácora, cada uno con la prueba de su lugar en ella
  ${CASE.checkpoint} el sello firmado de toda la bitácora; ${CASE.witnessed}: el último que firmó cada testigo
  ${CASE.sums}      huellas de todo lo anterior
  ${CASE.manifest}   la lista de todo, firmada con la llave de la bitácora

Cómo comprobarlo sin internet
  1. Que nada cambió en el camino:  tar xf EXPEDIENTE.tar && sha256sum -c ${CASE.sums}
  2. Todo lo demás, con el verificador de Acervo (código abierto; requiere Node 24 y nada más):
     node packages/verifier/src/main.ts case EXPEDIENTE.tar --key LLAVE --witness NOMBRE=LLAVE_DEL_TESTIGO
     Pida la LLAVE a la institución por otro medio: la de este archivo sólo se prueba a sí misma.

Qué queda probado
  - El archivo lo firmó quien tiene la llave, y nada se alteró, quitó, agregó ni cambió de lugar desde entonces.
  - Cada asiento está en la bitácora con ese número y ese contenido.
  - Con un sello guardado en otra parte, o firmado por un testigo: la bitácora no se reescribió hasta ahí.
Qué no queda probado
  - Que el estudio no tenga más asientos u objetos: la lista es la palabra firmada de la institución en esa fecha.
  - Lo que pasó después del sello. Sin testigo, que la bitácora no se haya sustituido entera.
  - Las búsquedas: la bitácora guarda quién buscó, no qué pacientes aparecieron en la lista.
  - De otros estudios y pacientes hay aquí sólo huellas, que no dicen nada de ellos.

----------------------------------------------------------------------------------------------------

CASE FILE OF ONE IMAGING STUDY

${objects.count} objects (${objects.bytes} bytes, ${withEn}), ${lines} entries of the journal, ${withheld} withheld
because they name another person, too. Checkpoint ${number} of ${size} entries of the journal ${archive}.
Witnesses: ${witnesses || 'none'}

  ${CASE.accesses}    who saw the study (a browser opens it); ${CASE.shared}: by what others could
  ${CASE.objects}   its DICOM objects with the SHA-256 of their data sets; ${OBJECTS_FOLDER}: as received, if asked for
  ${CASE.journal}   entries of the journal, each with the proof of its place (RFC 6962)
  ${CASE.checkpoint} the signed root of the whole journal; ${CASE.witnessed}: the last one that each witness signed
  ${CASE.sums}, ${CASE.manifest}: digests of everything, signed by the journal's key (Ed25519)

To check: sha256sum -c ${CASE.sums}, then node packages/verifier/src/main.ts case FILE --key KEY, with the KEY
that the institution gave you by another way. No network, no database.

Proved: who has the key signed this, and nothing was altered, removed, added or moved since; every entry stands in the
journal at its number; with a checkpoint kept elsewhere or a witness, that the journal was not written anew up to there.
Not proved: that the study has no further entries or objects (the list is the institution's signed word of that day);
what came after the checkpoint; without a witness, that the journal was not replaced as a whole; searches.
Of other studies and patients there are hashes here and nothing else.
`;
}

const NAMES: Readonly<Record<Shared['kind'], string>> = {
  agreement: 'Acuerdo entre instituciones / agreement',
  referral: 'Referencia del paciente / referral',
  glass: 'Acceso de urgencia / broken glass',
};

/** What was shared, for people. */
export function sharedText(shared: readonly Shared[]): string {
  const head =
    'POR QUÉ PUDIERON VER OTROS ESTE ESTUDIO / BY WHAT OTHERS COULD SEE THIS STUDY\n\n' +
    'Acuerdos vigentes cuando otra institución lo consultó, referencias de este paciente y accesos de urgencia.\n' +
    'Agreements in force when another institution read it, referrals of this patient, and broken glass.\n\n';
  if (shared.length === 0) return `${head}Ninguno. / None.\n`;
  return head + shared.map(oneText).join('\n');
}

function oneText({ kind, lines, record, until }: Shared): string {
  const { owner, receiver, validity } = record;
  const why = 'reference' in record ? record.reference : record.reason;
  const more = kind === 'agreement' ? (record as Agreement).purposes.join(', ') : who(record as Referral | Glass);
  return [
    `${NAMES[kind]}: ${owner} -> ${receiver}`,
    `  de / from ${validity.from} a / to ${until ?? 'sin término / open'}`,
    `  motivo / reason: ${why}`,
    ...(more === '' ? [] : [`  ${more}`]),
    `  asientos / entries: ${lines.join(', ')}`,
    '',
  ].join('\n');
}

function who(record: Referral | Glass): string {
  if (!('person' in record)) return '';
  const { person, review } = record;
  const seen = review === undefined ? 'sin revisar / not reviewed' : `${review.by} ${review.at}: ${review.finding}`;
  return `persona / person: ${person}; revisión / review: ${seen}`;
}
