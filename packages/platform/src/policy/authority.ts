import type { Purpose } from '../ports/directory.ts';
import type { Context, Decision, DeskAction, DeskClass, Principal, StudyAction, StudyClass } from '../ports/policy.ts';
import { type Agreement, type Given, isInForce, type Marks, type Sharing, type Validity } from '../ports/sharing.ts';
import { type Clause, isIn, type PatientOf, type Relation, type StudyFacts, type View } from '../ports/view.ts';
import type { Asker, Decisions } from './classes.ts';
import { clausesFor } from './clauses.ts';

/** Callers whose standing is kept at once. */
const KEPT_MAX = 2_000;
/** Stands for every institution that nothing here knows of. No code of an institution is like it. */
const ANY_OTHER = '*';

/** Who asks, and what the operator's access file lets it see beside its own; '*': every institution. */
export type Standpoint = { principal: Principal; context: Context; granted: readonly string[] | '*' };

/** Everything that may be decided for one caller. */
export type Authority = {
  view(action: StudyAction): View;
  /** What of a study decides, and how. */
  judge(action: StudyAction, study: StudyFacts): { decision: Decision; facts: StudyClass };
  desk(action: DeskAction, institution: string): Decision;
};

/** What is in force for one caller, until it changes. */
type Kept = {
  sharing: number;
  marks: number;
  expires: string;
  given: Given;
  views: Map<StudyAction, View>;
  related: Map<string, readonly Related[]>;
};

/** Decides by one policy, with what is shared and marked at the moment of each question. */
export class Authorities {
  readonly decisions: Decisions;
  readonly #sharing: Sharing;
  readonly #marks: Marks;
  readonly #now: () => string;
  readonly #kept = new Map<string, Kept>();

  constructor(decisions: Decisions, sharing: Sharing, marks: Marks, now = (): string => new Date().toISOString()) {
    this.decisions = decisions;
    this.#sharing = sharing;
    this.#marks = marks;
    this.#now = now;
  }

  of({ principal, context, granted }: Standpoint): Authority {
    const asker = this.decisions.asker(principal, context);
    const at = { asker, granted, key: JSON.stringify([asker.key, principal.id, principal.institution, granted]) };
    return {
      view: (action) => this.#view(at, action),
      judge: (action, study) => {
        const met = this.#related(this.#current(at), study.institution).filter(({ relation }) => isIn(relation, study));
        const facts = classOf(at, study.institution, met, study.labels);
        return { decision: this.decisions.study(asker, action, facts), facts };
      },
      desk: (action, institution) => this.decisions.desk(asker, action, deskOf(at, institution)),
    };
  }

  /** Made anew when what is shared or marked has changed, or the next moment of a validity has come. */
  #current(at: Place): Kept {
    const now = this.#now();
    const known = this.#kept.get(at.key);
    const { revision: sharing } = this.#sharing;
    const { revision: marks } = this.#marks;
    if (known?.sharing === sharing && known.marks === marks && now < known.expires) return known;
    const { kind, id, institution } = at.asker.principal;
    const given = this.#sharing.givenTo(institution, kind === 'person' ? id : undefined);
    const expires = nextChange(given, now);
    const kept = { sharing, marks, expires, given: inForce(given, now), views: new Map(), related: new Map() };
    this.#kept.delete(at.key);
    this.#kept.set(at.key, kept);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= KEPT_MAX) break;
      this.#kept.delete(oldest);
    }
    return kept;
  }

  #view(at: Place, action: StudyAction): View {
    const kept = this.#current(at);
    const known = kept.views.get(action);
    if (known !== undefined) return known;
    const view = this.#makeView(at, kept, action);
    kept.views.set(action, view);
    return view;
  }

  #makeView(at: Place, kept: Kept, action: StudyAction): View {
    const others = this.#clauses(at, kept, action, ANY_OTHER);
    const { agreements, referrals, glasses } = kept.given;
    const named = new Set([
      at.asker.principal.institution,
      ...(at.granted === '*' ? [] : at.granted),
      ...this.decisions.policy.institutionsNamed,
      ...[...agreements, ...referrals, ...glasses].map(({ owner }) => owner),
      // What is marked matters wherever something is seen.
      ...(others.length > 0 ? this.#marks.institutions() : []),
    ]);
    const likeOthers = JSON.stringify(others);
    const institutions = [...named]
      .sort()
      .map((institution) => [institution, this.#clauses(at, kept, action, institution)] as const)
      // Who sees all of them alike is asked about none of them.
      .filter(([, clauses]) => JSON.stringify(clauses) !== likeOthers);
    return { institutions: new Map(institutions), others };
  }

  #clauses(at: Place, kept: Kept, action: StudyAction, institution: string): Clause[] {
    const related = this.#related(kept, institution);
    const relations = related.map(({ relation }) => relation);
    return clausesFor(relations, this.#marks.labelsOf(institution), (isMet, labels) => {
      const met = related.filter((_, place) => isMet[place]);
      return this.decisions.study(at.asker, action, classOf(at, institution, met, labels)).isPermitted;
    });
  }

  #related(kept: Kept, institution: string): readonly Related[] {
    const known = kept.related.get(institution);
    if (known !== undefined) return known;
    const related = relationsOf(ofOwner(kept.given, institution));
    // Of institutions that give nothing there may be any number.
    if (related.length > 0) kept.related.set(institution, related);
    return related;
  }
}

