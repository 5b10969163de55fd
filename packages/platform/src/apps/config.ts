import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure } from '@acervo/kernel/failure.ts';
import { readPrivateFile } from './private-file.ts';
import type { Setting } from './setting.ts';
import { CONFIG_FILE_ENV, SETTINGS, type SettingName, TEST_ENV } from './settings.ts';

type ValueOf<S> = S extends Setting<infer T> ? T : never;

/** What applies, every value checked. */
export type Config = { readonly [Name in SettingName]: ValueOf<(typeof SETTINGS)[Name]> };

/** Names and texts, such as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One line of `acervo config`: the text that applies, secrets withheld, and where it came from. */
export type EffectiveSetting = { env: string; text: string; from: 'default' | 'file' | 'environment' };

type Given = { text: string; from: 'file' | 'environment' };

const NAMES = Object.keys(SETTINGS) as SettingName[];
const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|localhost)$/;
const LINE = /^([A-Z_]+)\s*=\s*(.*)$/;

/**
 * What applies: defaults, then the file, then the environment.
 * @param file instead of the one that ACERVO_CONFIG_FILE names.
 * @throws {Failure} config/invalid, naming the setting, for an unknown name or a value out of its range.
 */
export function loadConfig(env: Environment = process.env, file?: string): Config {
  const given = gather(env, file);
  const values = NAMES.map((name) => [name, valueOf(SETTINGS[name], given.get(name)?.text)]);
  const config = Object.fromEntries(values) as Config;
  refuseOpenBeyondLoopback(config);
  refuseNoDoor(config);
  return config;
}

/** The same over other defaults than the table's: what a command wants unless the operator says otherwise. */
export function loadConfigOver(defaults: Environment): Config {
  return loadConfig({ ...defaults, ...process.env });
}

/** The language of whoever sits at the terminal, by POSIX 8.2: Spanish unless it is English. */
export function preferredLanguage(env: Environment = process.env): 'es' | 'en' {
  const locale = env['LC_ALL'] || env['LC_MESSAGES'] || env['LANG'] || '';
  return /^en(_|\.|$)/.test(locale) ? 'en' : 'es';
}

/** The environment of another process of the archive that must work on the same data. */
export function environmentOf(config: Config): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ACERVO_DATA_DIR: config.dataDir,
    ACERVO_ACCESS: config.access,
    ACERVO_LOG_LEVEL: config.logLevel,
  };
}

/**
 * The environment of a process that works on strangers' images: none of the archive's settings, since some are secrets.
 * Memory in pages of 2 MiB where the kernel gives them to who asks: a volume is a hundred thousand pages of 4 KiB, and
 * to be given them costs as much as an operation over all of it.
 */
export function environmentForImages(env: Environment = process.env): NodeJS.ProcessEnv {
  const others = Object.entries(env).filter(([name]) => !name.startsWith('ACERVO_'));
  const tunables = [env['GLIBC_TUNABLES'], 'glibc.malloc.hugetlb=1'].filter((each) => each !== undefined);
  return { ...Object.fromEntries(others), GLIBC_TUNABLES: tunables.join(':') };
}

/** Every setting as it applies, for the operator's eyes. */
export function effectiveSettings(env: Environment = process.env, file?: string): EffectiveSetting[] {
  const given = gather(env, file);
  loadConfig(env, file);
  return NAMES.map((name) => {
    const setting: Setting<unknown> = SETTINGS[name];
    const { text, from } = given.get(name) ?? { text: setting.byDefault ?? '', from: 'default' };
    return { env: setting.env, text: setting.isSecret && text !== '' ? '(withheld)' : text, from };
  });
}

/** Directory of the packs. */
export function packsDirectory(config: Config): string {
  return config.blobs === undefined ? join(config.dataDir, 'packs') : fileURLToPath(config.blobs);
}

/** Directory of what silent models say. */
export const silentDirectory = (config: Config): string =>
  config.silentDir ?? join(dirname(packsDirectory(config)), 'silent');

