/**
 * The secure transport connection profiles of PS3.15 annex B. B.9 to B.11 are retired, and RFC 8996, which BCP 195 has
 * come to include, forbids what only B.9 allowed (TLS 1.0 and 1.1): no profile goes below TLS 1.2.
 */
export const TLS_PROFILES = [
  'bcp195-rfc9325',
  'bcp195-rfc9325-modified',
  'bcp195',
  'bcp195-nd',
  'bcp195-extended',
] as const;
export type TlsProfile = (typeof TLS_PROFILES)[number];

/** RFC 9325 4.2, OpenSSL's names of TLS_ECDHE_{ECDSA,RSA}_WITH_AES_{256,128}_GCM_*. */
const ECDHE_GCM = [
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
];
const DHE_GCM = ['DHE-RSA-AES256-GCM-SHA384', 'DHE-RSA-AES128-GCM-SHA256'];
const TLS13 = ['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256'];

/**
 * DEVIATION: B.13 also lists the CCM_8 suites. Their tag of 64 bits is below what OpenSSL lets through at any security
 * level above 0, and going there would let short keys in: the others are offered.
 */
const CIPHERS: Readonly<Record<TlsProfile, readonly string[]>> = {
  'bcp195-rfc9325': [...TLS13, ...ECDHE_GCM],
  'bcp195-rfc9325-modified': [
    ...TLS13,
    'TLS_AES_128_CCM_SHA256',
    ...ECDHE_GCM,
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-RSA-CHACHA20-POLY1305',
    'ECDHE-ECDSA-AES256-CCM',
    'ECDHE-ECDSA-AES128-CCM',
  ],
  bcp195: [...TLS13, ...ECDHE_GCM, ...DHE_GCM],
  'bcp195-nd': [...TLS13, ...ECDHE_GCM, ...DHE_GCM],
  'bcp195-extended': [
    'TLS_AES_256_GCM_SHA384',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'DHE-RSA-AES256-GCM-SHA384',
  ],
};

/**
 * Elliptic curves of 256 bits and more (B.11, B.13); finite fields of the size of the certificate's key. Certificates
 * with RSA keys below 2048 bits or SHA-1 fail at OpenSSL's security level, which is 2 unless somebody lowers it.
 */
export const profileOptions = (profile: TlsProfile) =>
  ({
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: CIPHERS[profile].join(':'),
    ecdhCurve: 'X25519:P-256:P-384:P-521',
    dhparam: 'auto',
    honorCipherOrder: true,
  }) as const;
