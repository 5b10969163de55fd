import type { Sql } from '../../ports/sql.ts';
import type { Statement } from './search.repo.ts';

/** What the database means to do, without doing it. */
export type Foreseen = {
  /** Indexes that it will use, by name. */
  indexes: string[];
  /** Tables that it will read from end to end. */
  tablesRead: string[];
  /** Matches that it expects, by its statistics. */
  matchesExpected: number;
};

type Node = {
  'Node Type': string;
  'Index Name'?: string;
  'Relation Name'?: string;
  'Subplan Name'?: string;
  'Plan Rows': number;
  Plans?: Node[];
};

export async function foresee(sql: Sql, { text, values }: Statement): Promise<Foreseen> {
  const [row] = await sql.query<{ 'QUERY PLAN': { Plan: Node }[] }>(`explain (format json) ${text}`, values);
  const nodes = row === undefined ? [] : row['QUERY PLAN'].flatMap(({ Plan }) => [...nodesOf(Plan)]);
  const found = nodes.find((node) => node['Subplan Name'] === 'CTE found');
  const named = (names: readonly (string | undefined)[]): string[] =>
    [...new Set(names.filter((name) => name !== undefined))].sort();
  return {
    indexes: named(nodes.map((node) => node['Index Name'])),
    tablesRead: named(nodes.map((node) => (node['Node Type'] === 'Seq Scan' ? node['Relation Name'] : undefined))),
    matchesExpected: found?.['Plan Rows'] ?? 0,
  };
}

function* nodesOf(node: Node): Generator<Node> {
  yield node;
  for (const each of node.Plans ?? []) yield* nodesOf(each);
}
