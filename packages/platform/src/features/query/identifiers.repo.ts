import type { Bound } from '../../holdings/bound.ts';
import { textCondition, type Wording } from './conditions.repo.ts';
import type { PlacedKeys } from './keys.ts';

type Keys = PlacedKeys['columns'];

/**
 * Patient ID asks for any identifier of the patient (decision record 0025), and Issuer of Patient ID beside it for
 * the issuer of that identifier. Alone the issuer is the one of Patient ID itself.
 */
export function partIdentifiers(keys: Keys): { identifiers: Keys; others: Keys } {
  const isValued = ({ column, match }: Keys[number], name: string): boolean =>
    column.name === name && match.condition.kind !== 'empty';
  const hasId = keys.some((key) => isValued(key, 's.patient_id'));
  const isIdentifier = (key: Keys[number]): boolean =>
    hasId && (isValued(key, 's.patient_id') || isValued(key, 's.issuer'));
  return { identifiers: keys.filter(isIdentifier), others: keys.filter((key) => !isIdentifier(key)) };
}

/** Index: study_identifier_id; where the order is walked, the primary key of study_identifier. */
export function identifierCondition(bound: Bound, keys: Keys, { isWalked }: Wording): string[] {
  if (keys.length === 0) return [];
  const wanted = keys
    .map(({ column, match }) => textCondition(bound, column.name === 's.issuer' ? 'p.issuer' : 'p.id', match.condition))
    .join(' and ');
  if (isWalked) return [`exists (select from study_identifier p where p.study_key = s.study_key and ${wanted})`];
  const found = `select p.study_key from study_identifier p where ${wanted}`;
  // Few, whatever the statistics say; behind an asterisk there may be millions, too many to be put in an array.
  const isFew = keys.some(({ column, match }) => column.name === 's.patient_id' && !hasWildcard(match));
  return [isFew ? `s.study_key = any(array(${found}))` : `s.study_key in (${found})`];
}

const hasWildcard = ({ condition }: Keys[number]['match']): boolean =>
  condition.kind === 'wildcard' || condition.kind === 'anyOf';
