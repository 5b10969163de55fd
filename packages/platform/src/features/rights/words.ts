import type { Access } from './accesses.ts';

/** What the report says; a language is complete, or it does not compile. */
export type Words = {
  lang: string;
  title: string;
  intro: string;
  patient: string;
  linked: string;
  period: string;
  studies: string;
  madeAt: string;
  columns: Readonly<Record<'at' | 'who' | 'what' | 'why' | 'from' | 'count', string>>;
  kinds: Readonly<Record<Access['kind'], string>>;
  aspects: Readonly<Record<string, string>>;
  doors: Readonly<Record<string, string>>;
  purposes: Readonly<Record<string, string>>;
  actors: Readonly<Record<Access['actor']['kind'], string>>;
  study: string;
  sentTo: string;
  everything: string;
  none: string;
  cut: string;
  limits: string;
  verify: string;
  /** Behind it the day. */
  retired: string;
};

export const ES: Words = {
  lang: 'es-MX',
  title: 'Quién vio mis estudios',
  intro:
    'Este informe dice quién tuvo acceso a los estudios de imagen de este paciente, cuándo, para qué y desde dónde, ' +
    'según la bitácora sellada del archivo.',
  patient: 'Paciente',
  linked: 'También, la misma persona en',
  period: 'Periodo',
  studies: 'Estudios',
  madeAt: 'Informe del',
  columns: { at: 'Cuándo', who: 'Quién', what: 'Qué', why: 'Para qué', from: 'Desde dónde', count: 'Veces' },
  kinds: {
    'study.retrieved': 'Consultó',
    'export.finished': 'Exportó',
    'case-file.made': 'Obtuvo el expediente verificable de',
  },
  aspects: {
    objects: 'las imágenes de',
    metadata: 'los datos descriptivos de',
    rendered: 'en pantalla las imágenes de',
    'wado-uri': 'una imagen de',
    thumbnail: 'una miniatura de',
    frames: 'cuadros de las imágenes de',
    bulkdata: 'parte de los datos de',
    zip: 'una copia completa (ZIP) de',
    record: 'los asientos y la lista de imágenes de',
    'ai-result': 'el resultado de IA de',
  },
  doors: {
    dimse: 'red DICOM',
    web: 'web',
    stow: 'web',
    cli: 'consola del archivo',
    import: 'importación',
  },
  purposes: {
    TREATMENT: 'atención médica',
    EMERGENCY: 'urgencia',
    OPERATIONS: 'operación del archivo',
    AUDIT: 'auditoría',
    PUBLIC_HEALTH: 'salud pública',
    RESEARCH: 'investigación',
    PATIENT: 'a petición del paciente',
  },
  actors: { person: 'persona', system: 'sistema', process: 'proceso del archivo' },
  study: 'el estudio',
  sentTo: 'enviado a',
  everything: 'todo lo que guarda la institución',
  none: 'Nadie consultó estudios de este paciente en el periodo.',
  cut: 'El informe está incompleto: hay más accesos de los que caben. Pida un periodo más corto.',
  limits:
    'No se incluyen las búsquedas: la bitácora guarda quién buscó y con qué campos, no qué pacientes aparecieron en ' +
    'la lista. Varios accesos de la misma persona al mismo estudio en unos segundos se cuentan en un renglón.',
  verify: 'Cada renglón lleva el identificador de su asiento en la bitácora, que se puede verificar sin el archivo.',
  retired: 'Accesos leídos de los segmentos sellados, porque la base de datos ya no los tiene: los anteriores al',
};

export const EN: Words = {
  lang: 'en',
  title: 'Who saw my studies',
  intro:
    'This report says who had access to the imaging studies of this patient, when, for what and from where, as the ' +
    'sealed journal of the archive tells.',
  patient: 'Patient',
  linked: 'Also, the same person at',
  period: 'Period',
  studies: 'Studies',
  madeAt: 'Report of',
  columns: { at: 'When', who: 'Who', what: 'What', why: 'What for', from: 'From where', count: 'Times' },
  kinds: { 'study.retrieved': 'Read', 'export.finished': 'Exported', 'case-file.made': 'Took the case file of' },
  aspects: {
    objects: 'the images of',
    metadata: 'the descriptive data of',
    rendered: 'on a screen the images of',
    'wado-uri': 'an image of',
    thumbnail: 'a thumbnail of',
    frames: 'frames of the images of',
    bulkdata: 'a part of the data of',
    zip: 'a whole copy (ZIP) of',
    record: 'the entries and the list of images of',
    'ai-result': 'the AI result of',
  },
  doors: { dimse: 'DICOM network', web: 'web', stow: 'web', cli: "the archive's console", import: 'import' },
  purposes: {
    TREATMENT: 'care',
    EMERGENCY: 'emergency',
    OPERATIONS: 'operation of the archive',
    AUDIT: 'audit',
    PUBLIC_HEALTH: 'public health',
    RESEARCH: 'research',
    PATIENT: 'asked for by the patient',
  },
  actors: { person: 'person', system: 'system', process: 'process of the archive' },
  study: 'the study',
  sentTo: 'sent to',
  everything: 'everything that the institution keeps',
  none: 'Nobody read studies of this patient in the period.',
  cut: 'The report is incomplete: there are more accesses than it holds. Ask for a shorter period.',
  limits:
    'Searches are not included: the journal keeps who searched and by which fields, not which patients the list ' +
    'showed. Accesses of one person to one study within a few seconds are one line.',
  verify: 'Each line has the identifier of its entry of the journal, which can be verified without the archive.',
  retired: 'Accesses of the sealed segments of the journal, which the database has no more, are those before',
};
