import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Failure } from '@acervo/kernel/failure.ts';
import { isInstitution, newId } from '@acervo/kernel/id.ts';
import { z } from 'zod';
import { ACCESS_FILE_SYSTEM } from '../features/systems/description.ts';
import type { Log } from '../ports/log.ts';
import type { Action, Actor, Door, Op } from '../ports/op.ts';
import { type Service, type System, type Systems, systemsOver } from '../ports/systems.ts';
import type { Config } from './config.ts';

const institution = z.string().refine(isInstitution, 'an institution code: 1 to 24 of A-Z 0-9 . _ -');
const ACTIONS = ['store', 'read', 'query', 'export', 'administer'] as const satisfies readonly Action[];

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

/** Everything an Op says of the caller: only its id and signal are of the moment. */
export type Caller = { openOp(signal: AbortSignal): Op };

/** Who may enter, until the trust layer comes: AE titles and tokens of one file. */
export type Access = {
  systems: Systems;
  /**
   * @param certificate  what its certificate proves it to be; undefined on a plain connection
   * @returns why a system may not enter: access/unknown, tls/required, tls/wrong-system
   */
  byAeTitle(callingAet: string, certificate?: readonly string[]): Caller | Failure;
  /** The system whose certificate this is, over HTTPS. */
  byCertificate(certificate: readonly string[]): Caller | Failure;
  /** May a system ask for a service? Under open access everybody may. */
  mayAsk(aeTitle: string, service: Service): boolean;
  /** @throws {Failure} access/unknown */
  byAuthorization(header: string | undefined): Caller;
  /** What a refusal of a system is recorded under: it acts for nobody and may nothing. */
  ofStranger(callingAet: string): Caller;
  /** The archive's own commands, run by whoever owns its files. */
  ofCommand(name: string, institution?: string): Caller;
  /** What the archive does by itself over the network, for whichever institution. */
  ofProcess(name: string): Caller;
};

/** Systems of ACERVO_ACCESS_FILE. @throws {Failure} config/invalid, as loadAccess does */
export const accessFileSystems = (config: Config): readonly System[] => readFile(config.accessFile).systems;

/**
 * @param known  the systems that may enter; without it, those of ACERVO_ACCESS_FILE
 * @throws {Failure} config/invalid when the file cannot be read or says something unknown.
 */
export function loadAccess(config: Config, log: Log, known?: Systems): Access {
  const file = readFile(config.accessFile);
  const systems = known ?? systemsOver(new Map(file.systems.map((system) => [system.aeTitle, system])));
  const byDigest = new Map(file.tokens.map((token) => [token.sha256, token]));
  const isOpen = config.access === 'open';
  const base = { issuer: config.issuer, charset: config.charsetDefault, log };
  return {
    systems,
    byAeTitle: (callingAet, certificate) => {
      const system = systems.byAeTitle(callingAet);
      if (system === undefined && !isOpen) return new Failure('access/unknown', callingAet);
      const stranger = strangeCertificate(callingAet, system?.certificates ?? [], certificate, isOpen);
      if (stranger !== undefined) return stranger;
      return systemCaller(base, system ?? { aeTitle: callingAet, institution: config.institution }, isOpen);
    },
    byCertificate: (certificate) => {
      const system = systems.list().find(({ certificates }) => certificates.some((each) => certificate.includes(each)));
      if (system !== undefined) return systemCaller(base, system, false, 'web');
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
    ofStranger: (callingAet) =>
      callerOf(base, {
        actor: { kind: 'system', id: callingAet },
        system: callingAet,
        door: 'dimse',
        institution: '',
        sees: [],
        actions: [],
      }),
    ofCommand: (name, acting = config.institution) =>
      callerOf(base, {
        actor: { kind: 'process', id: name },
        system: name,
        door: name === 'import' ? 'import' : 'cli',
        institution: acting,
        sees: undefined,
        actions: ACTIONS,
      }),
    ofProcess: (name) =>
      callerOf(base, {
        actor: { kind: 'process', id: name },
        system: name,
        door: 'dimse',
        institution: config.institution,
        sees: undefined,
        actions: ACTIONS,
      }),
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

type Base = { issuer: string | undefined; charset: string; log: Log };
type Description = {
  actor: Actor;
  system: string;
  door: Door;
  institution: string;
  issuer?: string | undefined;
  charset?: string | undefined;
  /** undefined: every institution. */
  sees: readonly string[] | undefined;
  actions: readonly Action[];
};

function callerOf(base: Base, of: Description): Caller {
  const { actor, system, door, institution: acting, sees } = of;
  const allow = (action: Action, what: string): void => {
    const isAllowed = of.actions.includes(action) && (sees === undefined || sees.includes(what));
    if (!isAllowed) throw new Failure('access/denied', `${action} at ${what} by ${actor.id}`);
  };
  return {
    openOp: (signal) => ({
      id: newId(),
      institution: acting,
      actor,
      system,
      door,
      issuer: of.issuer ?? base.issuer ?? acting,
      charsetDefault: of.charset ?? base.charset,
      purpose: 'TREATMENT',
      signal,
      log: base.log,
      sees,
      allow,
    }),
  };
}

/** What the right to ask for a service lets a system do. */
const ACTIONS_OF: Readonly<Record<Service, readonly Action[]>> = {
  echo: [],
  store: ['store'],
  find: ['query'],
  move: ['read'],
  get: ['read'],
  commit: ['query'],
};

type Known = Pick<System, 'aeTitle' | 'institution' | 'issuer' | 'charset'> & Partial<Pick<System, 'may'>>;

const systemCaller = (
  base: Base,
  { aeTitle, institution: own, issuer, charset, may = [] }: Known,
  isOpen: boolean,
  door: 'dimse' | 'web' = 'dimse',
): Caller =>
  callerOf(base, {
    actor: { kind: 'system', id: aeTitle },
    system: aeTitle,
    door,
    institution: own,
    issuer,
    charset,
    sees: isOpen ? undefined : [own],
    actions: isOpen ? ACTIONS : may.flatMap((service) => ACTIONS_OF[service]),
  });

function tokenCaller(base: Base, { name, institution: own, sees, actions }: Token): Caller {
  const seen = sees.includes('*') ? undefined : [...new Set([own, ...sees])];
  return callerOf(base, {
    actor: { kind: 'system', id: name },
    system: name,
    door: 'web',
    institution: own,
    sees: seen,
    actions,
  });
}

const openCaller = (base: Base, own: string): Caller =>
  callerOf(base, {
    actor: { kind: 'system', id: 'anonymous' },
    system: '',
    door: 'web',
    institution: own,
    sees: undefined,
    actions: ACTIONS,
  });
