import { followChanges } from '../../journal/follow.ts';
import type { Directory, Facility, Institution, Person, Role, RoleGrant } from '../../ports/directory.ts';
import type { Log } from '../../ports/log.ts';
import type { Sql } from '../../ports/sql.ts';
import { type ChangedRow, changesAfter, directoryRevision, type Place, withoutRevision } from './directory.repo.ts';
import { EVERYWHERE, isInForce, isVoid } from './period.ts';

const ROWS_A_TIME = 5000;

/** A person as the port has it, with roles that are added and ended one by one. */
type Known = Omit<Person, 'roles'> & { roles: Map<string, RoleGrant> };

/**
 * The directory as it is now, in memory. While the database cannot be asked, what was last known applies. What a
 * caller was given stays as it was: a change makes other values.
 */
export class DirectoryView implements Directory {
  readonly #sql: Sql;
  readonly #log: Log;
  readonly #institutions = new Map<string, Institution>();
  readonly #facilities = new Map<string, Facility>();
  readonly #known = new Map<string, Known>();
  /** Roles of people whose row comes later. */
  readonly #roles = new Map<string, Map<string, RoleGrant>>();
  readonly #people = new Map<string, Person>();
  readonly #byLogin = new Map<string, string>();
  #revision = 0;
  /** One reading at a time: of two, the earlier could come to its end last. */
  #reading: Promise<void> = Promise.resolve();

  constructor(sql: Sql, log: Log) {
    this.#sql = sql;
    this.#log = log;
  }

  get revision(): number {
    return this.#revision;
  }

  institutions(): readonly Institution[] {
    return [...this.#institutions.values()].sort((a, b) => (a.code < b.code ? -1 : 1));
  }

  institution(code: string): Institution | undefined {
    return this.#institutions.get(code);
  }

  facility(clues: string): Facility | undefined {
    return this.#facilities.get(clues);
  }

  /** How many establishments of the catalogue are known. */
  get facilityCount(): number {
    return this.#facilities.size;
  }

  people(): readonly Person[] {
    return [...this.#people.values()].sort((a, b) => (a.login < b.login ? -1 : 1));
  }

  person(id: string): Person | undefined {
    return this.#people.get(id);
  }

  personByLogin(login: string): Person | undefined {
    return this.#people.get(this.#byLogin.get(login.toLowerCase()) ?? '');
  }

  rolesOf(id: string, institution: string, at: Date): readonly Role[] {
    const person = this.#people.get(id);
    if (person?.isActive !== true) return [];
    const held = person.roles.filter(
      (grant) => (grant.institution === institution || grant.institution === EVERYWHERE) && isInForce(grant, at),
    );
    return [...new Set(held.map(({ role }) => role))];
  }

  /** Read what changed since the last time. */
  refresh(): Promise<void> {
    const reading = this.#reading.catch(() => {}).then(() => this.#read());
    this.#reading = reading;
    return reading;
  }

  async #read(): Promise<void> {
    // Asked first: every row up to it is there for the questions that follow.
    const revision = await directoryRevision(this.#sql);
    if (revision === this.#revision) return;
    let place: Place = { revision: this.#revision + 1, kind: '', key: '' };
    const changed: (ChangedRow & Place)[] = [];
    for (;;) {
      const rows = await changesAfter(this.#sql, place, ROWS_A_TIME);
      changed.push(...rows);
      const last = rows.at(-1);
      if (last === undefined || rows.length < ROWS_A_TIME) break;
      place = last;
    }
    this.#take(changed);
    this.#revision = Math.max(revision, changed.at(-1)?.revision ?? 0);
    const counts = { institutions: this.#institutions.size, people: this.#people.size };
    this.#log.info('directory.read', { ...counts, facilities: this.#facilities.size, revision: this.#revision });
  }

  /** Follow changes until the signal aborts. */
  follow(wait: () => Promise<void>, signal: AbortSignal): Promise<void> {
    return followChanges({ refresh: () => this.refresh(), log: this.#log, unread: 'directory.unread' }, wait, signal);
  }

  #take(changed: readonly ChangedRow[]): void {
    const touched = new Set<string>();
    for (const { kind, row } of changed) {
      if (kind === 'institution') this.#institutions.set(row.code, withoutRevision(row));
      if (kind === 'facility') this.#facilities.set(row.clues, withoutRevision(row));
      if (kind === 'person') touched.add(this.#takePerson(row));
      if (kind === 'role') touched.add(this.#takeGrant(row));
    }
    for (const id of touched) this.#show(id);
    if (touched.size === 0) return;
    this.#byLogin.clear();
    for (const { id, login } of this.#people.values()) this.#byLogin.set(login, id);
  }

  #takePerson({ id, login, name, institution, isActive }: (ChangedRow & { kind: 'person' })['row']): string {
    const roles = this.#rolesOf(id);
    if (login === null || name === null) this.#known.delete(id);
    else this.#known.set(id, { id, login, name, institution, isActive, roles });
    return id;
  }

  #takeGrant({ id, person, role, institution, from, until }: (ChangedRow & { kind: 'role' })['row']): string {
    const grant = { role, institution, from, ...(until !== undefined && { until }) };
    if (isVoid(grant)) this.#rolesOf(person).delete(id);
    else this.#rolesOf(person).set(id, grant);
    return person;
  }

  #rolesOf(person: string): Map<string, RoleGrant> {
    const roles = this.#roles.get(person) ?? new Map<string, RoleGrant>();
    this.#roles.set(person, roles);
    return roles;
  }

  #show(id: string): void {
    const known = this.#known.get(id);
    if (known === undefined) this.#people.delete(id);
    else this.#people.set(id, { ...known, roles: [...known.roles.values()].sort(byTime) });
  }
}

const byTime = (a: RoleGrant, b: RoleGrant): number => (a.from < b.from ? -1 : 1);
