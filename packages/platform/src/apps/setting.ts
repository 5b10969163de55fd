import { resolve } from 'node:path';
import { Failure } from '@acervo/kernel/failure.ts';

/** One thing that an operator may set. `read` turns its text into the value, or says what it should be. */
export type Setting<T> = {
  env: string;
  /** Unit of the value, or what kind of text it is. */
  unit: string;
  /** The text that applies when nothing is set; undefined: the setting is then absent. */
  byDefault: string | undefined;
  range: string;
  doc: string;
  /** Its text is never printed, and it may come as the path of a file, by `<env>_FILE`. */
  isSecret?: true;
  read(text: string): T;
};

type About = Pick<Setting<unknown>, 'env' | 'unit' | 'doc'>;

/** Thrown by `read`; the loader adds the name of the setting. */
const refuse = (expected: string): never => {
  throw new Failure('config/invalid', expected);
};

export function integer(about: About, byDefault: number, min: number, max: number): Setting<number> {
  const range = `${min} to ${max}`;
  const read = (text: string): number => {
    const value = Number(text);
    return /^\d{1,15}$/.test(text) && value >= min && value <= max ? value : refuse(`an integer from ${range}`);
  };
  return { ...about, byDefault: `${byDefault}`, range, read };
}

const PORT_MAX = 65535;

/** A port to listen on. */
export const port = (about: Omit<About, 'unit'>, byDefault: number): Setting<number> =>
  integer({ ...about, unit: 'port' }, byDefault, 0, PORT_MAX);

/** A port, or `off`: then none. */
export function portOrOff(about: Omit<About, 'unit'>, byDefault: number): Setting<number | undefined> {
  const open = port(about, byDefault);
  const range = `${open.range} | off`;
  const read = (text: string): number | undefined => {
    if (text === 'off') return undefined;
    return /^\d+$/.test(text) && Number(text) <= PORT_MAX ? Number(text) : refuse(`an integer from ${range}`);
  };
  return { ...open, range, read };
}

/** An integer that is a power of two. */
export function powerOfTwo(about: About, byDefault: number, min: number, max: number): Setting<number> {
  const whole = integer(about, byDefault, min, max);
  const range = `a power of two, ${whole.range}`;
  const read = (text: string): number => {
    const value = whole.read(text);
    return Number.isInteger(Math.log2(value)) ? value : refuse(range);
  };
  return { ...whole, range, read };
}

export function choice<T extends string>(about: About, byDefault: T, choices: readonly T[]): Setting<T> {
  const range = choices.join(' | ');
  const read = (text: string): T => choices.find((known) => known === text) ?? refuse(`one of ${range}`);
  return { ...about, byDefault, range, read };
}

export function words(about: About, byDefault: string, pattern: RegExp, range: string): Setting<string> {
  return { ...about, byDefault, range, read: (text) => (pattern.test(text) ? text : refuse(range)) };
}

/** A path; a relative one counts from the working directory. */
export function path(about: About, byDefault: string): Setting<string> {
  return { ...about, byDefault, range: 'a path', read: (text) => resolve(text) };
}

/** The same setting without a default: absent unless set. */
export function optional<T>(setting: Setting<T>): Setting<T | undefined> {
  return { ...setting, byDefault: undefined };
}

/** The same setting, never printed. */
export const secret = <T>(setting: Setting<T>): Setting<T> => ({ ...setting, isSecret: true });

export function list<T>(about: About, range: string, readItem: (text: string) => T): Setting<readonly T[]> {
  const items = (text: string): string[] => text.split(',').map((item) => item.trim());
  const read = (text: string): T[] =>
    items(text)
      .filter((item) => item !== '')
      .map(readItem);
  return { ...about, byDefault: '', range, read };
}

/** An origin as browsers send it (RFC 6454 6.2), or `*`. */
export function readOrigin(text: string): string {
  const isOrigin = text === '*' || (URL.canParse(text) && new URL(text).origin === text);
  return isOrigin ? text : refuse('origins such as https://viewer.example, or *');
}

/** An archive that we call: HTTPS, or this machine; an origin, since its paths are ours to name. */
export function readArchiveUrl(text: string): string {
  const { origin, protocol, hostname } = URL.canParse(text)
    ? new URL(text)
    : { origin: '', protocol: '', hostname: '' };
  const isLoopback = /^(127(\.\d{1,3}){3}|\[::1\]|localhost)$/.test(hostname);
  const isSafe = protocol === 'https:' || (protocol === 'http:' && isLoopback);
  return isSafe && (text === origin || text === `${origin}/`)
    ? origin
    : refuse('https://host[:port], or http: of this machine');
}

/** A URL of one of these schemes (with the colon), kept as text. */
export function url(about: About, byDefault: string, schemes: readonly string[]): Setting<string> {
  const range = `a URL: ${schemes.join(' | ')}`;
  const read = (text: string): string =>
    URL.canParse(text) && schemes.includes(new URL(text).protocol) ? text : refuse(range);
  return { ...about, byDefault, range, read };
}