function gather(env: Environment, file?: string): Map<SettingName, Given> {
  const path = file ?? env[CONFIG_FILE_ENV];
  const fromFile = path === undefined || path === '' ? {} : parseConfigFile(readText(path, CONFIG_FILE_ENV), path);
  if (path !== undefined && NAMES.some((name) => isSecretIn(fromFile, SETTINGS[name])))
    readPrivateFile(path, CONFIG_FILE_ENV);
  return new Map([...collect(fromFile, 'file'), ...collect(env, 'environment')]);
}

function collect(texts: Environment, from: Given['from']): Map<SettingName, Given> {
  const given = new Map<SettingName, Given>();
  for (const [env, text] of Object.entries(texts)) {
    if (!env.startsWith('ACERVO_') || env === CONFIG_FILE_ENV || TEST_ENV.test(env)) continue;
    const name = NAMES.find((known) => SETTINGS[known].env === env || fileVariable(SETTINGS[known]) === env);
    if (name === undefined) throw new Failure('config/invalid', `${env} is not a setting of Acervo`);
    if (text === undefined || text === '') continue;
    if (given.has(name)) throw new Failure('config/invalid', `${SETTINGS[name].env}: set both itself and by its file`);
    given.set(name, { text: env === SETTINGS[name].env ? text : readPrivateFile(text, env).trim(), from });
  }
  return given;
}

function valueOf(setting: Setting<unknown>, given: string | undefined): unknown {
  const text = given ?? setting.byDefault;
  if (text === undefined) return undefined;
  try {
    return setting.read(text);
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    const shown = setting.isSecret ? '(withheld)' : JSON.stringify(text);
    throw new Failure('config/invalid', `${setting.env} is ${shown}; expected ${thrown.detail}`);
  }
}

/** `NAME=value` lines, `#` comments; a value may stand in double quotes. The same names as the environment's. */
function parseConfigFile(text: string, path: string): Environment {
  const found: Record<string, string> = {};
  text.split('\n').forEach((raw, index) => {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) return;
    const [, name, value] = LINE.exec(line) ?? [];
    const where = `${path}:${index + 1}`;
    if (name === undefined || value === undefined) throw new Failure('config/invalid', `${where}: expected NAME=value`);
    if (!name.startsWith('ACERVO_'))
      throw new Failure('config/invalid', `${where}: ${name} is not a setting of Acervo`);
    if (name in found) throw new Failure('config/invalid', `${where}: ${name} is set twice`);
    found[name] = value.replace(/^"(.*)"$/, '$1');
  });
  return found;
}

function readText(path: string, env: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Failure('config/invalid', `${env}: cannot read ${path}`, { cause });
  }
}

function refuseOpenBeyondLoopback(config: Config): void {
  if (config.access !== 'open') return;
  const hosts = { httpHost: config.httpHost, dimseHost: config.dimseHost };
  for (const [name, host] of Object.entries(hosts) as [keyof typeof hosts, string][]) {
    if (LOOPBACK.test(host)) continue;
    const detail = `${SETTINGS.access.env} is open, so ${SETTINGS[name].env} must be a loopback address, not ${host}`;
    throw new Failure('config/invalid', detail);
  }
}

/** Whoever closes the plain ports has to have a certificate; without HTTP or HTTPS nobody could watch the archive. */
function refuseNoDoor({ httpPort, tlsCertFile }: Config): void {
  if (httpPort !== undefined || tlsCertFile !== undefined) return;
  const { httpPort: plain, tlsCertFile: certificate } = SETTINGS;
  throw new Failure('config/invalid', `${plain.env} is off, so ${certificate.env} must be set`);
}
const isSecretIn = (texts: Environment, { env, isSecret }: Setting<unknown>): boolean =>
  isSecret === true && texts[env] !== undefined;

const fileVariable = (setting: Setting<unknown>): string | undefined =>
  setting.isSecret ? `${setting.env}_FILE` : undefined;
