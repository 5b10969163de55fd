import { createHash, randomBytes } from 'node:crypto';
import type { Identities, Identity } from '../../../ports/identity.ts';

const TOKEN_BYTES = 32;
const BEARER = /^Bearer +([\x21-\x7e]{1,4096})$/i;

/** Sessions of the demo's people. */
export type DemoSessions = Identities & {
  /** @param person  id of the directory @returns the token that stands for the session, known to nobody else */
  open(person: string): string;
};

/**
 * Under open access nobody logs in, and yet an approval needs a person with a second factor. The demo vouches for its
 * own invented people, whose keys it holds: their sessions begin and end with its process, and say `demo` (RFC 8176
 * `amr`) as their method, which no login of an archive gives.
 */
export function demoSessions(): DemoSessions {
  const held = new Map<string, Identity>();
  return {
    open: (id) => {
      const token = randomBytes(TOKEN_BYTES).toString('base64url');
      const authentication = { strength: 'second-factor', methods: ['demo'], at: new Date() } as const;
      const { strength } = authentication;
      held.set(digestOf(token), { kind: 'person', id, strength, authentication, purpose: '', institution: '' });
      return token;
    },
    of: ({ headers }) => {
      const token = BEARER.exec(headers['authorization'] ?? '')?.[1];
      return Promise.resolve(token === undefined ? undefined : held.get(digestOf(token)));
    },
  };
}

/** Looked up by its digest: comparing takes the same time whatever was sent. */
const digestOf = (token: string): string => createHash('sha256').update(token).digest('hex');
