import { numbersOf, textsOf } from '@acervo/dicom/data-set/access.ts';
import type { DataSet, Element } from '@acervo/dicom/data-set/model.ts';
import { VRS } from '@acervo/dicom/vr.ts';
import { integer, list, number, type Of, object, oneOf, text, variants } from '../shape.ts';

const tag = text({ pattern: /^[0-9A-F]{8}$/ });
const value = text({ most: 64 });
const condition = object(
  { tag },
  {
    /** One of these is the value, or the first of several. */
    in: list(value, 1, 64),
    eq: value,
    /** None of the values is this one; an absent element has none. */
    notContains: value,
    contains: value,
    /** The first value as a number; an absent element is outside. */
    least: number(),
    most: number(),
    exists: oneOf('yes', 'no'),
  },
);
const rejection = object(
  { ...condition.members[0], reason: text({ pattern: /^[A-Z][A-Z0-9_]{1,63}$/ }) },
  condition.members[1],
);

const shared = [
  { all: list(condition, 1, 32) },
  { prefer: list(condition, 0, 16), reject: list(rejection, 0, 32) },
] as const;

/** Which images a model is for. */
export const selectShape = variants<Select>('level', {
  /** Every image of the one series that fits best. */
  series: object({ level: oneOf('series'), ...shared[0] }, shared[1]),
  /** The images that fit best, one by one. */
  instance: object({ level: oneOf('instance'), ...shared[0] }, { ...shared[1], anyCount: integer(1, 1) }),
});

type Condition = Of<typeof condition>;
type Rejection = Of<typeof rejection>;
export type Select = {
  readonly level: 'series' | 'instance';
  readonly all: readonly Condition[];
  readonly anyCount?: number;
  readonly prefer?: readonly Condition[];
  readonly reject?: readonly Rejection[];
};

/** Why an image is not for the model: the rule, by its place in the manifest, and its reason. */
export type OutOfScope = { rule: string; reason: string };

/** The first rule that says no; undefined where the image is in scope. */
export function outOfScope(select: Select, dataSet: DataSet): OutOfScope | undefined {
  const refused = select.reject?.findIndex((rule) => holds(rule, dataSet)) ?? -1;
  if (refused >= 0) return { rule: `select/reject/${refused}`, reason: select.reject?.[refused]?.reason ?? '' };
  const failed = select.all.findIndex((rule) => !holds(rule, dataSet));
  if (failed < 0) return undefined;
  const { tag: of, ...wanted } = select.all[failed] as Condition;
  return { rule: `select/all/${failed}`, reason: `${of} is not as wanted: ${JSON.stringify(wanted)}` };
}

/** How many preferences hold, the first ones before all later ones: larger is better. */
export function preference(select: Select, dataSet: DataSet): number {
  return (select.prefer ?? []).reduce((sum, rule) => sum * 2 + (holds(rule, dataSet) ? 1 : 0), 0);
}

/** An image as it is selected by: its header, as far as the conditions go, and its series. */
export type Selectable = { dataSet: DataSet; seriesUid: string };

/** The image that fits best, or every fitting one of the best series; or the first rule that says no. */
export function selectedImages<T extends Selectable>(by: Select, images: readonly T[]): T[] | OutOfScope {
  let refused: OutOfScope | undefined;
  const fit = images.filter(({ dataSet }) => {
    const out = outOfScope(by, dataSet);
    refused ??= out;
    return out === undefined;
  });
  const [best] = fit
    .map((image, index) => ({ image, index, rank: preference(by, image.dataSet) }))
    .sort((a, b) => b.rank - a.rank || a.index - b.index);
  if (best === undefined) return refused ?? { rule: 'select', reason: 'no images' };
  return by.level === 'instance' ? [best.image] : fit.filter(({ seriesUid }) => seriesUid === best.image.seriesUid);
}

/** The attributes that conditions look at. */
export const tagsOf = ({ all, prefer = [], reject = [] }: Select): number[] =>
  [...all, ...prefer, ...reject].map(({ tag: of }) => Number.parseInt(of, 16));

function holds(rule: Condition, dataSet: DataSet): boolean {
  const element = dataSet.elements.get(Number.parseInt(rule.tag, 16));
  const values = valuesOf(element, dataSet.littleEndian);
  const [first] = values;
  const measured = first === undefined ? Number.NaN : Number(first);
  return (
    (rule.exists === undefined || (rule.exists === 'yes') === values.length > 0) &&
    (rule.eq === undefined || first === rule.eq) &&
    (rule.in === undefined || (first !== undefined && rule.in.includes(first))) &&
    (rule.contains === undefined || values.includes(rule.contains)) &&
    (rule.notContains === undefined || !values.includes(rule.notContains)) &&
    (rule.least === undefined || measured >= rule.least) &&
    (rule.most === undefined || measured <= rule.most)
  );
}

/** Values as texts; an age (AS) as years. */
function valuesOf(element: Element | undefined, littleEndian: boolean): string[] {
  if (element?.value === undefined) return [];
  if (element.vr === 'AS') return textsOf(element).map(years);
  if (VRS[element.vr].kind === 'text') return textsOf(element).filter((each) => each !== '');
  return VRS[element.vr].kind === 'number' ? numbersOf(element, littleEndian).map(String) : [];
}

const PER_YEAR: Record<string, number> = { D: 365.25, W: 52.1775, M: 12, Y: 1 };

function years(age: string): string {
  const [, count, unit = ''] = /^(\d{3})([DWMY])$/.exec(age) ?? [];
  return count === undefined ? 'NaN' : String(Number(count) / (PER_YEAR[unit] as number));
}
