import type { Code } from './code.ts';

/**
 * Coded concepts of the reports that are written here, as data: scheme, value, the standard's meaning, the meaning in
 * Spanish of Mexico, and where PS3.16 has it. PS3.3 8.3 lets Code Meaning be in the language of the reader.
 */
const ROWS = {
  report: ['DCM', '126000', 'Imaging Measurement Report', 'Informe de mediciones en imagen', 'TID 1500, CID 7021'],
  language: ['DCM', '121049', 'Language of Content Item and Descendants', 'Idioma del contenido', 'TID 1204'],
  spanishOfMexico: ['RFC5646', 'es-MX', 'Spanish (Mexico)', 'Español (México)', 'TID 1204, CID 5000'],
  observerType: ['DCM', '121005', 'Observer Type', 'Tipo de observador', 'TID 1002'],
  device: ['DCM', '121007', 'Device', 'Dispositivo', 'TID 1002, CID 270'],
  observerUid: ['DCM', '121012', 'Device Observer UID', 'UID del dispositivo observador', 'TID 1004'],
  observerName: ['DCM', '121013', 'Device Observer Name', 'Nombre del dispositivo observador', 'TID 1004'],
  observerManufacturer: [
    'DCM',
    '121014',
    'Device Observer Manufacturer',
    'Fabricante del dispositivo observador',
    'TID 1004',
  ],
  observerModel: ['DCM', '121015', 'Device Observer Model Name', 'Modelo del dispositivo observador', 'TID 1004'],
  observerSerial: [
    'DCM',
    '121016',
    'Device Observer Serial Number',
    'Número de serie del dispositivo observador',
    'TID 1004',
  ],
  procedureReported: ['DCM', '121058', 'Procedure Reported', 'Procedimiento informado', 'TID 1500'],
  imagingProcedure: ['SCT', '363679005', 'Imaging procedure', 'Procedimiento de imagenología', 'CID 100'],
  ct: ['LN', '25045-6', 'CT unspecified body region', 'TC, región corporal no especificada', 'CID 100'],
  mri: ['LN', '25056-3', 'MRI unspecified body region', 'RM, región corporal no especificada', 'CID 100'],
  nm: ['LN', '49118-3', 'NM unspecified body region', 'MN, región corporal no especificada', 'CID 100'],
  pet: ['LN', '44136-0', 'PET unspecified body region', 'PET, región corporal no especificada', 'CID 100'],
  imageLibrary: ['DCM', '111028', 'Image Library', 'Biblioteca de imágenes', 'TID 1600'],
  imageLibraryGroup: ['DCM', '126200', 'Image Library Group', 'Grupo de la biblioteca de imágenes', 'TID 1600'],
  modality: ['DCM', '121139', 'Modality', 'Modalidad', 'TID 1602'],
  measurements: ['DCM', '126010', 'Imaging Measurements', 'Mediciones en imagen', 'TID 1500'],
  group: ['DCM', '125007', 'Measurement Group', 'Grupo de mediciones', 'TID 1501, 1410, 1411'],
  trackingId: ['DCM', '112039', 'Tracking Identifier', 'Identificador de seguimiento', 'TID 1501'],
  trackingUid: ['DCM', '112040', 'Tracking Unique Identifier', 'UID de seguimiento', 'TID 1501'],
  finding: ['DCM', '121071', 'Finding', 'Hallazgo', 'TID 1501'],
  certainty: ['DCM', '111012', 'Certainty of Finding', 'Certeza del hallazgo', 'CID 6048'],
  present: ['SCT', '52101004', 'Present', 'Presente', 'CID 241'],
  absent: ['SCT', '272519000', 'Absent', 'Ausente', 'CID 241'],
  indeterminate: ['SCT', '280416009', 'Indeterminate result', 'Resultado indeterminado', 'CID 6063'],
  algorithmName: ['DCM', '111001', 'Algorithm Name', 'Nombre del algoritmo', 'TID 4019'],
  algorithmVersion: ['DCM', '111003', 'Algorithm Version', 'Versión del algoritmo', 'TID 4019'],
  algorithmParameters: ['DCM', '111002', 'Algorithm Parameters', 'Parámetros del algoritmo', 'TID 4019'],
  sourceOfMeasurement: ['DCM', '121112', 'Source of Measurement', 'Fuente de la medición', 'TID 320'],
  referencedSegment: ['DCM', '121191', 'Referenced Segment', 'Segmento referido', 'TID 1411'],
  referencedFrame: ['DCM', '121214', 'Referenced Segmentation Frame', 'Cuadro de segmentación referido', 'TID 1410'],
  segmentationSource: [
    'DCM',
    '121233',
    'Source image for segmentation',
    'Imagen fuente de la segmentación',
    'TID 1410, 1411',
  ],
  segmentationSeries: [
    'DCM',
    '121232',
    'Source series for segmentation',
    'Serie fuente de la segmentación',
    'TID 1411',
  ],
  volume: ['SCT', '118565006', 'Volume', 'Volumen', 'CID 7472'],
  area: ['SCT', '42798000', 'Area', 'Área', 'CID 7471'],
  percent: ['UCUM', '%', 'Percent', 'Por ciento', 'CID 82'],
  mm3: ['UCUM', 'mm3', 'Cubic millimeter', 'Milímetro cúbico', 'CID 7462'],
  mm2: ['UCUM', 'mm2', 'Square millimeter', 'Milímetro cuadrado', 'CID 7461'],
  rejectedForPatientSafety: [
    'DCM',
    '113037',
    'Rejected for Patient Safety Reasons',
    'Rechazado por seguridad del paciente',
    'TID 2010, CID 7010',
  ],
  keyObjectDescription: ['DCM', '113012', 'Key Object Description', 'Descripción de los objetos clave', 'TID 2010'],
  artificialIntelligence: ['DCM', '123109', 'Artificial Intelligence', 'Inteligencia artificial', 'CID 7162'],
  processingEquipment: ['DCM', '109102', 'Processing Equipment', 'Equipo de procesamiento', 'CID 7005'],
} as const satisfies Record<
  string,
  readonly [scheme: string, value: string, meaning: string, es: string, source: string]
>;

export type Concept = keyof typeof ROWS;

export const CONCEPTS: readonly Concept[] = Object.keys(ROWS) as Concept[];

/** A concept with its meaning in a language. */
export function concept(name: Concept, language: 'en' | 'es' = 'es'): Code {
  const [scheme, value, en, es] = ROWS[name];
  return { value, scheme, meaning: language === 'en' ? en : es };
}

/** Modalities by their Defined Term: CID 29, Spanish. */
export const MODALITIES: Readonly<Record<string, string>> = {
  CR: 'Radiografía computada',
  CT: 'Tomografía computada',
  DX: 'Radiografía digital',
  MG: 'Mastografía',
  MR: 'Resonancia magnética',
  NM: 'Medicina nuclear',
  PT: 'Tomografía por emisión de positrones',
  US: 'Ultrasonido',
  XA: 'Angiografía por rayos X',
};

/** Where PS3.16 has it: templates (TID) and context groups (CID). */
export const sourceOfConcept = (name: Concept): string => ROWS[name][4];
