import { findAttribute } from '@acervo/dicom/dictionary.ts';
import { tagText } from '@acervo/dicom/tag.ts';
import type { Match, Query } from '@acervo/interop/dicomweb/query.ts';
import type { Op } from '../../ports/op.ts';
import { type Foreseen, foresee } from './explain.repo.ts';
import { COMPARED_MAX, COUNT_MAX, firstStatement, OFFSET_MAX, type Way, wayOf } from './find-page.ts';
import { type Path, type Ports, wantedOf } from './search.ts';

/** How a search would be answered, for whoever wonders why it is slow or refused. No study is looked at. */
export type Explanation = {
  way: Way | 'headers';
  says: string;
  keys: {
    tag: string;
    keyword: string | undefined;
    index: string | null;
    heldIn: 'column' | 'attributes' | 'headers';
  }[];
  /** What the database means to do first. */
  database: Foreseen;
  limits: { countedMax: number; comparedMax: number; offsetMax: number };
};

const SAYS: Readonly<Record<Explanation['way'], string>> = {
  order: 'It asks for a stretch of the order of answers, or for all of it.',
  index: 'Its keys lead to the matches.',
  letters: 'Letters or codes are looked for: in the newest studies first, then in an index.',
  compare: `No key has an index: studies are compared one by one, and after ${COMPARED_MAX} it is refused.`,
  headers: 'The headers of the instances of one study are read.',
};

/** @throws {Failure} as `search` does before it searches */
export async function explain(ports: Ports, op: Op, query: Query, path: Path): Promise<Explanation> {
  const { wanted, page } = wantedOf(op, query, path);
  const { columns, attributes, header } = wanted.keys;
  const way = header.length > 0 ? 'headers' : wayOf(wanted);
  const keyOf = ({ path: tags }: Match): { tag: string; keyword: string | undefined } => ({
    tag: tags.map(tagText).join('.'),
    keyword: findAttribute(tags.at(-1) ?? 0)?.keyword,
  });
  const without = (heldIn: 'attributes' | 'headers') => (match: Match) => ({ ...keyOf(match), index: null, heldIn });
  return {
    way,
    says: SAYS[way],
    keys: [
      ...columns.map(({ match, served }) => ({
        ...keyOf(match),
        index: served?.index ?? null,
        heldIn: 'column' as const,
      })),
      ...[...attributes.study, ...attributes.series].map(without('attributes')),
      ...header.map(without('headers')),
    ],
    database: await foresee(ports.db, firstStatement(wanted, page)),
    limits: { countedMax: COUNT_MAX, comparedMax: COMPARED_MAX, offsetMax: OFFSET_MAX },
  };
}
