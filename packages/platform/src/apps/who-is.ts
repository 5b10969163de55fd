import type { WhoIs } from '../features/rights/accesses.ts';
import type { Systems } from '../ports/systems.ts';

/** Whom the journal means, as the registry knows him today. */
export function whoIsIn(systems: Systems): WhoIs {
  return (actor) => {
    const system = actor.kind === 'system' ? systems.byAeTitle(actor.id) : undefined;
    if (system === undefined) return undefined;
    const { institution, facility, vendor, product } = system;
    const name = [vendor, product].filter((text) => text !== undefined).join(' ');
    return { institution, ...(name !== '' && { name }), ...(facility !== undefined && { place: facility }) };
  };
}
