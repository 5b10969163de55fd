import { tagOf } from '@acervo/dicom/dictionary.ts';
import { type Attribute, type Attributes, code, type Value } from '@acervo/platform/apps/demo/sample/attributes.ts';
import { patientOf } from './people.ts';
import type { UidPlace, Uids } from './uids.ts';

export type Kind = 'ct' | 'tiny' | 'us' | 'cr' | 'cr-small';

export type Pixels = { rows: number; columns: number; samples: 1 | 3; frames: number; bits: 8 | 16 };

type KindFacts = { sopClassUid: string; modality: string; pixels: Pixels; descriptions: readonly string[] };

const CT_IMAGE = '1.2.840.10008.5.1.4.1.1.2';
const CR_IMAGE = '1.2.840.10008.5.1.4.1.1.1';
const US_MULTI_FRAME = '1.2.840.10008.5.1.4.1.1.3.1';

export const KINDS: Readonly<Record<Kind, KindFacts>> = {
  ct: {
    sopClassUid: CT_IMAGE,
    modality: 'CT',
    pixels: { rows: 512, columns: 512, samples: 1, frames: 1, bits: 16 },
    descriptions: ['TC TÓRAX SIMPLE', 'TC CRÁNEO CONTRASTADA', 'TC ABDOMEN Y PELVIS', 'ANGIOTC CORONARIA'],
  },
  tiny: {
    sopClassUid: CT_IMAGE,
    modality: 'CT',
    pixels: { rows: 64, columns: 56, samples: 1, frames: 1, bits: 16 },
    descriptions: ['TC LOCALIZADOR'],
  },
  us: {
    sopClassUid: US_MULTI_FRAME,
    modality: 'US',
    pixels: { rows: 480, columns: 640, samples: 3, frames: 33, bits: 8 },
    descriptions: ['ULTRASONIDO OBSTÉTRICO', 'ECOCARDIOGRAFÍA'],
  },
  cr: {
    sopClassUid: CR_IMAGE,
    modality: 'CR',
    pixels: { rows: 2500, columns: 2048, samples: 1, frames: 1, bits: 16 },
    descriptions: ['TELE DE TÓRAX'],
  },
  'cr-small': {
    sopClassUid: CR_IMAGE,
    modality: 'CR',
    pixels: { rows: 256, columns: 256, samples: 1, frames: 1, bits: 16 },
    descriptions: ['TELE DE TÓRAX'],
  },
};

const HOSPITALS = ['Hospital General de México', 'Hospital de Especialidades La Raza', 'Clínica Núm. 28 Peñón'];
const DEVICES = ['SOMATOM Ficticio', 'Aquilion Imaginario', 'Revolución CT'];

/** Every attribute of an object but its pixels: about a hundred, as a scanner writes them. */
export function headerOf(kind: Kind, uids: Uids, place: Required<UidPlace>): Attributes {
  const facts = KINDS[kind];
  const { study, instance } = place;
  return [
    ...studyHeader(facts, uids, study),
    ...seriesHeader(facts, uids, place),
    ...named({
      SOPClassUID: facts.sopClassUid,
      SOPInstanceUID: uids.of(place),
      InstanceNumber: instance,
      AcquisitionNumber: 1,
      ContentDate: dateOf(study),
      ContentTime: timeOf(study, instance),
      AcquisitionDate: dateOf(study),
      AcquisitionTime: timeOf(study, instance),
      AcquisitionDateTime: `${dateOf(study)}${timeOf(study, instance)}`,
      InstanceCreationDate: dateOf(study),
      InstanceCreationTime: timeOf(study, instance + 1),
    }),
    ...imageHeader(kind, uids, place),
    ...pixelHeader(facts.pixels),
  ];
}

function imageHeader(kind: Kind, uids: Uids, { study, series, instance }: Required<UidPlace>): Attributes {
  if (kind === 'us') return ultrasoundHeader();
  return kind === 'cr' || kind === 'cr-small' ? radiographHeader() : tomographyHeader(uids, study, series, instance);
}

