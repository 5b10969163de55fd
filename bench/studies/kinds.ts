/** A kind of examination: its share of all, in a hundred, and what devices say of it. */
export type Kind = {
  share: number;
  /** Of the series in turn; the first is that of most. */
  modalities: readonly string[];
  seriesMax: number;
  maker: readonly [manufacturer: string, model: string];
  descriptions: readonly string[];
  bodyParts: readonly string[];
  protocols: readonly string[];
};

/** Shares as of a public network: mostly radiography and ultrasound. */
export const KINDS: readonly Kind[] = [
  {
    share: 30,
    modalities: ['DX'],
    seriesMax: 2,
    maker: ['SIEMENS', 'Ysio Ficta'],
    descriptions: [
      'TÓRAX PA',
      'TORAX PA Y LATERAL',
      'Tele de tórax',
      'COLUMNA LUMBAR AP Y LATERAL',
      'RODILLA DERECHA AP Y LATERAL',
      'PELVIS AP',
      'MANO IZQUIERDA',
      'ABDOMEN SIMPLE DE PIE Y DECÚBITO',
      'Cráneo AP y lateral',
      'SENOS PARANASALES',
    ],
    bodyParts: ['CHEST', 'LSPINE', 'KNEE', 'PELVIS', 'HAND', 'ABDOMEN', 'SKULL'],
    protocols: ['AP', 'PA', 'LATERAL'],
  },
  {
    share: 18,
    modalities: ['CR'],
    seriesMax: 2,
    maker: ['FUJIFILM Corporation', 'FCR-X 5000'],
    descriptions: ['TORAX', 'TÓRAX PORTÁTIL', 'Tobillo izquierdo', 'HOMBRO DERECHO', 'Columna cervical', 'PIE DERECHO'],
    bodyParts: ['CHEST', 'ANKLE', 'SHOULDER', 'CSPINE', 'FOOT'],
    protocols: ['AP', 'LAT', 'OBLICUA'],
  },
  {
    share: 21,
    modalities: ['US'],
    seriesMax: 1,
    maker: ['Mindray', 'DC-Ñ80'],
    descriptions: [
      'US ABDOMINAL',
      'ULTRASONIDO OBSTÉTRICO',
      'US hígado y vías biliares',
      'US RENAL',
      'Doppler carotídeo',
      'US PÉLVICO',
      'US DE MAMA',
      'US TIROIDES',
    ],
    bodyParts: ['ABDOMEN', 'UTERUS', 'LIVER', 'KIDNEY', 'NECK', 'PELVIS', 'BREAST', 'THYROID'],
    protocols: ['ABD', 'OB', 'RENAL'],
  },
  {
    share: 14,
    modalities: ['CT', 'CT', 'SR'],
    seriesMax: 3,
    maker: ['GE MEDICAL SYSTEMS', 'Revoluta 64'],
    descriptions: [
      'TC CRÁNEO SIMPLE',
      'TC de tórax con contraste',
      'ANGIOTAC PULMONAR',
      'TC ABDOMEN Y PELVIS',
      'UROTAC',
      'TAC CRANEO',
      'TC COLUMNA LUMBAR',
      'TC cuello',
    ],
    bodyParts: ['HEAD', 'CHEST', 'ABDOMEN', 'LSPINE', 'NECK'],
    protocols: ['1.1 CRANEO', '5.6 TORAX C/C', '6.1 ABDOMEN'],
  },
  {
    share: 6,
    modalities: ['MG', 'MG', 'SR'],
    seriesMax: 3,
    maker: ['HOLOGIC, Inc.', 'Ficta Dimensions'],
    descriptions: ['MASTOGRAFÍA BILATERAL', 'MASTOGRAFIA DE TAMIZAJE', 'Mastografía diagnóstica', 'TOMOSÍNTESIS'],
    bodyParts: ['BREAST'],
    protocols: ['TAMIZAJE', 'DIAGNOSTICA'],
  },
  {
    share: 5,
    modalities: ['MR', 'MR', 'MR', 'SR'],
    seriesMax: 3,
    maker: ['Philips Medical Systems', 'Ingesia 1.5T'],
    descriptions: ['RM ENCÉFALO', 'RM COLUMNA LUMBAR', 'RM rodilla derecha', 'COLANGIORRESONANCIA', 'RM DE PRÓSTATA'],
    bodyParts: ['BRAIN', 'LSPINE', 'KNEE', 'ABDOMEN', 'PROSTATE'],
    protocols: ['T1W_TSE', 'T2W_TSE', 'FLAIR', 'DWI'],
  },
  {
    share: 3,
    modalities: ['XA', 'SR'],
    seriesMax: 2,
    maker: ['Philips Medical Systems', 'Alura'],
    descriptions: ['CORONARIOGRAFÍA', 'ANGIOGRAFÍA CEREBRAL', 'Cateterismo cardíaco', 'EMBOLIZACIÓN'],
    bodyParts: ['HEART', 'HEAD'],
    protocols: ['CARDIO 15 FPS', 'DSA 3 FPS'],
  },
  {
    share: 1.6,
    modalities: ['RF'],
    seriesMax: 2,
    maker: ['SIEMENS', 'Luminos Ficta'],
    descriptions: ['SERIE ESOFAGOGASTRODUODENAL', 'COLON POR ENEMA', 'HISTEROSALPINGOGRAFÍA'],
    bodyParts: ['STOMACH', 'COLON', 'UTERUS'],
    protocols: ['SEGD', 'ENEMA'],
  },
  {
    share: 0.9,
    modalities: ['PX'],
    seriesMax: 1,
    maker: ['Planmeca', 'ProFicta'],
    descriptions: ['ORTOPANTOMOGRAFÍA'],
    bodyParts: ['JAW'],
    protocols: ['PANORAMICA'],
  },
  {
    share: 0.4,
    modalities: ['NM', 'CT'],
    seriesMax: 2,
    maker: ['SIEMENS', 'Symbia Ficta'],
    descriptions: ['GAMMAGRAMA ÓSEO', 'Gammagrama renal', 'GAMMAGRAMA TIROIDEO'],
    bodyParts: ['WHOLEBODY', 'KIDNEY', 'THYROID'],
    protocols: ['OSEO', 'RENAL'],
  },
  {
    share: 0.1,
    modalities: ['PT', 'CT', 'SR'],
    seriesMax: 3,
    maker: ['SIEMENS', 'Biograph Ficta'],
    descriptions: ['PET-CT CUERPO COMPLETO'],
    bodyParts: ['WHOLEBODY'],
    protocols: ['PET WB'],
  },
];
