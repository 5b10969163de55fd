import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { Failure } from '@acervo/kernel/failure.ts';
import { isInstitution, newId } from '@acervo/kernel/id.ts';
import { z } from 'zod';
import { cedarPolicy } from '../adapters/cedar/cedar-policy.ts';
import { ACCESS_FILE_SYSTEM } from '../features/systems/description.ts';
import { Authorities, type Authority, type Standpoint } from '../policy/authority.ts';
import { Decisions } from '../policy/classes.ts';
import { type Directory, PURPOSES } from '../ports/directory.ts';
import type { Authentication, Identity } from '../ports/identity.ts';
import type { Log } from '../ports/log.ts';
import type { Actor, Door, Op } from '../ports/op.ts';
import type { Action, Policy, Principal } from '../ports/policy.ts';
import { NO_MARKS, NOTHING_SHARED } from '../ports/sharing.ts';
import { SERVICES, type Service, type System, type Systems, systemsOver } from '../ports/systems.ts';
import { EVERYTHING, NOTHING } from '../ports/view.ts';
import type { Config } from './config.ts';

const institution = z.string().refine(isInstitution, 'an institution code: 1 to 24 of A-Z 0-9 . _ -');
const ACTIONS = ['store', 'read', 'query', 'export', 'administer', 'audit'] as const satisfies readonly Action[];

const TOKEN = z.strictObject({
  name: z.string().min(1).max(64),
  /** SHA-256 of the token, hex: the file holds no usable secret. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  institution,
  /** What it may see beside its own; ["*"]: everything. */
  sees: z.array(z.union([institution, z.literal('*')])).default([]),
  actions: z.array(z.enum(ACTIONS)).default(['store', 'read', 'query']),
});

const FILE = z.strictObject({ systems: z.array(ACCESS_FILE_SYSTEM).default([]), tokens: z.array(TOKEN).default([]) });

type Token = z.infer<typeof TOKEN>;

/**
 * Everything an Op says of the caller: only its id, its signal and the address are of the moment.
 * @param address  network address of the peer; absent for what comes by no network
 */
export type Caller = { openOp(signal: AbortSignal, address?: string): Op };

/** Who may enter, and what it may: AE titles, certificates, tokens, and persons who have logged in. */
export type Access = {
  systems: Systems;
  /**
   * @param certificate  what its certificate proves it to be; undefined on a plain connection
   * @returns why a system may not enter: access/unknown, tls/required, tls/wrong-system
   */
  byAeTitle(callingAet: string, certificate?: readonly string[]): Caller | Failure;
  /**
   * As what is decided about a system that we send objects to, whether it may ask for any or only listens; undefined
   * for one that is not known.
   */
  ofDestination(aeTitle: string): Caller | undefined;
  /** The system whose certificate this is, over HTTPS. */
  byCertificate(certificate: readonly string[]): Caller | Failure;
  /** May a system ask for a service? Under open access everybody may. */
  mayAsk(aeTitle: string, service: Service): boolean;
  /** @throws {Failure} access/unknown */
  byAuthorization(header: string | undefined): Caller;
  /**
   * Whoever has proved who it is. What a person may follows from its roles at the institution that it acts for.
   * @returns a Failure where it is known no more, or has no role where it wants to act
   */
  byIdentity(identity: Identity, directory: Directory): Caller | Failure;
  /**
   * As what somebody would be decided about: an AE title, the name of a token, or a person by id or login.
   * @throws {Failure} access/unknown, access/denied
   */
  standpointOf(name: string, directory: Directory, as: { purpose: string; institution: string }): Standpoint;
  /** What a refusal of a system is recorded under: it acts for nobody and may nothing. */
  ofStranger(callingAet: string): Caller;
  /** The archive's own commands, run by whoever owns its files. */
  ofCommand(name: string, institution?: string): Caller;
  /** What the archive does by itself over the network; for its own institution, where none is named. */
  ofProcess(name: string, institution?: string): Caller;
};

/** Systems of ACERVO_ACCESS_FILE. @throws {Failure} config/invalid, as loadAccess does */
export const accessFileSystems = (config: Config): readonly System[] => readFile(config.accessFile).systems;

/**
 * @param known  the systems that may enter; without it, those of ACERVO_ACCESS_FILE
 * @param authorities  who decides; without it, the policy of the configuration, with nothing shared
 * @throws {Failure} config/invalid when a file cannot be read or says something unknown.
 */