const two = (value: number): string => String(value).padStart(2, '0');

const dateOf = (study: number): string => `20${two(15 + (study % 11))}${two(1 + (study % 12))}${two(1 + (study % 28))}`;

function timeOf(study: number, second: number): string {
  const minute = (study * 7 + Math.floor(second / 60)) % 60;
  return `${two(7 + (study % 14))}${two(minute)}${two(second % 60)}.${String(study % 1000).padStart(3, '0')}000`;
}

function studyHeader({ modality, descriptions }: KindFacts, uids: Uids, study: number): Attributes {
  const patient = patientOf(study);
  return named({
    StudyInstanceUID: uids.of({ study }),
    StudyDate: dateOf(study),
    StudyTime: timeOf(study, 0),
    StudyID: String(study),
    AccessionNumber: `A${String(5_000_000 + study)}`,
    StudyDescription: descriptions[study % descriptions.length] ?? '',
    ReferringPhysicianName: patientOf(study + 900_000).name,
    NameOfPhysiciansReadingStudy: patientOf(study + 910_000).name,
    RequestingPhysician: patientOf(study + 920_000).name,
    RequestedProcedureDescription: descriptions[study % descriptions.length] ?? '',
    PatientName: patient.name,
    PatientID: patient.id,
    IssuerOfPatientID: 'IMSS',
    PatientBirthDate: patient.birthDate,
    PatientSex: patient.sex,
    PatientAge: `0${two(20 + (study % 70))}Y`,
    PatientWeight: 60 + (study % 40),
    PatientSize: 1.5 + (study % 40) / 100,
    AdditionalPatientHistory: 'Cefalea crónica; diabetes mellitus tipo 2. Sin antecedentes quirúrgicos.',
    MedicalAlerts: '',
    Allergies: 'Niega alergias',
    ProcedureCodeSequence: [code('77477000', 'SCT', 'Tomografía computarizada')],
    RequestAttributesSequence: [requestOf(study)],
    ReferencedStudySequence: [],
    Modality: modality,
  });
}

const requestOf = (study: number): Attributes =>
  named({
    RequestedProcedureID: `RP${study}`,
    RequestedProcedureDescription: 'Estudio de imagen',
    ScheduledProcedureStepID: `SPS${study}`,
    ScheduledProcedureStepDescription: 'Adquisición estándar',
    ScheduledProtocolCodeSequence: [code('P5-0808E', 'SRT', 'Protocolo de tórax')],
  });

function seriesHeader({ modality }: KindFacts, uids: Uids, { study, series }: Required<UidPlace>): Attributes {
  return named({
    SeriesInstanceUID: uids.of({ study, series }),
    SeriesNumber: series,
    SeriesDate: dateOf(study),
    SeriesTime: timeOf(study, series),
    SeriesDescription: `AXIAL ${series} MM TÓRAX`,
    ProtocolName: 'Tórax rutina',
    BodyPartExamined: modality === 'US' ? 'ABDOMEN' : 'CHEST',
    Manufacturer: 'FABRICANTE FICTICIO',
    ManufacturerModelName: DEVICES[study % DEVICES.length] ?? '',
    DeviceSerialNumber: `SN${String(40_000 + (study % 9))}`,
    SoftwareVersions: 'VB10A SP2',
    StationName: `SALA${study % 7}`,
    InstitutionName: HOSPITALS[study % HOSPITALS.length] ?? '',
    InstitutionAddress: 'Calz. Ignacio Zaragoza 1711, Iztapalapa, Ciudad de México',
    InstitutionalDepartmentName: 'Radiología e Imagen',
    PerformingPhysicianName: patientOf(study + 930_000).name,
    OperatorsName: patientOf(study + 940_000).name,
    PerformedProcedureStepID: `PPS${study}`,
    PerformedProcedureStepDescription: 'Adquisición',
    PerformedProcedureStepStartDate: dateOf(study),
    PerformedProcedureStepStartTime: timeOf(study, 0),
    DateOfLastCalibration: dateOf(study),
    TimeOfLastCalibration: timeOf(study, 0),
  });
}

