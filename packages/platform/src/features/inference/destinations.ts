import { Failure } from '@acervo/kernel/failure.ts';
import type { Systems } from '../../ports/systems.ts';

/** Where results may be sent. */
export type Destinations = Pick<Systems, 'byAeTitle' | 'addressOf'>;

/** An archive that knows no system: results are sent nowhere. */
export const NO_DESTINATIONS: Destinations = { byAeTitle: () => undefined, addressOf: () => undefined };

/**
 * Results are sent to systems of the institution whose they are, where it is known how these are reached. Another
 * institution's system is as unknown as one that there is not.
 * @throws {Failure} request/invalid, naming those that are not
 */
export function checkDestinations(
  systems: Destinations,
  institution: string,
  aeTitles: readonly string[] | undefined,
): void {
  const isKnown = (aeTitle: string): boolean =>
    systems.byAeTitle(aeTitle)?.institution === institution && systems.addressOf(aeTitle) !== undefined;
  const unknown = (aeTitles ?? []).filter((each) => !isKnown(each));
  if (unknown.length === 0) return;
  throw new Failure(
    'request/invalid',
    `/deliverTo no system of ${institution} with a host and port: ${unknown.join()}`,
  );
}
