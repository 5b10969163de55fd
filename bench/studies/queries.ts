import type { DicomJson } from '@acervo/dicom/json/to-json.ts';
import { foldName, foldText } from '@acervo/dicom/person-name.ts';
import { tagText } from '@acervo/dicom/tag.ts';
import { T } from '@acervo/dicom/tags.ts';
import type { Random } from '@acervo/kernel/random.ts';
import { COMMON_SURNAMES } from './names.ts';
import { type GeneratedStudy, studyAt } from './studies.ts';

/** One request for studies, and whether a match of its answer is one. */
export type Asked = { query: string; isMatch(match: DicomJson): boolean };

/** Draws a request to an index of so many studies, with values as they are distributed there: some study has them. */
type Draw = (random: Random, studies: number) => Asked;

const anyStudy = (random: Random, studies: number): GeneratedStudy => studyAt(random.below(studies), studies);

function studyWith(random: Random, studies: number, has: (study: GeneratedStudy) => boolean): GeneratedStudy {
  for (;;) {
    const study = anyStudy(random, studies);
    if (has(study)) return study;
  }
}

export const PAGE = 100;

function ask(parameters: Record<string, string>, isMatch: Asked['isMatch']): Asked {
  return { query: new URLSearchParams({ ...parameters, limit: String(PAGE) }).toString(), isMatch };
}

const valuesOf = (match: DicomJson, tag: number): readonly unknown[] => match[tagText(tag)]?.Value ?? [];
const textOf = (match: DicomJson, tag: number): string => String(valuesOf(match, tag)[0] ?? '');

function nameOf(match: DicomJson): string {
  const [name] = valuesOf(match, T.PatientName) as { Alphabetic?: string }[];
  return foldName(name?.Alphabetic ?? '');
}

const isAccented = (text: string): boolean => foldText(text) !== text.toUpperCase();

/** From a first surname alone, which may be that of every twentieth, to four letters more. */
function beginning(random: Random, { patientName }: GeneratedStudy): string {
  const [surnames = ''] = patientName.split('^');
  return surnames.slice(0, surnames.indexOf(' ') + random.below(5)).trimEnd();
}

const askBeginning = (text: string, more: Record<string, string> = {}): Asked =>
  ask({ ...more, PatientName: `${text}*` }, (match) => nameOf(match).startsWith(`=${foldText(text)}`));

const askWithin = (text: string): Asked =>
  ask({ PatientName: `*${text}*` }, (match) => nameOf(match).includes(foldText(text)));

const LETTERS_RARE = 9;
const MONTH_DAYS = 30;
/** The newest hundred of some thousands are no older. */
const NEWEST_DAYS = 60;
const DAY_MS = 86_400_000;

function daysAfter(date: string, days: number): string {
  const first = Date.UTC(Number(date.slice(0, 4)), Number(date.slice(4, 6)) - 1, Number(date.slice(6)));
  return new Date(first + days * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '');
}

export const DRAWS = {
  patientId: (random, studies) => {
    const { patientId } = anyStudy(random, studies);
    return ask({ PatientID: patientId }, (match) => textOf(match, T.PatientID) === patientId);
  },
  accession: (random, studies) => {
    const { accession } = anyStudy(random, studies);
    return ask({ AccessionNumber: accession }, (match) => textOf(match, T.AccessionNumber) === accession);
  },
  prefixAccented: (random, studies) => {
    const study = studyWith(random, studies, ({ patientName }) => isAccented(patientName));
    return askBeginning(beginning(random, study));
  },
  prefixPlain: (random, studies) => askBeginning(foldText(beginning(random, anyStudy(random, studies))).toLowerCase()),
  infixCommon: (random) => {
    const surname = random.pick(COMMON_SURNAMES);
    const length = 4 + random.below(surname.length - 3);
    const from = random.below(surname.length - length + 1);
    const text = surname.slice(from, from + length);
    return askWithin(random.pick([text, text.toUpperCase(), foldText(text)]));
  },
  /** Letters that reach over both surnames: the words they are of are often common, together they are not. */
  infixRare: (random, studies) => {
    const [surnames = ''] = anyStudy(random, studies).patientName.slice(1).split('^');
    const from = random.below(Math.max(1, surnames.length - LETTERS_RARE));
    return askWithin(surnames.slice(from, from + LETTERS_RARE).trim());
  },
  dateAndModality: (random, studies) => {
    const { date, series } = anyStudy(random, studies);
    const [modality = ''] = series.map((each) => each.modality);
    const last = daysAfter(date, MONTH_DAYS - 1);
    return ask({ StudyDate: `${date}-${last}`, ModalitiesInStudy: modality }, (match) => {
      const day = textOf(match, T.StudyDate);
      return day >= date && day <= last && valuesOf(match, T.ModalitiesInStudy).includes(modality);
    });
  },
  /** Everything, said in another way each time: that more match than are counted is remembered for a minute. */
  newest: (random, studies) => {
    const { date } = studyAt(studies - 1, studies);
    const from = `${1900 + random.below(100)}${daysAfter('20010101', random.below(365)).slice(4)}`;
    return ask({ StudyDate: `${from}-` }, (match) => textOf(match, T.StudyDate) >= daysAfter(date, -NEWEST_DAYS));
  },
} as const satisfies Record<string, Draw>;

export type Kind = keyof typeof DRAWS;
