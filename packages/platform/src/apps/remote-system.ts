import { Failure } from '@acervo/kernel/failure.ts';
import type { Address, Systems } from '../ports/systems.ts';

/** `AET@host:port`, for a system that is called once. */
const DIRECT = /^(?<aeTitle>(?! )[ -[\]-~]{1,16})@(?<host>[A-Za-z0-9.:_-]{1,253}):(?<port>\d{1,5})$/;

/**
 * A system that a command line names: by the AE title under which the archive knows it, or with where it listens.
 * @throws {Failure} request/invalid
 */
export function remoteSystem(systems: Pick<Systems, 'addressOf'>, text: string): Address {
  const known = systems.addressOf(text);
  if (known !== undefined) return known;
  const { aeTitle, host, port } = DIRECT.exec(text)?.groups ?? {};
  if (aeTitle === undefined || host === undefined || Number(port) > 65_535) {
    throw new Failure('request/invalid', `${text}: no AE title that is known with host and port, nor AET@host:port`);
  }
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
