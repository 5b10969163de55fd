import { T } from '@acervo/dicom/tags.ts';
import { type Attributes, code } from './attributes.ts';
import { PHYSICIANS, personName } from './people.ts';
import { type Made, type Maker, type Study, studyAttributes } from './study.ts';

const BASIC_TEXT_SR = '1.2.840.10008.5.1.4.1.1.88.11';
const SERIES_NUMBER = 900;
const PERFORMED_PROCEDURE_CODE_SEQUENCE = 0x0040a372;

export type Report = { technique: string; findings: string; impression: string };

/** A radiologist's report in Spanish (PS3.3 A.35.1, TID 2000 in a short form). */
export function sr(report: Report): Maker {
  return function* make(study): Generator<Made> {
    const seriesUid = study.uid(`series/${SERIES_NUMBER}`);
    const sopInstanceUid = study.uid(`${SERIES_NUMBER}/1`);
    yield {
      sopClassUid: BASIC_TEXT_SR,
      sopInstanceUid,
      seriesUid,
      attributes: [
        ...studyAttributes(study),
        [T.SOPClassUID, BASIC_TEXT_SR],
        [T.SOPInstanceUID, sopInstanceUid],
        [T.Modality, 'SR'],
        [T.SeriesInstanceUID, seriesUid],
        [T.SeriesNumber, SERIES_NUMBER],
        [T.InstanceNumber, 1],
        [T.SeriesDescription, 'Informe radiológico'],
        [T.SeriesDate, study.date],
        [T.SeriesTime, study.time],
        [T.ContentDate, study.date],
        [T.ContentTime, study.time],
        [T.ReferencedPerformedProcedureStepSequence, []],
        [T.CompletionFlag, 'COMPLETE'],
        [T.VerificationFlag, 'VERIFIED'],
        [T.VerifyingObserverSequence, [observer(study)]],
        [PERFORMED_PROCEDURE_CODE_SEQUENCE, []],
        ...content(study, report),
      ],
    };
  };
}

const observer = ({ date, time, system }: Study): Attributes => [
  [T.VerifyingOrganization, system.institution.name],
  [T.VerificationDateTime, `${date}${time}`],
  [T.VerifyingObserverName, PHYSICIANS[0]],
  [T.VerifyingObserverIdentificationCodeSequence, []],
];

function content(study: Study, report: Report): Attributes {
  const text = (value: string, meaning: string, said: string): Attributes => [
    [T.RelationshipType, 'CONTAINS'],
    [T.ValueType, 'TEXT'],
    [T.ConceptNameCodeSequence, [code(value, 'DCM', meaning)]],
    [T.TextValue, said],
  ];
  return [
    [T.ValueType, 'CONTAINER'],
    [T.ContinuityOfContent, 'SEPARATE'],
    [T.ConceptNameCodeSequence, [code('18748-4', 'LN', 'Informe de imagen diagnóstica')]],
    [
      T.ContentSequence,
      [
        [
          [T.RelationshipType, 'HAS OBS CONTEXT'],
          [T.ValueType, 'PNAME'],
          [T.ConceptNameCodeSequence, [code('121008', 'DCM', 'Nombre del observador')]],
          [T.PersonName, PHYSICIANS[0]],
        ],
        text('121064', 'Técnica', report.technique),
        text('121071', 'Hallazgo', `${personName(study.person).replace('^', ', ')}: ${report.findings}`),
        text('121073', 'Impresión diagnóstica', report.impression),
      ],
    ],
  ];
}
