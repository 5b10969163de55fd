import { TLS_PROFILES } from '../adapters/net/tls-profile.ts';
import { choice, integer, optional, path } from './setting.ts';

const file = (env: string, doc: string) => optional(path({ env, unit: 'path', doc }, ''));

/** Certificates of DIMSE over TLS and HTTPS; part of SETTINGS. The files are followed while a server runs. */
export const TLS_SETTINGS = {
  tlsCertFile: file('ACERVO_TLS_CERT_FILE', 'Certificate of the archive in PEM, with the intermediate ones behind it.'),
  tlsKeyFile: file('ACERVO_TLS_KEY_FILE', 'Private key of that certificate in PEM.'),
  tlsCaFile: file('ACERVO_TLS_CA_FILE', 'Authorities in PEM whose certificates are trusted, roots included.'),
  tlsCrlFile: file('ACERVO_TLS_CRL_FILE', 'Revocation lists in PEM, one of each of these authorities.'),
  tlsCrlExpired: choice(
    {
      env: 'ACERVO_TLS_CRL_EXPIRED',
      unit: 'mode',
      doc: 'When a CRL has expired: `refuse` every certificate, or `accept` under alarm those that it does not name.',
    },
    'refuse',
    ['refuse', 'accept'],
  ),
  tlsCrlAlarmHours: integer(
    { env: 'ACERVO_TLS_CRL_ALARM_HOURS', unit: 'h', doc: 'An alarm begins so long before a CRL expires.' },
    72,
    0,
    8760,
  ),
  tlsCertAlarmDays: integer(
    { env: 'ACERVO_TLS_CERT_ALARM_DAYS', unit: 'd', doc: 'An alarm begins so long before our certificate expires.' },
    30,
    0,
    365,
  ),
  tlsReloadSeconds: integer(
    {
      env: 'ACERVO_TLS_RELOAD_SECONDS',
      unit: 's',
      doc: 'How often the files of certificates are looked at: connections that are open go on.',
    },
    10,
    1,
    86_400,
  ),
  tlsProfile: choice(
    {
      env: 'ACERVO_TLS_PROFILE',
      unit: 'profile',
      doc: 'Secure transport connection profile of PS3.15: B.12, B.13; B.9, B.10 and B.11 are retired.',
    },
    'bcp195-rfc9325',
    TLS_PROFILES,
  ),
} as const;
