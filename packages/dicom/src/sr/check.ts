import { PARSE_LIMITS } from '../data-set/limits.ts';
import { isValidUid } from '../uid.ts';
import type { Code } from './code.ts';
import type { ContentItem } from './content.ts';
import { mayStandIn } from './relations.ts';

/** LO and SH, in characters (PS3.5 6.2). */
const MEANING_CHARS_MAX = 64;
const SCHEME_CHARS_MAX = 16;
const NAME_CHARS_MAX = 64;
/** Sequences around an item: each level is one. */
const DEPTH_MAX = PARSE_LIMITS.depthMax - 4;

/** Coordinates of each graphic type: how many make a point, the least and the most points. */
const POINTS: { readonly [kind: string]: readonly [per: number, least: number, most: number] } = {
  'SCOORD POINT': [2, 1, 1],
  'SCOORD MULTIPOINT': [2, 1, Infinity],
  'SCOORD POLYLINE': [2, 2, Infinity],
  'SCOORD CIRCLE': [2, 2, 2],
  'SCOORD ELLIPSE': [2, 4, 4],
  'SCOORD3D POINT': [3, 1, 1],
  'SCOORD3D MULTIPOINT': [3, 1, Infinity],
  'SCOORD3D POLYLINE': [3, 2, Infinity],
  'SCOORD3D POLYGON': [3, 4, Infinity],
  'SCOORD3D ELLIPSE': [3, 4, 4],
  'SCOORD3D ELLIPSOID': [3, 6, 6],
};

/**
 * What is wrong with a tree as content of a Comprehensive 3D SR (PS3.3 A.35.13, C.17.3), the first thing with its
 * place (`1.3.2`: the second child of the third child of the root); undefined where nothing is.
 */
export function wrongContent(root: ContentItem): string | undefined {
  if (root.type !== 'CONTAINER') return '1: the root is no CONTAINER';
  if (root.relationship !== undefined) return '1: the root has a relationship';
  return wrongAt(root, '1', 0);
}

function wrongAt(item: ContentItem, at: string, depth: number): string | undefined {
  const wrong = wrongItem(item);
  if (wrong !== undefined) return `${at}: ${wrong}`;
  if (depth > DEPTH_MAX) return `${at}: nested too deep`;
  for (const [index, child] of (item.children ?? []).entries()) {
    const place = `${at}.${index + 1}`;
    const { relationship: by = 'none' } = child;
    if (by === 'none' || !mayStandIn(item.type, by, child.type)) return `${place}: ${item.type} ${by} ${child.type}`;
    const inside = wrongAt(child, place, depth + 1);
    if (inside !== undefined) return inside;
  }
  return item.type === 'SCOORD' && !item.children?.some(({ relationship }) => relationship === 'SELECTED FROM')
    ? `${at}: SCOORD selected from no image`
    : undefined;
}

function wrongItem(item: ContentItem): string | undefined {
  const { concept, observationUid } = item;
  const mayBeUnnamed = ['IMAGE', 'COMPOSITE', 'SCOORD', 'SCOORD3D'].includes(item.type);
  if (concept === undefined && !mayBeUnnamed) return `${item.type} without a concept name`;
  if (observationUid !== undefined && !isValidUid(observationUid)) return 'observation UID';
  return (concept && wrongCode(concept)) ?? wrongValue(item);
}

function wrongValue(item: ContentItem): string | undefined {
  switch (item.type) {
    case 'CONTAINER':
      return item.template !== undefined && !/^[0-9A-Z_ ]{1,16}$/.test(item.template.id) ? 'template' : undefined;
    case 'CODE':
      return wrongCode(item.code);
    case 'NUM':
      if ('missing' in item) return wrongCode(item.missing);
      return Number.isFinite(item.value) ? wrongCode(item.unit) : 'NUM without a finite number';
    case 'TEXT':
      return item.text === '' ? 'TEXT without text' : undefined;
    case 'PNAME':
      return item.name.split('=').some((group) => group.length > NAME_CHARS_MAX) || item.name === ''
        ? 'PNAME empty, or too long'
        : undefined;
    case 'DATETIME':
    case 'DATE':
    case 'TIME':
      return TIMES[item.type].test(item.at) ? undefined : `${item.type} of another form`;
    case 'UIDREF':
      return isValidUid(item.uid) ? undefined : 'UIDREF without a UID';
    case 'IMAGE':
      return wrongReference(item.image) ?? wrongNumbers(item.image.frames) ?? wrongNumbers(item.image.segments);
    case 'COMPOSITE':
      return wrongReference(item.object);
    case 'SCOORD':
      return wrongPoints(item);
    case 'SCOORD3D':
      return isValidUid(item.frameOfReferenceUid) ? wrongPoints(item) : 'frame of reference';
  }
}

/** PS3.5 6.2, without ranges. */
const TIMES = {
  DATETIME: /^\d{4}(\d\d(\d\d(\d\d(\d\d(\d\d(\.\d{1,6})?)?)?)?)?)?([+-]\d{4})?$/,
  DATE: /^\d{8}$/,
  TIME: /^\d\d(\d\d(\d\d(\.\d{1,6})?)?)?$/,
} as const;

function wrongCode({ value, scheme, meaning, version = '1' }: Code): string | undefined {
  if (/[\\\p{Cc}]/u.test(`${value}${scheme}${meaning}${version}`)) return `code ${value}: a backslash or control`;
  if (value === '' || value !== value.trim()) return 'code without a value';
  const isSized = (text: string, most: number): boolean => text !== '' && text === text.trim() && text.length <= most;
  if (!isSized(scheme, SCHEME_CHARS_MAX) || !isSized(version, SCHEME_CHARS_MAX)) return `code ${value}: scheme`;
  return isSized(meaning, MEANING_CHARS_MAX) ? undefined : `code ${value}: meaning of 1 to ${MEANING_CHARS_MAX}`;
}

function wrongReference({ sopClassUid, sopInstanceUid }: { sopClassUid: string; sopInstanceUid: string }) {
  return isValidUid(sopClassUid) && isValidUid(sopInstanceUid) ? undefined : 'reference without UIDs';
}

function wrongNumbers(numbers: readonly number[] | undefined): string | undefined {
  if (numbers === undefined) return undefined;
  const isGood = numbers.length > 0 && numbers.every((each) => Number.isInteger(each) && each >= 1 && each <= 0xffff);
  return isGood ? undefined : 'frames or segments that are no numbers from 1';
}

function wrongPoints(item: ContentItem & { type: 'SCOORD' | 'SCOORD3D' }): string | undefined {
  const [per, least, most] = POINTS[`${item.type} ${item.graphic}`] as readonly [number, number, number];
  const count = item.points.length / per;
  const isGood = Number.isInteger(count) && count >= least && count <= most && item.points.every(Number.isFinite);
  return isGood ? undefined : `${item.graphic} of ${item.points.length} coordinates`;
}
