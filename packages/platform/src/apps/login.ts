import { readFileSync } from 'node:fs';
import { Failure } from '@acervo/kernel/failure.ts';
import { describeInstitution } from '../features/directory/institutions.ts';
import { describePerson, endRole, grantRole } from '../features/directory/people.ts';
import type { DirectoryView } from '../features/directory/view.ts';
import { ENROL_PATH } from '../features/login/enrolment.route.ts';
import { issueFirstEnrolment, wasFirstIssued } from '../features/login/enrolment.ts';
import { readGroups } from '../features/login/external.ts';
import { type ExternalIssuer, type Login, makeLogin } from '../features/login/index.ts';
import { isWithoutAdministrator, type People } from '../features/login/ports.ts';
import type { Log } from '../ports/log.ts';
import type { Op } from '../ports/op.ts';
import type { Db } from '../ports/sql.ts';
import type { Access } from './access.ts';
import type { Config } from './config.ts';
import { openLoginKeys } from './login-keys.ts';
import { refusePlainIssuer } from './public-url.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Longest that the login works at something beside a request. */
const WORK_MS = 30_000;

type LoginUse = { db: Db; directory: DirectoryView; access: Access; log: Log };

/** How people log in to this archive; undefined under open access, where everybody is let in. */
export function openLogin(config: Config, { db, directory, access, log }: LoginUse): Login | undefined {
  if (config.access === 'open') return undefined;
  refusePlainIssuer(config);
  return makeLogin({
    db,
    people: peopleOf(db, directory),
    keys: openLoginKeys(config),
    log,
    openOp: (address) => ({ ...access.ofProcess('login').openOp(AbortSignal.timeout(WORK_MS), address), door: 'web' }),
    idleMs: config.sessionIdleMinutes * MINUTE_MS,
    absoluteMs: config.sessionHours * HOUR_MS,
    accessTokenS: config.accessTokenSeconds,
    external: externalOf(config),
    institution: config.institution,
  });
}

/** The directory as the login needs it: what it changes is known to it at once. */
export function peopleOf(db: Db, directory: DirectoryView): People {
  return {
    directory,
    add: async (op, { login, name, institution, roles }) => {
      if (directory.institution(institution) === undefined) {
        await describeInstitution(db, op, { code: institution, name: institution });
      }
      const { person } = await describePerson(db, op, { login, name, institution });
      for (const each of roles) await grantRole(db, op, person, each);
      await directory.refresh();
      return person;
    },
    grant: async (op, person, role, institution) => {
      await grantRole(db, op, person, { role, institution });
      await directory.refresh();
    },
    withdraw: async (op, person, role, institution) => {
      await endRole(db, op, person, { role, institution });
      await directory.refresh();
    },
  };
}

function externalOf(config: Config): ExternalIssuer | undefined {
  const { oidcIssuer, oidcClientId, oidcClientSecret, oidcLoginClaim, oidcGroupsClaim, oidcGroupsFile } = config;
  if (oidcIssuer === undefined) return undefined;
  return {
    issuer: oidcIssuer,
    clientId: oidcClientId,
    clientSecret: oidcClientSecret,
    loginClaim: oidcLoginClaim,
    groupsClaim: oidcGroupsClaim,
    groups: oidcGroupsFile === undefined ? {} : readGroups(textAt(oidcGroupsFile)),
  };
}

function textAt(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Failure('config/invalid', `ACERVO_OIDC_GROUPS_FILE: cannot read ${path}`, { cause });
  }
}

/** The address behind an enrolment code. It is shown once, and kept nowhere. */
export const enrolmentUrl = (publicUrl: string, code: string): string => `${publicUrl}${ENROL_PATH}?code=${code}`;

/** @returns the link of the first administrator, where there is none and none was ever given out */
export async function firstEnrolment(config: Config, { db, directory }: LoginUse, op: Op): Promise<string | undefined> {
  if (config.access === 'open' || config.oidcIssuer !== undefined) return undefined;
  const people = directory.people().map(({ id }) => id);
  if (!isWithoutAdministrator(directory, people, new Date())) return undefined;
  if (!(await wasFirstIssued(db))) return issueFirstEnrolment(db, op);
  op.log.warn('login.without-administrator', { hint: 'acervo login enrol --administrator' });
  return undefined;
}
