import type { WhoIs } from '../features/rights/accesses.ts';
import type { Directory } from '../ports/directory.ts';
import type { Systems } from '../ports/systems.ts';

/** Whom the journal means, as the directory and the registry know him today. */
export function whoIsIn(systems: Systems, directory: Pick<Directory, 'person'>): WhoIs {
  return (actor) => {
    if (actor.kind === 'person') {
      const person = directory.person(actor.id);
      return person && { name: person.name, institution: person.institution };
    }
    const system = actor.kind === 'system' ? systems.byAeTitle(actor.id) : undefined;
    if (system === undefined) return undefined;
    const { institution, facility, vendor, product } = system;
    const name = [vendor, product].filter((text) => text !== undefined).join(' ');
    return { institution, ...(name !== '' && { name }), ...(facility !== undefined && { place: facility }) };
  };
}
