import { integer, list, number, type Of, object, oneOf, text, variants } from '../shape.ts';
import { isZone } from './clock.ts';

/** Application Entity (PS3.5 6.2): no backslash, no space at its ends. */
const aeTitle = text({ pattern: /^[!-[\]-~](?:[ -[\]-~]{0,14}[!-[\]-~])?$/ });
/** Systems that results are sent to. */
export const DESTINATIONS_MAX = 8;
/** Code String (PS3.5 6.2). */
const code = text({ pattern: /^[A-Z0-9_ ]{1,16}$/ });
const time = text({ pattern: /^([01][0-9]|2[0-3]):[0-5][0-9]$/ });
export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const scope = {
  /** Modality (0008,0060) of a series. */
  modality: list(code, 1, 32),
  /** Body Part Examined (0018,0015) of a series. */
  bodyPart: list(code, 1, 64),
  /** View Position (0018,5101) of an image of a series. */
  viewPosition: list(code, 1, 16),
  /** Patient's Sex (0010,0040). */
  sex: list(oneOf('M', 'F', 'O'), 1, 3),
  /** Years at the study; the ends are within it. */
  age: object({}, { least: number(0, 150), most: number(0, 150) }),
  /** When the study is complete, on the clocks of an IANA zone; `until` is outside, and may be after midnight. */
  when: object(
    { zone: text({ pattern: /^[A-Za-z0-9_+/-]+$/, most: 64 }) },
    { weekdays: list(oneOf(...WEEKDAYS), 1, 7), hours: object({ from: time, until: time }, {}) },
  ),
} as const;

const named = {
  id: text({ pattern: /^[a-z0-9]+([.-][a-z0-9]+)*$/, most: 64 }),
  /** Whose studies. */
  institution: text({ pattern: /^[A-Z0-9][A-Z0-9._-]{0,23}$/ }),
  /** The id of a manifest. Which version runs is said by the life-cycle. */
  model: text({ pattern: /^[a-z0-9]+([.-][a-z0-9]+)*$/, most: 128 }),
} as const;

const { modality, ...beside } = scope;
const ruleShape = variants<Rule>('effect', {
  /** The model is for such studies; nothing runs by a rule that names no modality. */
  run: object(
    { effect: oneOf('run'), ...named, scope: object({ modality }, beside) },
    { deadlineMinutes: integer(1, 10_080), deliverTo: list(aeTitle, 1, DESTINATIONS_MAX) },
  ),
  /** The model must not see such studies, whatever other rules say. */
  never: object({ effect: oneOf('never'), ...named, scope: object({}, scope) }, {}),
});

const whole = object({}, scope);
export type Scope = Of<typeof whole>;

/** Which studies a model is for, or must not see, at one institution. */
export type Rule = {
  readonly effect: 'run' | 'never';
  readonly id: string;
  readonly institution: string;
  readonly model: string;
  readonly scope: Scope;
  /** Of `run`: how long after the study is complete a result is of use. */
  readonly deadlineMinutes?: number;
  /** Of `run`: AE titles of systems of the institution that results are sent to by C-STORE. */
  readonly deliverTo?: readonly string[];
};

/** What stands against a rule, by its place (JSON Pointer). */
export type RuleBreach = { at: string; what: string };

/** A rule as it was written, or all that is wrong with it. Members that are not known are wrong. */
export function readRule(value: unknown): { rule: Rule } | { breaches: RuleBreach[] } {
  const breaches: RuleBreach[] = [];
  const rule = ruleShape.read(value, '', (at, what) => void breaches.push({ at, what }));
  if (rule === undefined || breaches.length > 0) return { breaches };
  const { age, when } = rule.scope;
  if (age?.least !== undefined && age.most !== undefined && age.least > age.most) {
    breaches.push({ at: '/scope/age', what: 'least is above most' });
  }
  if (when !== undefined && !isZone(when.zone)) breaches.push({ at: '/scope/when/zone', what: 'no such zone' });
  return breaches.length > 0 ? { breaches } : { rule };
}