function tomographyHeader(uids: Uids, study: number, series: number, instance: number): Attributes {
  return named({
    ImageType: 'ORIGINAL\\PRIMARY\\AXIAL\\CT_SOM5 SPI',
    FrameOfReferenceUID: uids.of({ study, series: 99 }),
    PositionReferenceIndicator: '',
    PatientPosition: 'HFS',
    ImagePositionPatient: [-170.5, -170.5, instance * 1.25 - 400],
    ImageOrientationPatient: [1, 0, 0, 0, 1, 0],
    SliceLocation: instance * 1.25 - 400,
    SliceThickness: series,
    SpacingBetweenSlices: 1.25,
    PixelSpacing: [0.664, 0.664],
    KVP: 120,
    DataCollectionDiameter: 500,
    ReconstructionDiameter: 340,
    DistanceSourceToDetector: 1040,
    DistanceSourceToPatient: 570,
    GantryDetectorTilt: 0,
    TableHeight: 151.5,
    RotationDirection: 'CW',
    ExposureTime: 500,
    XRayTubeCurrent: 210 + (instance % 60),
    Exposure: 105,
    FilterType: 'FLAT',
    GeneratorPower: 42,
    FocalSpots: 1.2,
    ConvolutionKernel: 'B30f',
    SingleCollimationWidth: 0.6,
    TotalCollimationWidth: 38.4,
    TableSpeed: 46,
    SpiralPitchFactor: 1.2,
    CTDIvol: 7.4,
    ContrastBolusAgent: 'Iohexol 350 mg/ml vía periférica',
    ContrastBolusVolume: 80,
    WindowCenter: [40, -600],
    WindowWidth: [400, 1500],
    WindowCenterWidthExplanation: 'MEDIASTINO\\PULMÓN',
    RescaleIntercept: -1024,
    RescaleSlope: 1,
    RescaleType: 'HU',
    ImageComments: `Corte ${instance} de la serie ${series}`,
    LossyImageCompression: '00',
  });
}

function ultrasoundHeader(): Attributes {
  return named({
    ImageType: 'ORIGINAL\\PRIMARY\\OB\\0001',
    FrameTime: 33.3,
    FrameIncrementPointer: [tag('FrameTime')],
    HeartRate: 142,
    TransducerData: 'C5-2\\ABDOMEN\\FICTICIO',
    MechanicalIndex: 1.1,
    LossyImageCompression: '00',
  });
}

function radiographHeader(): Attributes {
  return named({
    ImageType: 'ORIGINAL\\PRIMARY',
    ViewPosition: 'PA',
    PatientOrientation: 'L\\F',
    ImagerPixelSpacing: [0.17, 0.17],
    KVP: 110,
    Exposure: 3,
    BurnedInAnnotation: 'NO',
    WindowCenter: 2048,
    WindowWidth: 4096,
    RescaleIntercept: 0,
    RescaleSlope: 1,
    RescaleType: 'US',
    LossyImageCompression: '00',
  });
}

function pixelHeader({ rows, columns, samples, frames, bits }: Pixels): Attributes {
  return named({
    SamplesPerPixel: samples,
    PhotometricInterpretation: samples === 3 ? 'RGB' : 'MONOCHROME2',
    ...(samples === 3 && { PlanarConfiguration: 0 }),
    ...(frames > 1 && { NumberOfFrames: frames }),
    Rows: rows,
    Columns: columns,
    BitsAllocated: bits,
    BitsStored: bits,
    HighBit: bits - 1,
    PixelRepresentation: bits === 16 ? 1 : 0,
  });
}

const named = (values: Readonly<Record<string, Value>>): Attributes =>
  Object.entries(values).map(([keyword, value]): Attribute => [tag(keyword), value]);

function tag(keyword: string): number {
  const found = tagOf(keyword);
  if (found === undefined) throw new RangeError(`no attribute ${keyword}`);
  return found;
}
