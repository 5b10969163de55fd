import type { Clause, Labels, Relation } from '../ports/view.ts';

/** Which relations a study has to who asks, by place, and which labels it bears. */
export type Permits = (isMet: readonly boolean[], labels: readonly string[]) => boolean;

/**
 * What a decision permits, as clauses. Every way in which a study can stand to the relations is asked about, with every
 * set of labels, so that no meaning of a policy is lost, whatever it says.
 */
export function clausesFor(relations: readonly Relation[], labels: readonly string[], permits: Permits): Clause[] {
  const sets = subsetsOf(labels);
  const ways = subsetsOf(relations.map((_, place) => place)).map((places) => {
    const isMet = relations.map((_, place) => places.includes(place));
    const permitted = sets.map((set) => permits(isMet, set));
    return { places, isMet, permitted };
  });
  const narrower = (of: Way): Way[] =>
    ways.filter(({ places }) => places.length < of.places.length && places.every((each) => of.places.includes(each)));
  // Where no relation ever takes away what was permitted without it, nobody need lack one.
  const isGrowing = ways.every((way) => narrower(way).every(({ permitted }) => isWithin(permitted, way.permitted)));
  return ways.flatMap((way) => {
    const isNew = !isGrowing || !narrower(way).some(({ permitted }) => isWithin(way.permitted, permitted));
    if (!way.permitted.includes(true) || !isNew) return [];
    const terms = relations.flatMap((relation, place) => {
      const isMet = way.isMet[place] === true;
      return isMet || !isGrowing ? [{ relation, isMet }] : [];
    });
    return [{ terms, labels: labelsOf(labels, sets, way.permitted) }];
  });
}

type Way = { places: readonly number[]; isMet: readonly boolean[]; permitted: readonly boolean[] };

const isWithin = (some: readonly boolean[], all: readonly boolean[]): boolean =>
  some.every((each, at) => !each || all[at] === true);

/** In order, the empty one first. */
function subsetsOf<T>(all: readonly T[]): T[][] {
  return Array.from({ length: 2 ** all.length }, (_, bits) => all.filter((__, place) => (bits >> place) % 2 === 1));
}

function labelsOf(all: readonly string[], sets: readonly string[][], permitted: readonly boolean[]): Labels {
  const allowed = sets.filter((_, at) => permitted[at]);
  if (allowed.length === sets.length) return { kind: 'any' };
  const labels = all.filter((label) => allowed.some((set) => set.includes(label)));
  return allowed.length === 2 ** labels.length ? { kind: 'within', labels } : { kind: 'exactly', sets: allowed };
}
