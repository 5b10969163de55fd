import { type Clause, type Labels, type Relation, type Stretch, standingOf, type View } from '../ports/view.ts';
import type { Bound } from './bound.ts';
import { LABELS_OF_STUDY } from './study-facts.repo.ts';

/**
 * What a caller may see, as a condition on a study `s`; undefined: everything. It permits exactly the studies that
 * deciding about each one would (apps/visibility.prop.test.ts). Institutions alike are one comparison, so that the
 * order of answers is walked for a caller who sees twenty of fifty as for one who sees all.
 */
export function viewCondition(bound: Bound, view: View): string | undefined {
  if (view.institutions.size === 0 && standingOf(view, '') === 'all') return undefined;
  const alike = new Map<string, { clauses: readonly Clause[]; institutions: string[] }>();
  for (const [institution, clauses] of view.institutions) {
    const key = JSON.stringify(clauses);
    const group = alike.get(key) ?? { clauses, institutions: [] };
    group.institutions.push(institution);
    alike.set(key, group);
  }
  const groups = [...alike.values()].filter(({ clauses }) => clauses.length > 0);
  const named = groups.map(({ clauses, institutions }) => {
    return allOf([institutionCondition(bound, institutions), anyClause(bound, clauses)]);
  });
  if (view.others.length > 0) named.push(othersCondition(bound, view));
  return named.length === 0 ? 'false' : anyOf(named);
}

function othersCondition(bound: Bound, { institutions, others }: View): string {
  const isOther =
    institutions.size === 0 ? '' : `s.institution <> all(${bound.add([...institutions.keys()], 'text[]')})`;
  return allOf([isOther, anyClause(bound, others)]);
}

/** One institution, as for nearly every caller, is compared by itself: so an index can give its order. */
function institutionCondition(bound: Bound, institutions: readonly string[]): string {
  const [only, ...others] = institutions;
  if (only !== undefined && others.length === 0) return `s.institution = ${bound.add(only, 'text')}`;
  return `s.institution = any(${bound.add(institutions, 'text[]')})`;
}

/** '' where nothing has to be said. */
function anyClause(bound: Bound, clauses: readonly Clause[]): string {
  const all = clauses.map(({ terms, labels }) => {
    const met = terms.map(({ relation, isMet }) => {
      const condition = relationCondition(bound, relation);
      return isMet ? condition : `not coalesce(${condition}, false)`;
    });
    return allOf([...met, labelsCondition(bound, labels)]);
  });
  return all.includes('true') ? '' : anyOf(all);
}

function relationCondition(bound: Bound, relation: Relation): string {
  if (relation.kind === 'stretches') return anyOf(relation.any.map((stretch) => stretchCondition(bound, stretch)));
  const { patients, studyUids } = relation;
  const named: string[] = [];
  if (studyUids.length > 0) named.push(`s.study_uid = any(${bound.add(studyUids, 'text[]')})`);
  if (patients.length > 0) {
    const ids = bound.add(
      patients.map(({ patientId }) => patientId),
      'text[]',
    );
    const issuers = bound.add(
      patients.map(({ issuer }) => issuer),
      'text[]',
    );
    // The first comparison is what the index study_patient can do.
    named.push(
      `(s.patient_id = any(${ids}) and (s.patient_id, s.issuer) in (select * from unnest(${ids}, ${issuers})))`,
    );
  }
  return anyOf(named);
}

function stretchCondition(bound: Bound, { modalities, from, to }: Stretch): string {
  return allOf([
    modalities === undefined ? '' : `s.modalities && ${bound.add(modalities, 'text[]')}`,
    from === undefined ? '' : `s.study_date >= ${bound.add(from, 'date')}`,
    to === undefined ? '' : `s.study_date <= ${bound.add(to, 'date')}`,
  ]);
}

function labelsCondition(bound: Bound, labels: Labels): string {
  switch (labels.kind) {
    case 'any':
      return '';
    case 'within': {
      const other = `m.label <> all(${bound.add(labels.labels, 'text[]')})`;
      // Marks are few: the studies that bear them are looked up once for a search, not once for each study.
      return `s.study_key not in (
        select x.study_key from sensitivity m
          join study x on x.study_uid = m.study_uid and x.institution = m.institution
        where m.study_uid <> '' and ${other}
        union all select x.study_key from sensitivity m
          join study_identifier i on i.id = m.patient_id and m.issuer in ('', i.issuer)
          join study x on x.study_key = i.study_key and x.institution = m.institution
        where m.study_uid = '' and ${other})`;
    }
    case 'exactly': {
      const sets = bound.add(
        labels.sets.map((set) => set.join(' ')),
        'text[]',
      );
      return `(select coalesce(string_agg(label, ' ' order by label), '')
        from ${LABELS_OF_STUDY} as marked (label)) = any(${sets})`;
    }
  }
}

function allOf(conditions: readonly string[]): string {
  const said = conditions.filter((condition) => condition !== '');
  return said.length === 0 ? 'true' : said.join(' and ');
}

const anyOf = (conditions: readonly string[]): string =>
  conditions.length === 1 ? `${conditions[0]}` : `(${conditions.map((each) => `(${each})`).join(' or ')})`;
