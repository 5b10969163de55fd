import type { ContentItem, Relationship } from './content.ts';

type Type = ContentItem['type'];

const ANY_VALUE: readonly Type[] = ['TEXT', 'CODE', 'NUM', 'DATETIME', 'DATE', 'TIME', 'UIDREF', 'PNAME'];
const REFERENCES: readonly Type[] = ['IMAGE', 'COMPOSITE', 'SCOORD', 'SCOORD3D'];
const ALL: readonly Type[] = [...ANY_VALUE, ...REFERENCES];
const OBSERVATIONS: readonly Type[] = ['TEXT', 'CODE', 'NUM', ...REFERENCES];

/** Relationships by value of Comprehensive 3D SR: source, relationship, targets (PS3.3 table A.35.13-2). */
const ROWS: readonly (readonly [sources: readonly Type[], by: Relationship, targets: readonly Type[]])[] = [
  [['CONTAINER'], 'CONTAINS', [...ALL, 'CONTAINER']],
  [['CONTAINER', 'TEXT', 'CODE', 'NUM'], 'HAS OBS CONTEXT', [...ANY_VALUE, 'COMPOSITE']],
  [['CONTAINER', ...REFERENCES], 'HAS ACQ CONTEXT', [...ANY_VALUE, 'CONTAINER']],
  [[...ALL, 'CONTAINER'], 'HAS CONCEPT MOD', ['TEXT', 'CODE']],
  [['TEXT', 'CODE', 'NUM'], 'HAS PROPERTIES', [...ALL, 'CONTAINER']],
  [['PNAME'], 'HAS PROPERTIES', ['TEXT', 'CODE', 'DATETIME', 'DATE', 'TIME', 'UIDREF', 'PNAME']],
  [['TEXT', 'CODE', 'NUM'], 'INFERRED FROM', [...ANY_VALUE, ...OBSERVATIONS, 'CONTAINER']],
  [['SCOORD'], 'SELECTED FROM', ['IMAGE']],
];

const allowed = new Set(
  ROWS.flatMap(([sources, by, targets]) => sources.flatMap((a) => targets.map((b) => `${a} ${by} ${b}`))),
);

/** Whether an item may stand in another one. */
export const mayStandIn = (source: Type, by: Relationship, target: Type): boolean =>
  allowed.has(`${source} ${by} ${target}`);
