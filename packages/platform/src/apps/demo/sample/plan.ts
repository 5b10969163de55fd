import { DEFLATED_LE, EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import type { Charset } from './attributes.ts';
import { cr } from './cr.ts';
import { ct } from './ct.ts';
import { SYSTEMS } from './institutions.ts';
import { mr } from './mr.ts';
import { PEOPLE } from './people.ts';
import { sr } from './sr.ts';
import type { StudyPlan } from './study.ts';
import { us } from './us.ts';

const LATIN_1: Charset = { declared: 'ISO_IR 100', bytes: 'latin1' };
const UTF_8: Charset = { declared: 'ISO_IR 192', bytes: 'utf8' };
/** What devices do wrong, found in the field again and again. */
const UNDECLARED: Charset = { declared: undefined, bytes: 'latin1' };
const UTF_8_AS_LATIN_1: Charset = { declared: 'ISO_IR 100', bytes: 'utf8' };
const LATIN_1_AS_UTF_8: Charset = { declared: 'ISO_IR 192', bytes: 'latin1' };

const { munoz, pena, nunez, ordonez, castaneda, zuniga, acuna } = PEOPLE;

/** The same number at two institutions that gave it to two persons. */
const SHARED_PATIENT_ID = '00012345';

/** The studies of the sample, in the order they come. Each shows something that a national archive must bear. */
export const STUDIES: readonly StudyPlan[] = [
  {
    key: 'imss-ct-chest',
    system: SYSTEMS.imssCtGe,
    door: 'dimse',
    person: munoz,
    patientId: 'IM-680314-2F',
    isIdentified: true,
    description: 'TC de tórax simple',
    charset: LATIN_1,
    transferSyntaxUid: EXPLICIT_LE,
    note: 'CT, Latin-1 as declared; the patient has a CURP and is known to SSA-JAL-HCG, too',
    make: ct({ slices: 28, bodyPart: 'CHEST', series: 'Tórax 5 mm', kernel: 'STANDARD' }),
  },
  {
    key: 'imss-report',
    reportOf: 'imss-ct-chest',
    system: SYSTEMS.imssReport,
    door: 'stow',
    person: munoz,
    patientId: 'IM-680314-2F',
    isIdentified: true,
    description: 'TC de tórax simple',
    charset: UTF_8,
    transferSyntaxUid: EXPLICIT_LE,
    note: 'report in the study of the CT, in UTF-8 beside Latin-1',
    make: sr({
      technique: 'Adquisición helicoidal simple, cortes de 5 mm.',
      findings: 'nódulo pulmonar sólido de 9 mm en lóbulo superior derecho; sin adenomegalias ni derrame.',
      impression: 'Nódulo pulmonar único. Se sugiere control según guía en 6 meses (año próximo).',
    }),
  },
  {
    key: 'imss-ct-head',
    system: SYSTEMS.imssCtSiemens,
    door: 'dimse',
    person: pena,
    patientId: 'IM-511102-1M',
    isIdentified: false,
    description: 'TC de cráneo',
    charset: UTF_8,
    transferSyntaxUid: IMPLICIT_LE,
    note: 'CT, UTF-8 as declared, implicit VR',
    make: ct({ slices: 24, bodyPart: 'HEAD', series: 'Cráneo', kernel: 'H30s' }),
  },
  {
    key: 'imss-cr',
    system: SYSTEMS.imssCr,
    door: 'dimse',
    person: castaneda,
    patientId: 'IM-751209-5F',
    isIdentified: false,
    description: 'Radiografía de tórax',
    charset: UNDECLARED,
    transferSyntaxUid: IMPLICIT_LE,
    note: 'CR, Latin-1 without (0008,0005)',
    make: cr('PA'),
  },
  {
    key: 'issste-mr-1',
    system: SYSTEMS.isssteMrSiemens,
    door: 'dimse',
    person: nunez,
    patientId: SHARED_PATIENT_ID,
    isIdentified: false,
    description: 'RM de encéfalo',
    charset: LATIN_1,
    transferSyntaxUid: EXPLICIT_LE,
    note: `MR, two series; Patient ID ${SHARED_PATIENT_ID} is another person at SSA-JAL-HCG`,
    make: mr({ slices: 20 }),
  },
  {
    key: 'issste-mr-2',
    system: SYSTEMS.isssteMrPhilips,
    door: 'import',
    person: zuniga,
    patientId: 'IS-470518-8M',
    isIdentified: false,
    description: 'RM de encéfalo con señal T2',
    charset: UTF_8_AS_LATIN_1,
    transferSyntaxUid: EXPLICIT_BE,
    note: 'MR from an old archive: big endian, UTF-8 declared as Latin-1',
    make: mr({ slices: 16 }),
  },
  {
    key: 'issste-us',
    system: SYSTEMS.isssteUs,
    door: 'dimse',
    person: acuna,
    patientId: 'IS-990130-3F',
    isIdentified: false,
    description: 'Ecografía de riñón',
    charset: LATIN_1_AS_UTF_8,
    transferSyntaxUid: IMPLICIT_LE,
    note: 'US multi-frame, grey; Latin-1 declared as UTF-8',
    make: us({ frames: 16, isColor: false, series: 'Riñón izquierdo', laterality: 'L' }),
  },
  {
    key: 'issste-report',
    reportOf: 'issste-mr-1',
    system: SYSTEMS.isssteReport,
    door: 'dimse',
    person: nunez,
    patientId: SHARED_PATIENT_ID,
    isIdentified: false,
    description: 'RM de encéfalo',
    charset: UNDECLARED,
    transferSyntaxUid: EXPLICIT_LE,
    note: 'report in the study of the MR, Latin-1 without (0008,0005)',
    make: sr({
      technique: 'Secuencias T1 y T2 en plano axial.',
      findings: 'lesión ocupante de 12 mm en región frontal izquierda, sin edema ni efecto de masa.',
      impression: 'Lesión pequeña, inespecífica. Correlación clínica y control en un año.',
    }),
  },
  {
    key: 'ssa-us',
    system: SYSTEMS.ssaUs,
    door: 'stow',
    person: ordonez,
    patientId: SHARED_PATIENT_ID,
    isIdentified: false,
    description: 'Doppler de carótida',
    charset: LATIN_1,
    transferSyntaxUid: EXPLICIT_LE,
    note: `US multi-frame, RGB; Patient ID ${SHARED_PATIENT_ID} is another person at ISSSTE-20NOV`,
    make: us({ frames: 10, isColor: true, series: 'Carótida derecha', laterality: 'R' }),
  },
  {
    key: 'ssa-cr',
    system: SYSTEMS.ssaCr,
    door: 'import',
    person: pena,
    patientId: 'HCG/0099-Ñ',
    isIdentified: false,
    description: 'Tórax PA y lateral',
    charset: LATIN_1,
    transferSyntaxUid: EXPLICIT_LE,
    note: 'CR, two views; Ñ and a slash in the Patient ID',
    make: cr('PA', 'LL'),
  },
  {
    key: 'ssa-ct',
    system: SYSTEMS.ssaCt,
    door: 'stow',
    person: munoz,
    patientId: 'HCG-778812',
    isIdentified: true,
    description: 'TC de abdomen',
    charset: UTF_8,
    transferSyntaxUid: DEFLATED_LE,
    note: 'CT, deflated; the person with this CURP is a patient of IMSS-CMNSXXI, too',
    make: ct({ slices: 22, bodyPart: 'ABDOMEN', series: 'Abdomen 5 mm', kernel: 'B' }),
  },
  {
    key: 'ssa-report',
    reportOf: 'ssa-ct',
    system: SYSTEMS.ssaReport,
    door: 'stow',
    person: munoz,
    patientId: 'HCG-778812',
    isIdentified: true,
    description: 'TC de abdomen',
    charset: LATIN_1,
    transferSyntaxUid: EXPLICIT_LE,
    note: 'report in the study of the CT, Latin-1 beside UTF-8',
    make: sr({
      technique: 'Adquisición en fase simple, reconstrucción de 5 mm.',
      findings: 'hígado, bazo y riñones de tamaño normal; sin líquido libre.',
      impression: 'Estudio sin alteraciones. ¿Dolor de origen funcional?',
    }),
  },
];
