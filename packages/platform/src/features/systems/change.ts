import { asJson } from '@acervo/kernel/canonical-json.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { z } from 'zod';
import { type Envelope, envelopeOf } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import type { Op } from '../../ports/op.ts';
import type { Db, Sql } from '../../ports/sql.ts';
import type { System } from '../../ports/systems.ts';
import { FIELDS, type Field, STORED_SYSTEM, SYSTEM } from './description.ts';
import { rowOf } from './projection.ts';
import { highestRevision, lockSystems, putSystems, systemsAfter } from './systems.repo.ts';

/** What a change did, or would do, to one system. `fields` are those that differ. */
export type Change = { aeTitle: string; how: 'added' | 'changed' | 'removed' | 'unchanged'; fields: readonly Field[] };

/** The whole registry as one file. */
export type SystemsFile = { systems: readonly System[] };

const SYSTEMS_MAX = 100_000;

/** What one transaction sees and does; every change is an event and the row that it stands for. */
type Registering = { sql: Sql; op: Op; known: ReadonlyMap<string, System>; revision: number; events: Envelope[] };

/** What is not said of a system stays as it is, or has its default. */
export type Description = Readonly<Partial<Record<Field, unknown>>>;

/**
 * A system that is not known yet.
 * @throws {Failure} request/invalid, also when it is known; access/denied
 */
export function addSystem(db: Db, op: Op, description: Description): Promise<Change> {
  const system = understood(description);
  return registering(db, op, (at) => {
    if (at.known.has(system.aeTitle))
      throw new Failure('request/invalid', `${system.aeTitle} is known already: set what differs`);
    return describe(at, system);
  });
}

/** Other values for some fields of a system; undefined puts a field back to its default. */
export function setSystem(db: Db, op: Op, aeTitle: string, fields: Description): Promise<Change> {
  return registering(db, op, (at) => {
    const known = at.known.get(aeTitle);
    if (known === undefined) throw unknown(aeTitle);
    const system = understood({ ...known, ...fields });
    if (system.aeTitle !== aeTitle)
      throw new Failure('request/invalid', 'an AE title cannot change: add another system');
    return describe(at, system);
  });
}

export function removeSystem(db: Db, op: Op, aeTitle: string): Promise<Change> {
  return registering(db, op, (at) => remove(at, aeTitle));
}

/**
 * Make the registry say what a file says.
 * @param options.isDryRun  only tell what would change
 * @param options.isWhole  what the file does not name is removed
 */
export async function importSystems(
  db: Db,
  op: Op,
  file: SystemsFile,
  { isDryRun, isWhole }: { isDryRun: boolean; isWhole: boolean },
): Promise<Change[]> {
  let changes: Change[] = [];
  const done = registering(db, op, (at) => {
    const named = new Set(file.systems.map(({ aeTitle }) => aeTitle));
    const absent = isWhole ? [...at.known.keys()].filter((aeTitle) => !named.has(aeTitle)) : [];
    changes = [...file.systems.map((system) => describe(at, system)), ...absent.map((aeTitle) => remove(at, aeTitle))];
    if (isDryRun) throw new DryRun('nothing is kept of a dry run');
  });
  await done.catch((thrown: unknown) => {
    if (!(thrown instanceof DryRun)) throw thrown;
  });
  return changes;
}

/** Ends the transaction of a dry run. */
class DryRun extends Error {}

/**
 * A file of systems: `{"systems": [...]}`, as export writes it and as ACERVO_ACCESS_FILE has it.
 * @throws {Failure} request/invalid naming what is wrong with which system
 */
export function readSystemsFile(text: string): SystemsFile {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (cause) {
    throw new Failure('request/invalid', 'the file is not JSON', { cause });
  }
  const read = z.object({ systems: z.array(SYSTEM).max(SYSTEMS_MAX) }).safeParse(given);
  if (!read.success) throw new Failure('request/invalid', z.prettifyError(read.error));
  const { systems } = read.data;
  const seen = new Set<string>();
  for (const { aeTitle } of systems) {
    if (seen.has(aeTitle)) throw new Failure('request/invalid', `${aeTitle} stands in the file twice`);
    seen.add(aeTitle);
  }
  return { systems };
}

/** The file of these systems, in the order of their AE titles: the same systems give the same text. */
export function systemsFileText(systems: readonly System[]): string {
  const ordered = systems.toSorted((a, b) => (a.aeTitle < b.aeTitle ? -1 : 1));
  return `${JSON.stringify({ systems: ordered.map(inOrder) }, undefined, 2)}\n`;
}

const inOrder = (system: System): object => Object.fromEntries(FIELDS.map((field) => [field, system[field]]));

function understood(description: Description): System {
  const read = SYSTEM.safeParse(description);
  if (read.success) return read.data;
  throw new Failure('request/invalid', z.prettifyError(read.error));
}

async function registering<T>(db: Db, op: Op, change: (at: Registering) => T): Promise<T> {
  op.allow('administer', op.institution);
  return db.transaction(async (sql) => {
    await lockSystems(sql);
    const rows = await systemsAfter(sql, 0, SYSTEMS_MAX);
    const known = new Map<string, System>();
    for (const { aeTitle, record } of rows) {
      const read = STORED_SYSTEM.safeParse(record);
      if (read.success) known.set(aeTitle, read.data);
    }
    const at: Registering = { sql, op, known, revision: await highestRevision(sql), events: [] };
    const result = change(at);
    await insertEvents(sql, at.events);
    await putSystems(sql, at.events.map(rowOf));
    return result;
  });
}

function describe(at: Registering, system: System): Change {
  const before = at.known.get(system.aeTitle);
  const { aeTitle, institution } = system;
  const fields = FIELDS.filter((field) => JSON.stringify(before?.[field]) !== JSON.stringify(system[field]));
  if (fields.length === 0) return { aeTitle, how: 'unchanged', fields };
  at.revision += 1;
  const facts = { aeTitle, revision: at.revision, changed: fields, system: asJson(system) };
  at.events.push(envelopeOf(at.op, 'system.described', { institution }, facts));
  return { aeTitle, how: before === undefined ? 'added' : 'changed', fields };
}

function remove(at: Registering, aeTitle: string): Change {
  const known = at.known.get(aeTitle);
  if (known === undefined) throw unknown(aeTitle);
  at.revision += 1;
  const facts = { aeTitle, revision: at.revision };
  at.events.push(envelopeOf(at.op, 'system.removed', { institution: known.institution }, facts));
  return { aeTitle, how: 'removed', fields: [] };
}

const unknown = (aeTitle: string): Failure =>
  new Failure('request/not-found', `${aeTitle} is not described in the registry`);