function classOf(at: Place, institution: string, met: readonly Related[], labels: readonly string[]): StudyClass {
  return {
    ...deskOf(at, institution),
    sharedFor: met.flatMap(({ purposes }) => purposes).sort(),
    isReferred: met.some(({ by }) => by === 'referral'),
    glassBroken: met.some(({ by }) => by === 'glass'),
    sensitivity: labels,
  };
}

type Place = { asker: Asker; granted: Standpoint['granted']; key: string };

const deskOf = ({ asker, granted }: Place, institution: string): DeskClass => ({
  institution,
  isOwn: institution === asker.principal.institution,
  isGranted: granted === '*' || granted.includes(institution),
});

/** One thing that a study may have to do with who asks. */
type Related = { by: 'agreement' | 'referral' | 'glass'; purposes: readonly Purpose[]; relation: Relation };

/** Purposes that the same agreements name are one question. */
function relationsOf({ agreements, referrals, glasses }: Given): Related[] {
  const byAgreements = new Map<string, { purposes: Purpose[]; any: Agreement[] }>();
  for (const purpose of new Set(agreements.flatMap(({ purposes }) => purposes))) {
    const places = [...agreements.keys()].filter((place) => agreements[place]?.purposes.includes(purpose));
    const group = byAgreements.get(places.join()) ?? {
      purposes: [],
      any: agreements.filter((_, at) => places.includes(at)),
    };
    group.purposes.push(purpose);
    byAgreements.set(places.join(), group);
  }
  const related: Related[] = [...byAgreements.values()].map(({ purposes, any }) => ({
    by: 'agreement',
    purposes,
    relation: { kind: 'stretches', any: any.map(({ modalities, from, to }) => ({ modalities, from, to })) },
  }));
  const named = (by: Related['by'], patients: readonly PatientOf[], studyUids: readonly string[]): void => {
    if (patients.length + studyUids.length === 0) return;
    const only = patients.map(({ issuer, patientId }) => ({ issuer, patientId }));
    related.push({ by, purposes: [], relation: { kind: 'named', patients: only, studyUids } });
  };
  named('referral', referrals, []);
  const subjects = glasses.map(({ subject }) => subject);
  named(
    'glass',
    subjects.filter((subject) => 'patientId' in subject),
    subjects.flatMap((subject) => ('studyUid' in subject ? [subject.studyUid] : [])),
  );
  return related;
}

const inForce = (given: Given, now: string): Given => keep(given, ({ validity }) => isInForce(validity, now));
const ofOwner = (given: Given, institution: string): Given => keep(given, ({ owner }) => owner === institution);

const keep = (
  { agreements, referrals, glasses }: Given,
  isKept: (of: { validity: Validity; owner: string }) => boolean,
) => ({
  agreements: agreements.filter(isKept),
  referrals: referrals.filter(isKept),
  glasses: glasses.filter(isKept),
});

/** The first moment after now at which something begins or ends. */
function nextChange({ agreements, referrals, glasses }: Given, now: string): string {
  const moments = [...agreements, ...referrals, ...glasses].flatMap(({ validity: { from, until } }) => [
    from,
    until ?? '',
  ]);
  return moments.filter((moment) => moment > now).reduce((least, moment) => (moment < least ? moment : least), '9999');
}
