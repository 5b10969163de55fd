import { DEFLATED_LE, EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import type { MediaRange } from './media-type.ts';

/** Transfer syntaxes whose pixels lie native, so that Explicit VR Little Endian can be made without a codec. */
const NATIVE: ReadonlySet<string> = new Set([IMPLICIT_LE, EXPLICIT_LE, DEFLATED_LE, EXPLICIT_BE]);

/** One way in which the origin server can serve an object. */
export type Offer = {
  /** Media type of the object; in a multipart answer, of each part. */
  mediaType: string;
  /** Packed as multipart/related with `mediaType` as its type. */
  multipart: boolean;
  /** Transfer syntax of the bytes served; absent where the representation has none (DICOM JSON). */
  transferSyntaxUid?: string;
  /** Served when the range names no transfer syntax (PS3.18 8.7.3.5.2). */
  isDefault: boolean;
};

/** Whether one object stands alone in its answer; several need multipart. */
export type Packaging = 'multipart' | 'multipart-or-single';

/**
 * The offer a request wants most: highest q, then the most specific range, then the order of the offers;
 * undefined when nothing is acceptable (406). For each offer the most specific range that covers it gives
 * its q (RFC 9110 12.5.1), so `application/json;q=0` beside a wildcard excludes JSON.
 *
 * A `transfer-syntax` parameter of `*` takes any offer, so list the stored bytes first.
 */
export function chooseRepresentation<T extends Offer>(
  ranges: readonly MediaRange[],
  offers: readonly T[],
): T | undefined {
  let best: { offer: T; q: number; specificity: number } | undefined;
  for (const offer of offers) {
    const rank = rankOf(offer, ranges);
    if (rank === undefined || rank.q === 0) continue;
    const isBetter =
      best === undefined || rank.q > best.q || (rank.q === best.q && rank.specificity > best.specificity);
    if (isBetter) best = { offer, ...rank };
  }
  return best?.offer;
}

/**
 * How an instance can be served (PS3.18 8.7.3.2): as stored, and, when its pixels are native, in Explicit VR
 * Little Endian. A compressed one goes out as stored also where no transfer syntax is asked: what was given comes
 * back, and who wants it decoded says so.
 * @param others transfer syntaxes that can be made of it, each only by its name
 */
export function instanceOffers(
  storedTransferSyntaxUid: string,
  packaging: Packaging,
  others: readonly string[] = [],
): Offer[] {
  const isNative = NATIVE.has(storedTransferSyntaxUid);
  const isStoredDefault = !isNative || storedTransferSyntaxUid === EXPLICIT_LE;
  const syntaxes = [{ transferSyntaxUid: storedTransferSyntaxUid, isDefault: isStoredDefault }];
  if (!isStoredDefault) syntaxes.push({ transferSyntaxUid: EXPLICIT_LE, isDefault: true });
  for (const transferSyntaxUid of others) {
    const isOffered = syntaxes.some((syntax) => syntax.transferSyntaxUid === transferSyntaxUid);
    if (!isOffered) syntaxes.push({ transferSyntaxUid, isDefault: false });
  }
  return packed(
    syntaxes.map((syntax) => ({ mediaType: 'application/dicom', ...syntax })),
    packaging,
  );
}

/** How metadata and search results are served: the DICOM JSON Model (PS3.18 annex F), by either name. */
export function metadataOffers(): Offer[] {
  return ['application/dicom+json', 'application/json'].map((mediaType) => ({
    mediaType,
    multipart: false,
    isDefault: true,
  }));
}

/**
 * How a frame can be served (PS3.18 8.7.3.3). Native frames are octets in little endian. Compressed ones go
 * out as stored, under their own media type or as octets, whichever is asked; `transfer-syntax` says which.
 * @param others transfer syntaxes that can be made of it, each by its name or media type
 */
export function frameOffers(
  storedTransferSyntaxUid: string,
  packaging: Packaging,
  others: readonly string[] = [],
): Offer[] {
  const isNative = NATIVE.has(storedTransferSyntaxUid);
  const stored = isNative ? EXPLICIT_LE : storedTransferSyntaxUid;
  const made = others.filter((uid) => uid !== stored && (uid === EXPLICIT_LE || !NATIVE.has(uid)));
  const own = isNative ? [] : packed(codedOffers(stored, true), packaging);
  return [
    ...(isNative ? bulkdataOffers(packaging) : own),
    ...packed(
      made.flatMap((uid) => codedOffers(uid, false)),
      packaging,
    ),
  ];
}

/** The media types of a transfer syntax, then octets, which are the default only of what is stored. */
function codedOffers(transferSyntaxUid: string, isStored: boolean): Omit<Offer, 'multipart'>[] {
  return [
    ...compressedMediaTypes(transferSyntaxUid).map((mediaType) => ({ mediaType, transferSyntaxUid, isDefault: true })),
    { mediaType: 'application/octet-stream', transferSyntaxUid, isDefault: isStored },
  ];
}

/**
 * How a bulk data value other than compressed pixels is served: octets in little endian; `mediaType` adds
 * its own type first, e.g. application/pdf of an Encapsulated Document (PS3.18 8.7.3.3).
 */
export function bulkdataOffers(packaging: Packaging, mediaType?: string): Offer[] {
  const octets = { mediaType: 'application/octet-stream', transferSyntaxUid: EXPLICIT_LE, isDefault: true };
  return packed(mediaType === undefined ? [octets] : [{ mediaType, isDefault: true }, octets], packaging);
}

/**
 * Media types of frames in a compressed transfer syntax, the current name first (PS3.18 table 8.7.3-5);
 * older editions and viewers say `image/x-dicom-rle` and `image/x-jls`. Empty for one the table lacks.
 */
export function compressedMediaTypes(transferSyntaxUid: string): readonly string[] {
  return COMPRESSED.get(transferSyntaxUid) ?? [];
}

/** The Content-Type of an offer, or of each of its parts. */
export function contentTypeOf(offer: Offer): string {
  const { mediaType, transferSyntaxUid } = offer;
  return transferSyntaxUid === undefined ? mediaType : `${mediaType}; transfer-syntax=${transferSyntaxUid}`;
}

const COMPRESSION_ROOT = '1.2.840.10008.1.2.4.';

/** End, below the root above, of the transfer syntaxes that share a media type. */
const BY_MEDIA_TYPE: ReadonlyArray<readonly [string[], string[]]> = [
  [['image/jpeg'], ['50', '51', '57', '70']],
  [
    ['image/jls', 'image/x-jls'],
    ['80', '81'],
  ],
  [['image/jp2'], ['90', '91']],
  [['image/jpx'], ['92', '93']],
  [['image/jxl'], ['110', '111', '112']],
  [['image/jphc'], ['201', '202', '203']],
  [['video/mpeg'], ['100', '100.1', '101', '101.1']],
  [['video/mp4'], ['102', '102.1', '103', '103.1', '104', '104.1', '105', '105.1', '106', '106.1']],
  [['video/h265'], ['107', '108']],
];

const COMPRESSED: ReadonlyMap<string, readonly string[]> = new Map([
  ['1.2.840.10008.1.2.5', ['image/dicom-rle', 'image/x-dicom-rle']],
  ...BY_MEDIA_TYPE.flatMap(([types, ends]) => ends.map((end): [string, string[]] => [COMPRESSION_ROOT + end, types])),
]);

function packed(offers: readonly Omit<Offer, 'multipart'>[], packaging: Packaging): Offer[] {
  const multipart = offers.map((offer) => ({ ...offer, multipart: true }));
  if (packaging === 'multipart') return multipart;
  return [...multipart, ...offers.map((offer) => ({ ...offer, multipart: false }))];
}

function rankOf(offer: Offer, ranges: readonly MediaRange[]): { q: number; specificity: number } | undefined {
  let rank: { q: number; specificity: number } | undefined;
  for (const range of ranges) {
    const specificity = specificityOf(offer, range);
    if (specificity === undefined) continue;
    const isBetter =
      rank === undefined || specificity > rank.specificity || (specificity === rank.specificity && range.q > rank.q);
    if (isBetter) rank = { q: range.q, specificity };
  }
  return rank;
}

/** How closely a range describes an offer, 0 for anything; undefined when it does not cover it. */
function specificityOf(offer: Offer, range: MediaRange): number | undefined {
  const byType = offer.multipart
    ? multipartSpecificity(offer, range)
    : typeSpecificity(offer.mediaType, range.mediaType);
  const bySyntax = syntaxSpecificity(offer, range.parameters['transfer-syntax']);
  return byType === undefined || bySyntax === undefined ? undefined : byType * 4 + bySyntax;
}

function multipartSpecificity(offer: Offer, range: MediaRange): number | undefined {
  const container = typeSpecificity('multipart/related', range.mediaType);
  const type = range.parameters['type']?.toLowerCase();
  if (type === undefined || container === undefined) return container;
  const inner = typeSpecificity(offer.mediaType, type);
  return inner === undefined ? undefined : container + inner;
}

/** 0 for any type, 1 for any subtype, 2 for exactly this one. */
function typeSpecificity(mediaType: string, range: string): number | undefined {
  if (range === mediaType) return 2;
  if (range === '*/*') return 0;
  return range.endsWith('/*') && mediaType.startsWith(range.slice(0, -1)) ? 1 : undefined;
}

/** 2 for exactly this transfer syntax, 1 for the wildcard, 0 for none named. */
function syntaxSpecificity(offer: Offer, asked: string | undefined): number | undefined {
  if (offer.transferSyntaxUid === undefined) return 0;
  if (asked === undefined) return offer.isDefault ? 0 : undefined;
  if (asked === '*') return 1;
  return asked === offer.transferSyntaxUid ? 2 : undefined;
}
