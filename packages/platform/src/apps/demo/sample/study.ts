import { createHash } from 'node:crypto';
import { T } from '@acervo/dicom/tags.ts';
import { createRandom, type Random } from '@acervo/kernel/random.ts';
import type { Attributes, Charset } from './attributes.ts';
import type { System } from './institutions.ts';
import { OPERATORS, type Person, PHYSICIANS, personName, syntheticCurp } from './people.ts';

export type Door = 'dimse' | 'stow' | 'import';

/** What makes the images of a study, in order. */
export type Maker = (study: Study) => Generator<Made>;

/** One object before it is encoded. */
export type Made = { sopClassUid: string; sopInstanceUid: string; seriesUid: string; attributes: Attributes };

/** A study of the sample as it is planned: who, where, how it comes, and what is peculiar about it. */
export type StudyPlan = {
  key: string;
  system: System;
  door: Door;
  person: Person;
  patientId: string;
  /** The device writes Issuer of Patient ID and the CURP; most do not. */
  isIdentified: boolean;
  description: string;
  /** Where a report belongs to the images of another plan: that plan's key. */
  reportOf?: string;
  charset: Charset;
  transferSyntaxUid: string;
  note: string;
  make: Maker;
};

export type Study = StudyPlan & {
  studyUid: string;
  random: Random;
  /** DA and TM */
  date: string;
  time: string;
  accessionNumber: string;
  /** A UID that depends on seed, study and path only. */
  uid(path: string): string;
};

export function studyOf(plan: StudyPlan, seed: string): Study {
  const key = plan.reportOf ?? plan.key;
  const random = createRandom(`${seed}/${key}`);
  const day = String(1 + random.below(28)).padStart(2, '0');
  return {
    ...plan,
    random: random.fork(plan.key),
    studyUid: uidOf(seed, key),
    date: `20250${1 + random.below(9)}${day}`,
    time: `${String(7 + random.below(12)).padStart(2, '0')}${String(random.below(60)).padStart(2, '0')}00`,
    accessionNumber: `F${String(random.below(1_000_000)).padStart(6, '0')}`,
    uid: (path) => uidOf(seed, `${plan.key}/${path}`),
  };
}

/** `2.25.` and a UUID of version 8 (RFC 9562 5.8) made of a hash, as PS3.5 B.2 wants it. */
export function uidOf(seed: string, path: string): string {
  const hash = createHash('sha256').update(`${seed}\n${path}`).digest().subarray(0, 16);
  hash[6] = 0x80 | ((hash[6] as number) & 0x0f);
  hash[8] = 0x80 | ((hash[8] as number) & 0x3f);
  return `2.25.${BigInt(`0x${hash.toString('hex')}`)}`;
}

/** PS3.3 C.7.1.1, C.7.2.1, C.7.2.2, C.7.5.1: what every object of a study says. */
export function studyAttributes(study: Study): Attributes {
  const { person, system, charset } = study;
  return [
    ...(charset.declared === undefined ? [] : [[T.SpecificCharacterSet, charset.declared] as const]),
    [T.StudyDate, study.date],
    [T.StudyTime, study.time],
    [T.AccessionNumber, study.accessionNumber],
    [T.Manufacturer, system.vendor],
    [T.InstitutionName, system.institution.name],
    [T.InstitutionAddress, system.institution.address],
    [T.ReferringPhysicianName, PHYSICIANS[study.patientId.length % PHYSICIANS.length] ?? ''],
    [T.StationName, system.station],
    [T.StudyDescription, study.description],
    [T.ManufacturerModelName, system.model],
    [T.PatientName, personName(person)],
    [T.PatientID, study.patientId],
    [T.PatientBirthDate, person.birthDate],
    [T.PatientSex, person.sex],
    [T.PatientAge, ageAt(study.date, person.birthDate)],
    ...(study.isIdentified ? identifiers(study) : []),
    [T.DeviceSerialNumber, system.serialNumber],
    [T.SoftwareVersions, system.software],
    [T.StudyInstanceUID, study.studyUid],
    [T.StudyID, study.accessionNumber.slice(1)],
  ];
}

/** AS in whole years. */
function ageAt(date: string, birthDate: string): string {
  const years = Math.floor((Number(date) - Number(birthDate)) / 10_000);
  return `${String(years).padStart(3, '0')}Y`;
}

function identifiers({ person, system }: Study): Attributes {
  return [
    [T.IssuerOfPatientID, system.institution.issuer],
    [
      T.OtherPatientIDsSequence,
      [
        [
          [T.PatientID, syntheticCurp(person)],
          [T.IssuerOfPatientID, 'CURP'],
          [T.TypeOfPatientID, 'TEXT'],
        ],
      ],
    ],
  ];
}

export type Series = { number: number; modality: string; description: string; bodyPart?: string; protocol?: string };

/** PS3.3 C.7.3.1, C.12.1 and the parts of the image modules that all images share. */
export function imageAttributes(study: Study, series: Series, number: number, sopClassUid: string): Attributes {
  const seconds = String(number % 60).padStart(2, '0');
  const time = `${study.time.slice(0, 4)}${seconds}`;
  return [
    [T.SOPClassUID, sopClassUid],
    [T.SOPInstanceUID, study.uid(`${series.number}/${number}`)],
    [T.SeriesDate, study.date],
    [T.SeriesTime, study.time],
    [T.ContentDate, study.date],
    [T.ContentTime, time],
    [T.AcquisitionDate, study.date],
    [T.AcquisitionTime, time],
    [T.Modality, series.modality],
    [T.SeriesDescription, series.description],
    [T.OperatorsName, OPERATORS[series.number % OPERATORS.length] ?? ''],
    ...(series.bodyPart === undefined ? [] : [[T.BodyPartExamined, series.bodyPart] as const]),
    ...(series.protocol === undefined ? [] : [[T.ProtocolName, series.protocol] as const]),
    [T.SeriesInstanceUID, study.uid(`series/${series.number}`)],
    [T.SeriesNumber, series.number],
    [T.InstanceNumber, number],
  ];
}

export type PixelFormat = { rows: number; columns: number; bitsStored: number; samples?: 1 | 3; photometric?: string };

/** Image Pixel module (PS3.3 C.7.6.3), unsigned; the bytes are little endian. */
export function pixelAttributes(format: PixelFormat, pixels: Uint8Array): Attributes {
  const { rows, columns, bitsStored, samples = 1, photometric = 'MONOCHROME2' } = format;
  const bitsAllocated = bitsStored > 8 ? 16 : 8;
  return [
    [T.SamplesPerPixel, samples],
    [T.PhotometricInterpretation, photometric],
    ...(samples === 3 ? [[T.PlanarConfiguration, 0] as const] : []),
    [T.Rows, rows],
    [T.Columns, columns],
    [T.BitsAllocated, bitsAllocated],
    [T.BitsStored, bitsStored],
    [T.HighBit, bitsStored - 1],
    [T.PixelRepresentation, 0],
    [T.PixelData, pixels, bitsAllocated === 8 ? 'OB' : 'OW'],
  ];
}

/** Samples of 16 bits as bytes in little endian, which is the order of every machine this runs on. */
export const bytes16 = ({ buffer, byteOffset, byteLength }: Uint16Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
