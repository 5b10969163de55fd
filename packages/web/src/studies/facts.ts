import { type Match, numberOf, personOf, textOf, textsOf } from '../api/studies.ts';
import { ageYears, dateText, timeText } from '../parts/figures.ts';

/** What lists and details show of a study. */
export type StudyFacts = {
  uid: string;
  name: string;
  patientId: string;
  sex: string;
  age: number | undefined;
  birth: string;
  description: string;
  modalities: string[];
  date: string;
  time: string;
  accession: string;
  referring: string;
  series: number;
  instances: number;
};

export function factsOf(study: Match): StudyFacts {
  const date = textOf(study, '00080020');
  const birth = textOf(study, '00100030');
  return {
    uid: textOf(study, '0020000D'),
    name: personOf(study, '00100010'),
    patientId: textOf(study, '00100020'),
    sex: textOf(study, '00100040'),
    age: ageYears(birth, date),
    birth: dateText(birth),
    description: textOf(study, '00081030'),
    modalities: textsOf(study, '00080061'),
    date: dateText(date),
    time: timeText(textOf(study, '00080030')),
    accession: textOf(study, '00080050'),
    referring: personOf(study, '00080090'),
    series: numberOf(study, '00201206'),
    instances: numberOf(study, '00201208'),
  };
}

/** One row: a study and an institution that holds it. */
export type StudyRow = { facts: StudyFacts; institution: string };

export const isSex = (sex: string): sex is 'M' | 'F' | 'O' => sex === 'M' || sex === 'F' || sex === 'O';