export function loadAccess(config: Config, log: Log, known?: Systems, authorities?: () => Authorities): Access {
  const file = readFile(config.accessFile);
  const systems = known ?? systemsOver(new Map(file.systems.map((system) => [system.aeTitle, system])));
  const byDigest = new Map(file.tokens.map((token) => [token.sha256, token]));
  const isOpen = config.access === 'open';
  const base: Base = {
    issuer: config.issuer,
    charset: config.charsetDefault,
    log,
    authorities:
      authorities ?? lazily(() => new Authorities(new Decisions(policyOf(config)), NOTHING_SHARED, NO_MARKS)),
  };
  return {
    systems,
    byAeTitle: (callingAet, certificate) => {
      const system = systems.byAeTitle(callingAet);
      if (system === undefined && !isOpen) return new Failure('access/unknown', callingAet);
      const stranger = strangeCertificate(callingAet, system?.certificates ?? [], certificate, isOpen);
      if (stranger !== undefined) return stranger;
      const strength = certificate === undefined || system?.certificates.length === 0 ? 'none' : 'certificate';
      const calling = system ?? { aeTitle: callingAet, institution: config.institution };
      return systemCaller(base, calling, { isOpen, strength });
    },
    ofDestination: (aeTitle) => {
      const system = systems.byAeTitle(aeTitle);
      const strength = system?.tls === true && system.certificates.length > 0 ? 'certificate' : 'none';
      return system && systemCaller(base, { ...system, may: SERVICES }, { isOpen, strength });
    },
    byCertificate: (certificate) => {
      const system = systems.list().find(({ certificates }) => certificates.some((each) => certificate.includes(each)));
      if (system !== undefined)
        return systemCaller(base, system, { isOpen: false, strength: 'certificate', door: 'web' });
      if (isOpen) return openCaller(base, config.institution);
      return new Failure('tls/wrong-system', `of no system: ${certificate.join(' ')}`);
    },
    mayAsk: (aeTitle, service) => isOpen || systems.byAeTitle(aeTitle)?.may.includes(service) === true,
    byAuthorization: (header) => {
      const token = /^Bearer +([\x21-\x7e]{1,4096})$/i.exec(header ?? '')?.[1];
      // Looked up by its digest: comparing takes the same time whatever was sent.
      const holder = token === undefined ? undefined : byDigest.get(createHash('sha256').update(token).digest('hex'));
      if (holder !== undefined) return tokenCaller(base, holder);
      if (isOpen) return openCaller(base, config.institution);
      throw new Failure('access/unknown', header === undefined ? 'no token' : 'unknown token');
    },
    ...provenCallers(base, systems, file.tokens),
    ...ownCallers(base, config.institution),
  };
}

/** Whoever has proved who it is, and as what it would be decided about. */
function provenCallers(
  base: Base,
  systems: Systems,
  tokens: readonly Token[],
): Pick<Access, 'byIdentity' | 'standpointOf'> {
  const tokenOf = (name: string): Token | undefined => tokens.find((token) => token.name === name);
  return {
    byIdentity: (identity, directory) => {
      const { kind, id, strength } = identity;
      if (kind === 'person') return personCaller(base, identity, directory);
      const system = systems.byAeTitle(id);
      if (system !== undefined) return systemCaller(base, system, { isOpen: false, strength, door: 'web' });
      const token = tokenOf(id);
      return token === undefined ? new Failure('access/unknown', id) : tokenCaller(base, token);
    },
    standpointOf: (name, directory, as) => {
      const system = systems.byAeTitle(name);
      if (system !== undefined) return systemStandpoint(system, 'none');
      const token = tokenOf(name);
      if (token !== undefined) return tokenStandpoint(token);
      const id = directory.personByLogin(name)?.id ?? name;
      const found = personStandpoint({ kind: 'person', id, strength: 'second-factor', ...as }, directory);
      if (found instanceof Failure) throw found;
      return found;
    },
  };
}

