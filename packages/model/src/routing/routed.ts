import { localTime } from './clock.ts';
import type { Rule, Scope } from './rule.ts';

export type SeriesFacts = {
  seriesUid: string;
  modality: string | undefined;
  bodyPart: string | undefined;
  /** Of its images; `unread`: nobody looked, and what is routed is at least what would be. */
  viewPositions: readonly string[] | 'unread';
};

/** What rules look at. Neither names nor identifiers. */
export type StudyFacts = {
  institution: string;
  sex: string | undefined;
  ageYears: number | undefined;
  /** When the study was complete, RFC 3339. */
  at: string;
  series: readonly SeriesFacts[];
};

/** What is said about one model and a study, and by which rules. */
export type Routed =
  | {
      model: string;
      isChosen: true;
      rules: readonly string[];
      series: readonly string[];
      deadlineMinutes: number;
      /** AE titles of all these rules. */
      deliverTo: readonly string[];
    }
  | { model: string; isChosen: false; rule: string; why: Why };

/** The member of the rule that the study does not meet, or `never` where it meets one that forbids. */
type Why = keyof Scope | 'never';
type Held = 'yes' | 'no' | 'unknown';

const DEADLINE_MINUTES = 60;

/**
 * Which models are for a study. A `run` rule needs all of its scope to hold, and what is not known does not hold; a
 * `never` rule that may hold stands above every `run` rule: a contraindication is not passed over for want of a value.
 * Rules of other institutions say nothing. The order of the rules changes nothing but the order of the ids.
 */
export function routed(rules: readonly Rule[], study: StudyFacts): Routed[] {
  const own = rules.filter(({ institution }) => institution === study.institution);
  const models = new Set(own.filter(({ effect }) => effect === 'run').map(({ model }) => model));
  return [...models].sort().map((model) =>
    routedTo(
      model,
      own.filter((rule) => rule.model === model),
      study,
    ),
  );
}

function routedTo(model: string, rules: readonly Rule[], study: StudyFacts): Routed {
  const forbidding = rules.find((rule) => rule.effect === 'never' && mayHold(rule, study));
  if (forbidding !== undefined) return { model, isChosen: false, rule: forbidding.id, why: 'never' };
  const judged = rules.filter(({ effect }) => effect === 'run').map((rule) => ({ rule, ...judgedBy(rule, study) }));
  const chosen = judged.filter(({ why }) => why === undefined);
  if (chosen.length === 0) {
    // The one that came nearest says most.
    const [nearest] = judged.sort((a, b) => b.met - a.met || (a.rule.id < b.rule.id ? -1 : 1));
    return { model, isChosen: false, rule: nearest?.rule.id ?? '', why: nearest?.why ?? 'modality' };
  }
  return {
    model,
    isChosen: true,
    rules: chosen.map(({ rule }) => rule.id),
    series: [...new Set(chosen.flatMap(({ series }) => series))],
    deadlineMinutes: Math.min(...chosen.map(({ rule }) => rule.deadlineMinutes ?? DEADLINE_MINUTES)),
    deliverTo: [...new Set(chosen.flatMap(({ rule }) => rule.deliverTo ?? []))].sort(),
  };
}

/** The first member that does not hold, how many did before it, and the series that meet all of theirs. */
function judgedBy({ scope }: Rule, study: StudyFacts): { why: Why | undefined; met: number; series: string[] } {
  let series = study.series;
  let met = 0;
  for (const member of OF_SERIES) {
    series = series.filter((each) => HOLDS_OF_SERIES[member](scope, each, 'run') === 'yes');
    if (series.length === 0) return { why: member, met, series: [] };
    met += 1;
  }
  for (const member of OF_STUDY) {
    if (HOLDS_OF_STUDY[member](scope, study) !== 'yes') return { why: member, met, series: [] };
    met += 1;
  }
  return { why: undefined, met, series: series.map(({ seriesUid }) => seriesUid) };
}

const mayHold = ({ scope }: Rule, study: StudyFacts): boolean =>
  OF_STUDY.every((member) => HOLDS_OF_STUDY[member](scope, study) !== 'no') &&
  study.series.some((each) => OF_SERIES.every((member) => HOLDS_OF_SERIES[member](scope, each, 'never') !== 'no'));

const OF_SERIES = ['modality', 'bodyPart', 'viewPosition'] as const;
const OF_STUDY = ['sex', 'age', 'when'] as const;

type OfSeries = (scope: Scope, series: SeriesFacts, effect: Rule['effect']) => Held;
const HOLDS_OF_SERIES: Record<(typeof OF_SERIES)[number], OfSeries> = {
  modality: (scope, series) => among(scope.modality, series.modality),
  bodyPart: (scope, series) => among(scope.bodyPart, series.bodyPart),
  viewPosition: ({ viewPosition: wanted }, { viewPositions }, effect) => {
    if (wanted === undefined) return 'yes';
    if (viewPositions === 'unread') return effect === 'run' ? 'yes' : 'no';
    if (viewPositions.length === 0) return 'unknown';
    return viewPositions.some((each) => wanted.includes(each.trim().toUpperCase())) ? 'yes' : 'no';
  },
};

const HOLDS_OF_STUDY: Record<(typeof OF_STUDY)[number], (scope: Scope, study: StudyFacts) => Held> = {
  sex: (scope, study) => among(scope.sex, study.sex),
  age: ({ age }, { ageYears }) => {
    if (age === undefined) return 'yes';
    if (ageYears === undefined) return 'unknown';
    return ageYears >= (age.least ?? 0) && ageYears <= (age.most ?? Infinity) ? 'yes' : 'no';
  },
  when: ({ when }, { at }) => {
    if (when === undefined) return 'yes';
    const { weekday, time } = localTime(at, when.zone);
    if (when.weekdays !== undefined && !when.weekdays.includes(weekday)) return 'no';
    if (when.hours === undefined) return 'yes';
    const { from, until } = when.hours;
    const isWithin = from < until ? time >= from && time < until : time >= from || time < until;
    return isWithin ? 'yes' : 'no';
  },
};

function among(wanted: readonly string[] | undefined, value: string | undefined): Held {
  if (wanted === undefined) return 'yes';
  const given = value?.trim().toUpperCase() ?? '';
  if (given === '') return 'unknown';
  return wanted.includes(given) ? 'yes' : 'no';
}
