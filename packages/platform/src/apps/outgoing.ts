import { outgoingAssociations } from '../adapters/net/outgoing.ts';
import type { TlsKeys } from '../adapters/net/tls-keys.ts';
import type { Associate } from '../bindings/dimse-scu.ts';
import type { Config } from './config.ts';
import { secureFor } from './tls.ts';

/** The associations that a process of the archive asks for. */
export const associateWith = (config: Config, keys: TlsKeys | undefined): Associate =>
  outgoingAssociations({
    aeTitle: config.aeTitle,
    associationsMax: config.outgoingAssociationsMax,
    timeoutMs: config.outgoingTimeoutMs,
    secureFor: (to) => secureFor(to, keys),
  });