/** What nobody has to prove: strangers, who may nothing, and the archive's own work. */
function ownCallers(base: Base, own: string): Pick<Access, 'ofStranger' | 'ofCommand' | 'ofProcess'> {
  const process = (name: string, door: Door, institution: string): Caller =>
    callerOf(base, EVERYBODY, { actor: { kind: 'process', id: name }, system: name, door, institution });
  return {
    ofStranger: (callingAet) =>
      callerOf(base, NOBODY, {
        actor: { kind: 'system', id: callingAet },
        system: callingAet,
        door: 'dimse',
        institution: '',
      }),
    ofCommand: (name, acting = own) => process(name, name === 'import' ? 'import' : 'cli', acting),
    ofProcess: (name, acting = own) => process(name, 'dimse', acting),
  };
}

/**
 * A system that has certificates calls with one of them, and never without. Without an entry here a certificate is
 * bound to nobody: it would let whoever has one take any AE title that has none.
 */
function strangeCertificate(
  callingAet: string,
  bound: readonly string[],
  shown: readonly string[] | undefined,
  isOpen: boolean,
): Failure | undefined {
  if (shown === undefined) {
    if (bound.length === 0) return undefined;
    return new Failure('tls/required', `${callingAet} has certificates, and called without TLS`);
  }
  if (bound.some((each) => shown.includes(each)) || (bound.length === 0 && isOpen)) return undefined;
  const why = bound.length === 0 ? 'no certificate is bound to it' : 'it is bound to others';
  return new Failure('tls/wrong-system', `${callingAet} showed ${shown.join(' ')}: ${why}`);
}

function readFile(path: string | undefined): z.infer<typeof FILE> {
  if (path === undefined) return { systems: [], tokens: [] };
  try {
    return FILE.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new Failure('config/invalid', `ACERVO_ACCESS_FILE ${path}: ${reason}`, { cause });
  }
}

/** @throws {Failure} config/invalid naming the policy that is not understood */
export function policyOf({ policyFile }: Config): Policy {
  if (policyFile === undefined) return cedarPolicy();
  try {
    return cedarPolicy({ text: readFileSync(policyFile, 'utf8'), name: policyFile });
  } catch (cause) {
    if (cause instanceof Failure) throw new Failure('config/invalid', `ACERVO_POLICY_FILE ${cause.detail}`, { cause });
    throw new Failure('config/invalid', `ACERVO_POLICY_FILE ${policyFile}: ${String(cause)}`, { cause });
  }
}

type Base = { issuer: string | undefined; charset: string; log: Log; authorities: () => Authorities };

/** Most commands ask no policy, and to make the engine takes a while. */
export function lazily<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

type Description = {
  actor: Actor;
  system: string;
  door: Door;
  institution: string;
  issuer?: string | undefined;
  charset?: string | undefined;
  purpose?: string;
  authentication?: Authentication | undefined;
};

/** Decides about an operation, and remembers by which policies a study was given to it. */
type Deciding = Pick<Op, 'view' | 'decide' | 'grounds' | 'may'>;

const PERMITTED = { isPermitted: true, policies: [] };

/** Open access, and what the owner of the archive's files runs. */
const EVERYBODY = (): Deciding => ({
  view: () => EVERYTHING,
  decide: () => PERMITTED,
  grounds: () => undefined,
  may: () => true,
});
const NOBODY = (): Deciding => ({
  view: () => NOTHING,
  decide: () => ({ isPermitted: false, policies: [] }),
  grounds: () => undefined,
  may: () => false,
});

const decidedBy = (authority: Authority) => (): Deciding => {
  const grounds = new Map<string, readonly string[]>();
  return {
    view: authority.view,
    decide: (action, study) => {
      const { decision } = authority.judge(action, study);
      if (decision.isPermitted) grounds.set(`${study.institution} ${study.studyUid}`, decision.policies);
      return decision;
    },
    grounds: (institution, studyUid) => grounds.get(`${institution} ${studyUid}`),
    may: (action, institution) => authority.desk(action, institution).isPermitted,
  };
};

function callerOf(base: Base, deciding: () => Deciding, of: Description): Caller {
  const { actor, system, door, institution: acting } = of;
  return {
    openOp: (signal, address = '') => {
      const decided = deciding();
      return {
        id: newId(),
        institution: acting,
        actor,
        system,
        door,
        issuer: of.issuer ?? base.issuer ?? acting,
        charsetDefault: of.charset ?? base.charset,
        purpose: of.purpose ?? 'TREATMENT',
        address: plainAddress(address),
        ...(of.authentication && { authentication: of.authentication }),
        signal,
        log: base.log,
        ...decided,
        allow: (action, what) => {
          if (!decided.may(action, what)) throw new Failure('access/denied', `${action} at ${what} by ${actor.id}`);
        },
      };
    },
  };
}

