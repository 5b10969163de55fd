import { createRandom, type Random } from '@acervo/kernel/random.ts';
import { KINDS, type Kind } from './kinds.ts';
import { givenName, shares, surname } from './names.ts';
import { digits, INSTITUTIONS, type Patient, patientOf } from './patients.ts';

/** Changes with whatever is generated: what another version loaded is made anew. */
export const GENERATOR_VERSION = 1;

export type GeneratedSeries = {
  seriesUid: string;
  modality: string;
  seriesNumber: number;
  description: string;
  bodyPart: string;
  protocol: string;
};

/** One study, as its device tells it. */
export type GeneratedStudy = Patient & {
  studyUid: string;
  /** DA and TM. */
  date: string;
  time: string;
  accession: string;
  studyId: string;
  referringName: string;
  description: string;
  maker: Kind['maker'];
  station: string;
  series: readonly GeneratedSeries[];
};

const FIRST_DAY = Date.UTC(2016, 0, 1);
const DAY_MS = 86_400_000;
const DAYS = 3653;
/** From Sunday on. */
const WEEKDAYS: readonly number[] = [0.3, 1.05, 1.1, 1.1, 1.05, 1, 0.45];
/** The last day has so many times the studies of the first. */
const GROWTH = 1.7;
const STUDIES_PER_PATIENT = 2.5;
const PHYSICIANS_COUNT = 4000;
const UID_ROOT = '1.3.6.1.4.1.58474';

const kinds = shares(KINDS.map((kind) => [kind, kind.share]));
const dayEnds = shareUpToDays();
const physicians = Array.from({ length: PHYSICIANS_COUNT }, (_, number) => physician(number));

/** The share of all studies up to the end of each day. */
function shareUpToDays(): readonly number[] {
  let sum = 0;
  const sums = Array.from({ length: DAYS }, (_, day) => {
    const weekday = new Date(FIRST_DAY + day * DAY_MS).getUTCDay();
    sum += (WEEKDAYS[weekday] ?? 1) * (1 + (GROWTH - 1) * (day / DAYS));
    return sum;
  });
  return sums.map((each) => each / sum);
}

function physician(number: number): string {
  const random = createRandom(`physician/${number}`);
  const sex = random.chance(0.4) ? 'F' : 'M';
  return `${surname(random)} ${surname(random)}^${givenName(random, sex)}^^${sex === 'F' ? 'Dra.' : 'Dr.'}`;
}

/**
 * A study of the generated index by its number, from 0 on and the older the lower: always the same for the same
 * numbers. Ten years, fewer on Sundays, more every year.
 * @param studies  how many the whole index has
 */
export function studyAt(number: number, studies: number): GeneratedStudy {
  const seed = `acervo-bench/${studies}`;
  const random = createRandom(`${seed}/study/${number}`);
  const patient = patientOf(seed, random.below(Math.ceil(studies / STUDIES_PER_PATIENT)));
  const kind = kinds.pick(random);
  const date = dayAt((number + 0.5) / studies);
  const hour = 7 + Math.floor(13 * random.unit() ** 1.4);
  const time = [hour, random.below(60), random.below(60)].map((part) => String(part).padStart(2, '0')).join('');
  const place = INSTITUTIONS.indexOf(patient.institution) + 1;
  const studyUid = `${UID_ROOT}.${place}.${date}${time}.${digits(random, 6)}.${number}`;
  return {
    ...patient,
    studyUid,
    date,
    time,
    accession: [
      String(place).padStart(2, '0'),
      date.slice(2, 4),
      digits(random, 3),
      String(number).padStart(7, '0'),
    ].join(''),
    studyId: digits(random, 7),
    referringName: random.pick(physicians),
    description: random.pick(kind.descriptions),
    maker: kind.maker,
    station: `${kind.modalities[0]}${place}`,
    series: seriesOf(random, kind, studyUid),
  };
}

function seriesOf(random: Random, kind: Kind, studyUid: string): GeneratedSeries[] {
  const bodyPart = random.pick(kind.bodyParts);
  return Array.from({ length: 1 + random.below(kind.seriesMax) }, (_, index) => {
    const modality = kind.modalities[index] ?? kind.modalities[0] ?? 'OT';
    const protocol = random.pick(kind.protocols);
    const description = `${bodyPart} ${protocol}`;
    return {
      seriesUid: `${studyUid}.${index + 1}`,
      modality,
      seriesNumber: index + 1,
      description,
      bodyPart,
      protocol,
    };
  });
}

function dayAt(share: number): string {
  let [low, high] = [0, DAYS - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((dayEnds[middle] ?? 1) > share) high = middle;
    else low = middle + 1;
  }
  return new Date(FIRST_DAY + low * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '');
}
