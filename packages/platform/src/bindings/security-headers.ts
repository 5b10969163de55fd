/** Devices and data of whoever looks at it that no answer of an archive has a use for. */
const FEATURES = [
  'accelerometer',
  'autoplay',
  'camera',
  'display-capture',
  'encrypted-media',
  'geolocation',
  'gyroscope',
  'magnetometer',
  'microphone',
  'midi',
  'payment',
  'publickey-credentials-create',
  'publickey-credentials-get',
  'screen-wake-lock',
  'serial',
  'usb',
  'xr-spatial-tracking',
];

/** @param own  what documents of ours may use all the same, and none that they frame */
export const permissionsPolicy = (own: readonly string[] = []): string =>
  FEATURES.map((feature) => `${feature}=${own.includes(feature) ? '(self)' : '()'}`).join(', ');

/**
 * Two documents of one origin reach into each other where one opened the other and their opener policies are equal. So
 * the viewer has another one than everything else: it cannot open the page, or an answer of the API, and read in it.
 */
export const OPENER_POLICY = { archive: 'same-origin', viewer: 'same-origin-allow-popups' } as const;

/**
 * What every answer says unless its route says otherwise: a browser must not guess a type, nor frame, run or share
 * what it got, nor tell others from where it comes.
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'permissions-policy': permissionsPolicy(),
  'cross-origin-opener-policy': OPENER_POLICY.archive,
  'cross-origin-resource-policy': 'same-origin',
};

/**
 * What has a tag is kept by the browser of who asked, which asks again each time it shows it: whether it may still be
 * seen is decided then. Everything else is kept by nobody.
 */
export const cacheControlOf = (etag: string | undefined): string =>
  etag === undefined ? 'no-store' : 'private, no-cache';