/**
 * An address as the journal keeps it: IPv4 also where it came over a socket of both (RFC 4291 2.5.5.2), without the
 * zone of an interface. What a proxy says that is none is nothing.
 */
function plainAddress(address: string): string {
  const text = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  return isIP(text) === 0 ? '' : text;
}

/** What the right to ask for a service lets a system do. */
const ACTIONS_OF: Readonly<Record<Service, readonly Action[]>> = {
  echo: [],
  store: ['store'],
  find: ['query'],
  move: ['read'],
  get: ['read'],
  commit: ['commit'],
};

const ofSystem = (principal: Omit<Principal, 'kind' | 'roles'>, granted: Standpoint['granted']): Standpoint => ({
  principal: { kind: 'system', roles: [], ...principal, may: principal.may.toSorted() },
  context: { purpose: 'TREATMENT', secondFactor: false },
  granted,
});

type Known = Pick<System, 'aeTitle' | 'institution' | 'issuer' | 'charset'> & Partial<Pick<System, 'may'>>;
type Way = { isOpen: boolean; strength: Principal['strength']; door?: 'dimse' | 'web' };

function systemStandpoint({ aeTitle, institution, may = [] }: Known, strength: Principal['strength']): Standpoint {
  const actions = [...new Set(may.flatMap((service) => ACTIONS_OF[service]))];
  return ofSystem({ id: aeTitle, institution, may: actions, strength }, []);
}

function systemCaller(base: Base, known: Known, { isOpen, strength, door = 'dimse' }: Way): Caller {
  const { aeTitle, institution: own, issuer, charset } = known;
  const deciding = isOpen ? EVERYBODY : decidedBy(base.authorities().of(systemStandpoint(known, strength)));
  return callerOf(base, deciding, {
    actor: { kind: 'system', id: aeTitle },
    system: aeTitle,
    door,
    institution: own,
    issuer,
    charset,
  });
}

const tokenStandpoint = ({ name, institution, sees, actions }: Token): Standpoint =>
  ofSystem({ id: name, institution, may: actions, strength: 'secret' }, sees.includes('*') ? '*' : sees);

function tokenCaller(base: Base, token: Token): Caller {
  const { name, institution: own } = token;
  return callerOf(base, decidedBy(base.authorities().of(tokenStandpoint(token))), {
    actor: { kind: 'system', id: name },
    system: name,
    door: 'web',
    institution: own,
  });
}

/** Roles are those in force now: who opens an operation later is asked about again. */
function personStandpoint(identity: Identity, directory: Directory): Standpoint | Failure {
  const person = directory.person(identity.id);
  if (person?.isActive !== true) return new Failure('access/unknown', identity.id);
  const own = identity.institution === '' ? person.institution : identity.institution;
  const roles = directory.rolesOf(person.id, own, new Date()).toSorted();
  if (roles.length === 0) return new Failure('access/denied', `${person.id} has no role at ${own}`);
  const purpose = PURPOSES.find((known) => known === identity.purpose) ?? 'TREATMENT';
  const { strength } = identity;
  const principal: Principal = { kind: 'person', id: person.id, institution: own, roles, may: [], strength };
  const secondFactor = strength === 'second-factor' || strength === 'certificate';
  return { principal, context: { purpose, secondFactor }, granted: [] };
}

function personCaller(base: Base, identity: Identity, directory: Directory): Caller | Failure {
  const standpoint = personStandpoint(identity, directory);
  if (standpoint instanceof Failure) return standpoint;
  const { principal, context } = standpoint;
  return callerOf(base, decidedBy(base.authorities().of(standpoint)), {
    actor: { kind: 'person', id: principal.id },
    system: '',
    door: 'web',
    institution: principal.institution,
    purpose: context.purpose,
    authentication: identity.authentication ?? { strength: identity.strength, methods: [], at: undefined },
  });
}

const openCaller = (base: Base, own: string): Caller =>
  callerOf(base, EVERYBODY, {
    actor: { kind: 'system', id: 'anonymous' },
    system: '',
    door: 'web',
    institution: own,
  });
