import { Failure } from '@acervo/kernel/failure.ts';
import type { Address, Systems } from '../ports/systems.ts';

const PORT_MAX = 65_535;
/** `AET@host:port`, for a system that is called once. */
const DIRECT = /^(?<aeTitle>(?! )[ -[\]-~]{1,16})@(?<host>[A-Za-z0-9.:_-]{1,253}):(?<port>\d{1,5})$/;

/** The system that `AET@host:port` names; undefined for another text. */
export function directSystem(text: string): Address | undefined {
  const { aeTitle, host, port } = DIRECT.exec(text)?.groups ?? {};
  if (aeTitle === undefined || host === undefined || Number(port) > PORT_MAX) return undefined;
  return {
    aeTitle,
    host,
    port: Number(port),
    tls: false,
    certificates: [],
    transferSyntaxes: [],
    associationsMax: undefined,
  };
}

/**
 * A system that a command line names: by the AE title under which the archive knows it, or with where it listens.
 * @throws {Failure} request/invalid
 */
export function remoteSystem(systems: Pick<Systems, 'addressOf'>, text: string): Address {
  const address = systems.addressOf(text) ?? directSystem(text);
  if (address !== undefined) return address;
  throw new Failure('request/invalid', `${text}: no AE title that is known with host and port, nor AET@host:port`);
}
