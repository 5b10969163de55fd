import { T } from '@acervo/dicom/tags.ts';
import { EXPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { CT_SLICES, crImage, ctImage } from '../models/phantoms.ts';
import { SYSTEMS } from './institutions.ts';
import { PEOPLE } from './people.ts';
import { imageAttributes, type Maker, type Series, type StudyPlan, studyAttributes } from './study.ts';

const CR_IMAGE = '1.2.840.10008.5.1.4.1.1.1';
const CT_IMAGE = '1.2.840.10008.5.1.4.1.1.2';

/** One film (PS3.3 A.2) of what the demo's model of radiographs is fitted to. */
function film(hasOpacity: boolean): Maker {
  return function* make(study) {
    const of: Series = { number: 1, modality: 'CR', description: 'Tórax, fantoma', bodyPart: 'CHEST' };
    yield {
      sopClassUid: CR_IMAGE,
      sopInstanceUid: study.uid('1/1'),
      seriesUid: study.uid('series/1'),
      attributes: [
        ...studyAttributes(study),
        ...imageAttributes(study, of, 1, CR_IMAGE),
        [T.PatientOrientation, 'L\\F'],
        [T.BurnedInAnnotation, 'NO'],
        [T.LossyImageCompression, '00'],
        ...crImage(hasOpacity),
      ],
    };
  };
}

/** One volume (PS3.3 A.3) of what the demo's model of tomographies is fitted to. */
function volume(hasMass: boolean): Maker {
  return function* make(study) {
    const of: Series = { number: 2, modality: 'CT', description: 'Tórax 5 mm, fantoma', bodyPart: 'CHEST' };
    for (let number = 1; number <= CT_SLICES; number++) {
      yield {
        sopClassUid: CT_IMAGE,
        sopInstanceUid: study.uid(`2/${number}`),
        seriesUid: study.uid('series/2'),
        attributes: [
          ...studyAttributes(study),
          ...imageAttributes(study, of, number, CT_IMAGE),
          [T.PatientPosition, 'HFS'],
          [T.PositionReferenceIndicator, ''],
          [T.FrameOfReferenceUID, study.uid('frame of reference')],
          [T.AcquisitionNumber, 1],
          [T.KVP, 120],
          [T.RescaleType, 'HU'],
          [T.WindowCenter, 40],
          [T.WindowWidth, 400],
          ...ctImage(hasMass, number - 1),
        ],
      };
    }
  };
}

const PLANNED = {
  isIdentified: false,
  charset: { declared: 'ISO_IR 192', bytes: 'utf8' },
  transferSyntaxUid: EXPLICIT_LE,
} as const;

/** Studies of the demo beside the sample's: in them is what its models find, or is not. */
export const STUDIES_FOR_MODELS: readonly StudyPlan[] = [
  {
    ...PLANNED,
    key: 'imss-cr-opacity',
    system: SYSTEMS.imssCr,
    door: 'dimse',
    person: PEOPLE.zuniga,
    patientId: 'IM-470518-8M',
    description: 'Radiografía de tórax (fantoma)',
    note: 'CR, a phantom with an opacity',
    make: film(true),
  },
  {
    ...PLANNED,
    key: 'ssa-cr-clear',
    system: SYSTEMS.ssaCr,
    door: 'dimse',
    person: PEOPLE.acuna,
    patientId: 'HCG-990130',
    description: 'Radiografía de tórax (fantoma)',
    note: 'CR, a phantom without an opacity',
    make: film(false),
  },
  {
    ...PLANNED,
    key: 'ssa-ct-mass',
    system: SYSTEMS.ssaCt,
    door: 'stow',
    person: PEOPLE.castaneda,
    patientId: 'HCG-751209',
    description: 'TC de tórax (fantoma)',
    note: 'CT, a phantom with a mass',
    make: volume(true),
  },
];
