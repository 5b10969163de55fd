/** What of a study decides who may see it. */
export type StudyFacts = {
  institution: string;
  studyUid: string;
  issuer: string;
  patientId: string | null;
  modalities: readonly string[];
  /** YYYY-MM-DD. */
  studyDate: string | null;
  /** Sensitivity of the study and its patient, each once, in order. */
  labels: readonly string[];
};

/** A stretch of an institution's studies that an agreement shares; what is absent does not narrow it. */
export type Stretch = {
  modalities?: readonly string[] | undefined;
  /** Study Date, YYYY-MM-DD, both ends included; a study without one is in no stretch that has an end. */
  from?: string | undefined;
  to?: string | undefined;
};

/** A patient of an institution: Patient IDs are of their issuer. */
export type PatientOf = { issuer: string; patientId: string };

/** What a study may have to do with who asks for it. A study is in it or not. */
export type Relation =
  | { kind: 'stretches'; any: readonly Stretch[] }
  | { kind: 'named'; patients: readonly PatientOf[]; studyUids: readonly string[] };

/** The labels that a study may have: any; none but these; or exactly one of these sets, each in order. */
export type Labels =
  | { kind: 'any' }
  | { kind: 'within'; labels: readonly string[] }
  | { kind: 'exactly'; sets: readonly (readonly string[])[] };

/** All relations as they are said, and the labels. Without relations: every study of the institution. */
export type Clause = { terms: readonly { relation: Relation; isMet: boolean }[]; labels: Labels };

/** What a caller may have for an action: of each institution the studies of any of its clauses. */
export type View = {
  /** Institutions that differ from all others. */
  institutions: ReadonlyMap<string, readonly Clause[]>;
  /** Of every institution that is not named there. */
  others: readonly Clause[];
};

const EVERY_STUDY: readonly Clause[] = [{ terms: [], labels: { kind: 'any' } }];

/** Open access, and the archive's own commands. */
export const EVERYTHING: View = { institutions: new Map(), others: EVERY_STUDY };
export const NOTHING: View = { institutions: new Map(), others: [] };

export const clausesOf = (view: View, institution: string): readonly Clause[] =>
  view.institutions.get(institution) ?? view.others;

/** What can be said of an institution's studies without looking at one. */
export type Standing = 'all' | 'none' | 'depends';

export function standingOf(view: View, institution: string): Standing {
  const clauses = clausesOf(view, institution);
  if (clauses.length === 0) return 'none';
  return clauses.some(({ terms, labels }) => terms.length === 0 && labels.kind === 'any') ? 'all' : 'depends';
}

export const isEmpty = ({ institutions, others }: View): boolean =>
  others.length === 0 && [...institutions.values()].every((clauses) => clauses.length === 0);

/** The same of one institution. */
export const narrowed = (view: View, institution: string): View => ({
  institutions: new Map([[institution, clausesOf(view, institution)]]),
  others: [],
});

const isWhole = (clauses: readonly Clause[]): boolean => clauses.some(({ terms }) => terms.length === 0);

/**
 * The institutions of which everything may be had but what is sensitive, so that one may know how they work: their
 * devices, refusals, changes. undefined: all of them.
 */
export function wholeInstitutions({ institutions, others }: View): readonly string[] | undefined {
  const whole = [...institutions].filter(([, clauses]) => isWhole(clauses)).map(([institution]) => institution);
  return isWhole(others) && whole.length === institutions.size ? undefined : whole;
}

/** The institutions of which there is anything to be had. undefined: any of them may be. */
export function someInstitutions({ institutions, others }: View): readonly string[] | undefined {
  if (others.length > 0) return undefined;
  return [...institutions].filter(([, clauses]) => clauses.length > 0).map(([institution]) => institution);
}

/** Does a study meet a relation? The same as the SQL of holdings/view.repo.ts. */
export function isIn(relation: Relation, study: StudyFacts): boolean {
  if (relation.kind === 'stretches') return relation.any.some((stretch) => isInStretch(stretch, study));
  const { patients, studyUids } = relation;
  if (studyUids.includes(study.studyUid)) return true;
  return study.patientId !== null && indexOf(patients).has(`${study.issuer}\0${study.patientId}`);
}

const INDEXES = new WeakMap<readonly PatientOf[], ReadonlySet<string>>();

/** Thousands of patients may be referred to one institution. */
function indexOf(patients: readonly PatientOf[]): ReadonlySet<string> {
  const known = INDEXES.get(patients);
  if (known !== undefined) return known;
  const index = new Set(patients.map(({ issuer, patientId }) => `${issuer}\0${patientId}`));
  INDEXES.set(patients, index);
  return index;
}

function isInStretch({ modalities, from, to }: Stretch, { studyDate, ...study }: StudyFacts): boolean {
  if (modalities !== undefined && !study.modalities.some((each) => modalities.includes(each))) return false;
  if (from === undefined && to === undefined) return true;
  return studyDate !== null && studyDate >= (from ?? '') && studyDate <= (to ?? '9999-12-31');
}
