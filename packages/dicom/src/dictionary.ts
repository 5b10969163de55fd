import { ATTRIBUTES } from './generated/attributes.ts';
import { isGroupLength, isPrivate, isPrivateCreator, parseTag } from './tag.ts';
import { isVr, type Vr } from './vr.ts';

/** One row of the data dictionary: PS3.6 tables 6-1 and 7-1, PS3.7 annex E. */
export type Attribute = {
  /** In a repeating group, the tag that was asked for. */
  tag: number;
  keyword: string;
  /** The VR an implicit VR reader takes: the only one of `vrs`, or the one that `vrOf` chooses. */
  vr: Vr;
  /** Every VR the dictionary allows; more than one where pixel properties decide ('US or SS'). */
  vrs: readonly Vr[];
  vm: string;
  retired: boolean;
};

type Index = {
  byTag: Map<number, Attribute>;
  byKeyword: Map<string, number>;
  /** Repeating groups (PS3.5 7.6): for each mask, the rows by masked tag. */
  byMask: Map<number, Map<number, Attribute>>;
};

let index: Index | undefined;

/**
 * Built when first needed: some milliseconds that a process which only serves bytes never spends. The
 * parse is the same whenever it happens, so this cache is not a state anyone could observe.
 */
function indexed(): Index {
  index ??= buildIndex();
  return index;
}

function buildIndex(): Index {
  const built: Index = { byTag: new Map(), byKeyword: new Map(), byMask: new Map() };
  for (const line of ATTRIBUTES.trim().split('\n')) {
    const [pattern = '', vrText = '', vm = '', flag = '', keyword = ''] = line.split(' ');
    const vrs = vrText.split('/').filter(isVr);
    const tag = Number.parseInt(pattern.replaceAll('x', '0'), 16);
    const row: Attribute = { tag, keyword, vr: chosenVr(vrs), vrs, vm, retired: flag === 'R' };
    built.byKeyword.set(keyword, tag);
    if (!pattern.includes('x')) {
      built.byTag.set(tag, row);
      continue;
    }
    const mask = Number.parseInt(pattern.replaceAll(/[^x]/g, 'F').replaceAll('x', '0'), 16);
    const rows = built.byMask.get(mask) ?? new Map<number, Attribute>();
    built.byMask.set(mask, rows.set(tag, row));
  }
  return built;
}

/**
 * PS3.5 A.1 decides for implicit VR: Pixel, Overlay, Curve and LUT data are OW. Of 'US or SS' it is US,
 * since both have the same bytes and only Pixel Representation (0028,0103) can tell them apart.
 */
function chosenVr(vrs: readonly Vr[]): Vr {
  if (vrs.length > 1 && vrs.includes('OW')) return 'OW';
  return vrs[0] ?? 'UN';
}

/** The dictionary's row of a tag, also in a repeating group: (60xx,3000), (0020,31xx), (0028,04x0) ... */
export function findAttribute(tag: number): Attribute | undefined {
  const { byTag, byMask } = indexed();
  const exact = byTag.get(tag);
  if (exact !== undefined || isPrivate(tag)) return exact;
  for (const [mask, rows] of byMask) {
    const row = rows.get((tag & mask) >>> 0);
    if (row !== undefined) return { ...row, tag };
  }
  return undefined;
}

/**
 * The tag of a keyword ('PatientName') or of eight hexadecimal digits ('00100010'); undefined for other
 * text. The keyword of a repeating group means its first group: OverlayData is (6000,3000).
 */
export function tagOf(keywordOrHex: string): number | undefined {
  return parseTag(keywordOrHex) ?? indexed().byKeyword.get(keywordOrHex);
}

/**
 * The VR of an element whose VR is not on the wire (PS3.5 7.1.3, A.1). Where the dictionary allows more
 * than one (see `Attribute.vrs`): OW if it is among them, else the first.
 */
export function vrOf(tag: number): Vr {
  if (isGroupLength(tag)) return 'UL';
  if (isPrivateCreator(tag)) return 'LO';
  return findAttribute(tag)?.vr ?? 'UN';
}
