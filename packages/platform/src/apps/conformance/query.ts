import { findAttribute } from '@acervo/dicom/dictionary.ts';
import { tagText } from '@acervo/dicom/tag.ts';
import { INCLUDE_FIELDS_MAX, MATCHES_MAX, type Query, type QueryLevel } from '@acervo/interop/dicomweb/query.ts';
import { FAILURES, Failure } from '@acervo/kernel/failure.ts';
import { COMPARED_MAX, COUNT_MAX, OFFSET_MAX } from '../../features/query/find-page.ts';
import { placeKeys } from '../../features/query/keys.ts';
import { HEADERS_SEARCHED_MAX, LIMIT_DEFAULT, LIMIT_MAX } from '../../features/query/search.ts';
import { INSTANCE_TAGS, SERIES_TAGS, STUDY_TAGS } from '../../holdings/attributes.ts';
import { digits, mark, table } from './markdown.ts';

const LEVELS: readonly QueryLevel[] = ['study', 'series', 'instance'];
/** Matched and made by the index; no object has them. */
const MADE_TAGS: readonly number[] = [0x00080056, 0x00080061];

/** Search: keys as the query itself places them. */
export function describeQuery(): string {
  const tags = [...new Set([...STUDY_TAGS, ...SERIES_TAGS, ...INSTANCE_TAGS, ...MADE_TAGS])].sort((a, b) => a - b);
  const rows = tags
    .map((tag) => {
      const places = LEVELS.map((level) => placeOf(tag, level));
      return [
        findAttribute(tag)?.keyword ?? '',
        tagText(tag),
        ...places.map((place) => mark(place !== undefined)),
        places.find((place) => place !== undefined) ?? '',
      ];
    })
    .filter(([, , ...cells]) => cells.slice(0, LEVELS.length).includes('yes'));
  return `## 4 Search (PS3.18 10.6)

Resources: studies, series, instances, and those of one study or series. Matching (PS3.4 C.2.2.2): single value, UID
list, universal, wildcard, range (dates, times), sequence, empty value (\`emptyvaluematching=true\`) and multiple value
(\`multiplevaluematching=true\`). Names and the descriptions of studies and series are matched without regard to case
and accents. A name is matched by its groups; with \`fuzzymatching=true\` by words in any order, each a prefix of a
word of the name. A key that is not understood is refused, ${FAILURES['query/invalid'].http}: it is never ignored.

- \`includefield\`: keywords or tags, nested with dots, or \`all\`; at most ${digits(INCLUDE_FIELDS_MAX)}. \
At most ${digits(MATCHES_MAX)} keys.
- \`limit\` and \`offset\`: without a limit ${digits(LIMIT_DEFAULT)} matches, below a study ${digits(LIMIT_MAX)}; \
never more than ${digits(LIMIT_MAX)} in one answer. The order is the same from page to page.
- \`Link: <...>; rel="next"\` is where the next page begins: behind the last match, by its place in the order \
(\`cursor\`), so that it costs the same at any depth. An \`offset\` over ${digits(OFFSET_MAX)} among more matches than \
are counted is refused, ${FAILURES['query/too-broad'].http}.
- \`X-Total-Count\` is never more than ${digits(COUNT_MAX)}; where it is not exact a \`Warning: 299\` says so.
- Where no key has an index, ${digits(COMPARED_MAX)} studies are compared, the newest first; where they neither fill \
the page nor are all, the search is refused, ${FAILURES['query/too-broad'].http}. \`/api/explain/studies?...\` says \
which index each key has, and what the database means to do.
- Below a study, instances can be searched by any other attribute of their headers, private ones too: at most \
${digits(HEADERS_SEARCHED_MAX)} headers are read for one search.
- Elsewhere a key outside of this table is refused, ${FAILURES['query/not-indexed'].http}. "Column": answered from an \
indexed column; "attributes": looked for in the attributes kept with the study or series.

<details><summary>Keys</summary>

${table(['Attribute', 'Tag', 'Studies', 'Series', 'Instances', 'Looked up in'], rows)}

</details>
`;
}

/** Where a search at a level looks a key up; undefined where it is refused. */
function placeOf(tag: number, level: QueryLevel): 'column' | 'attributes' | 'constant' | undefined {
  const query: Query = {
    level,
    matches: [{ path: [tag], vr: 'UN', condition: { kind: 'single', value: 'x' } }],
    includeFields: [],
    fuzzyMatching: false,
    emptyValueMatching: false,
    multipleValueMatching: false,
    offset: 0,
  };
  try {
    const { columns, attributes } = placeKeys(query, false);
    if (columns.length > 0) return 'column';
    return attributes.study.length + attributes.series.length > 0 ? 'attributes' : 'constant';
  } catch (thrown) {
    if (thrown instanceof Failure && thrown.code === 'query/not-indexed') return undefined;
    throw thrown;
  }
}
