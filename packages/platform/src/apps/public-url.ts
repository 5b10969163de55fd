import { Failure } from '@acervo/kernel/failure.ts';
import type { Config } from './config.ts';

const LOOPBACK = /^(127(\.\d{1,3}){3}|\[::1\]|localhost)$/;
const ANY: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

type Ports = { httpPort: number | undefined; httpsPort: number | undefined };

/**
 * Where people reach the archive: ACERVO_PUBLIC_URL, or the port that they can be expected at.
 * @throws {Failure} config/invalid where passwords would go over a network in the clear
 */
export function publicUrlOf(config: Config, { httpPort, httpsPort }: Ports): string {
  const { publicUrl } = config;
  if (publicUrl === undefined) {
    const host = hostOf(config.httpHost);
    return httpsPort === undefined ? `http://127.0.0.1:${httpPort}` : `https://${host}:${httpsPort}`;
  }
  const { protocol, hostname, origin, pathname, search } = new URL(publicUrl);
  if (pathname !== '/' || search !== '') throw new Failure('config/invalid', 'ACERVO_PUBLIC_URL has no path');
  refusePlain('ACERVO_PUBLIC_URL', protocol, hostname);
  return origin;
}

/** @throws {Failure} config/invalid for an issuer elsewhere that is not asked over TLS */
export function refusePlainIssuer({ oidcIssuer }: Config): void {
  if (oidcIssuer === undefined) return;
  const { protocol, hostname } = new URL(oidcIssuer);
  refusePlain('ACERVO_OIDC_ISSUER', protocol, hostname);
}

function refusePlain(name: string, protocol: string, hostname: string): void {
  if (protocol === 'https:' || LOOPBACK.test(hostname)) return;
  throw new Failure('config/invalid', `${name} must be https, or of loopback`);
}

/**
 * The way to our own plain port, by which this process asks its own issuer: the public address may be a proxy's. Where
 * the plain port is off it asks by that address, whose certificate it has to trust (NODE_EXTRA_CA_CERTS).
 */
export function fetchOwnPort(publicUrl: string, { httpHost }: Config, httpPort: number | undefined): typeof fetch {
  if (httpPort === undefined) return fetch;
  const own = `http://${hostOf(httpHost)}:${httpPort}`;
  return (input, options) => {
    const asked = input instanceof Request ? input.url : String(input);
    if (!asked.startsWith(`${publicUrl}/`)) throw new Failure('access/denied', 'our own issuer is at our own address');
    return fetch(own + asked.slice(publicUrl.length), options);
  };
}

function hostOf(host: string): string {
  const named = ANY[host] ?? host;
  return named.includes(':') ? `[${named}]` : named;
}
