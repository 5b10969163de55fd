import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMediaTypes } from './media-type.ts';
import {
  bulkdataOffers,
  chooseRepresentation,
  contentTypeOf,
  frameOffers,
  instanceOffers,
  metadataOffers,
  type Offer,
} from './representation.ts';

const IMPLICIT = '1.2.840.10008.1.2';
const EXPLICIT = '1.2.840.10008.1.2.1';
const BIG_ENDIAN = '1.2.840.10008.1.2.2';
const JPEG = '1.2.840.10008.1.2.4.50';
const JPEG_LS = '1.2.840.10008.1.2.4.80';
const RLE = '1.2.840.10008.1.2.5';

const chosen = (accept: string | undefined, offers: readonly Offer[]): string | undefined => {
  const offer = chooseRepresentation(parseMediaTypes(accept), offers);
  if (offer === undefined) return undefined;
  return offer.multipart ? `multipart ${contentTypeOf(offer)}` : contentTypeOf(offer);
};
const dicom = (uid: string): string => `application/dicom; transfer-syntax=${uid}`;

const INSTANCES: readonly (readonly [string, string, string | undefined, string | undefined])[] = [
  ['anything, explicit stored', EXPLICIT, undefined, `multipart ${dicom(EXPLICIT)}`],
  ['anything, implicit stored', IMPLICIT, '*/*', `multipart ${dicom(EXPLICIT)}`],
  ['anything, compressed stored', JPEG_LS, '*/*', `multipart ${dicom(JPEG_LS)}`],
  [
    'no transfer syntax, implicit stored',
    IMPLICIT,
    'multipart/related; type="application/dicom"',
    `multipart ${dicom(EXPLICIT)}`,
  ],
  ['no transfer syntax, big endian stored', BIG_ENDIAN, 'application/dicom', dicom(EXPLICIT)],
  ['no transfer syntax, compressed stored', JPEG, 'application/dicom', dicom(JPEG)],
  [
    'any transfer syntax, implicit stored',
    IMPLICIT,
    'multipart/related; type=application/dicom; transfer-syntax=*',
    `multipart ${dicom(IMPLICIT)}`,
  ],
  ['any transfer syntax, compressed stored', RLE, 'application/dicom; transfer-syntax=*', dicom(RLE)],
  ['the stored transfer syntax', JPEG, `application/dicom; transfer-syntax=${JPEG}`, dicom(JPEG)],
  ['implicit, when stored so', IMPLICIT, `application/dicom; transfer-syntax=${IMPLICIT}`, dicom(IMPLICIT)],
  ['explicit from big endian', BIG_ENDIAN, `application/dicom; transfer-syntax=${EXPLICIT}`, dicom(EXPLICIT)],
  ['implicit from explicit', EXPLICIT, `application/dicom; transfer-syntax=${IMPLICIT}`, undefined],
  ['explicit from compressed', JPEG, `application/dicom; transfer-syntax=${EXPLICIT}`, undefined],
  ['another compression', JPEG, `application/dicom; transfer-syntax=${RLE}`, undefined],
  [
    'explicit, else whatever',
    JPEG,
    `multipart/related; type="application/dicom"; transfer-syntax=${EXPLICIT},
    multipart/related; type="application/dicom"; transfer-syntax=*;q=0.5`,
    `multipart ${dicom(JPEG)}`,
  ],
  [
    'explicit rather than stored',
    IMPLICIT,
    `application/dicom; transfer-syntax=*;q=0.5, application/dicom; transfer-syntax=${EXPLICIT}`,
    dicom(EXPLICIT),
  ],
  [
    'single rather than multipart',
    EXPLICIT,
    'application/dicom, multipart/related;type="application/dicom";q=0.9',
    dicom(EXPLICIT),
  ],
  ['multipart of any type', EXPLICIT, 'multipart/related', `multipart ${dicom(EXPLICIT)}`],
  ['anything but DICOM', EXPLICIT, 'application/dicom;q=0, multipart/related;q=0, */*', undefined],
  ['not this type', EXPLICIT, 'image/jpeg, multipart/related; type="image/jpeg"', undefined],
  ['upper case', EXPLICIT, 'MULTIPART/RELATED; TYPE="APPLICATION/DICOM"', `multipart ${dicom(EXPLICIT)}`],
];

for (const [title, stored, accept, expected] of INSTANCES) {
  test(`instance: ${title}`, () =>
    assert.equal(chosen(accept, instanceOffers(stored, 'multipart-or-single')), expected));
}

test('several instances are served in multipart only', () => {
  assert.equal(chosen('application/dicom', instanceOffers(EXPLICIT, 'multipart')), undefined);
  assert.equal(chosen('*/*', instanceOffers(EXPLICIT, 'multipart')), `multipart ${dicom(EXPLICIT)}`);
});

test('metadata are DICOM JSON, by the name that is asked', () => {
  assert.equal(chosen(undefined, metadataOffers()), 'application/dicom+json');
  assert.equal(chosen('application/dicom+json', metadataOffers()), 'application/dicom+json');
  assert.equal(chosen('application/json', metadataOffers()), 'application/json');
  assert.equal(chosen('application/json;q=0.5, application/dicom+json;q=0.4', metadataOffers()), 'application/json');
  assert.equal(chosen('text/html, */*;q=0.1', metadataOffers()), 'application/dicom+json');
  assert.equal(chosen('application/json;q=0, */*', metadataOffers()), 'application/dicom+json');
  assert.equal(chosen('multipart/related; type="application/dicom+xml"', metadataOffers()), undefined);
  assert.equal(
    chosen('application/dicom+json; transfer-syntax=1.2.840.10008.1.2.1', metadataOffers()),
    'application/dicom+json',
  );
});

test('native frames are octets', () => {
  const octets = `multipart application/octet-stream; transfer-syntax=${EXPLICIT}`;
  const offers = frameOffers(IMPLICIT, 'multipart-or-single');
  assert.equal(chosen('multipart/related; type=application/octet-stream; transfer-syntax=*', offers), octets);
  assert.equal(chosen('multipart/related; type="application/octet-stream"', offers), octets);
  assert.equal(chosen('multipart/related; type="image/jpeg"', offers), undefined);
  assert.equal(chosen('application/octet-stream', offers), `application/octet-stream; transfer-syntax=${EXPLICIT}`);
});

test('compressed frames go out as stored, under the type that is asked', () => {
  const offers = frameOffers(JPEG_LS, 'multipart-or-single');
  const syntax = `transfer-syntax=${JPEG_LS}`;
  assert.equal(
    chosen('multipart/related; type=application/octet-stream; transfer-syntax=*', offers),
    `multipart application/octet-stream; ${syntax}`,
  );
  assert.equal(chosen('*/*', offers), `multipart image/jls; ${syntax}`);
  assert.equal(chosen('multipart/related; type="image/*"', offers), `multipart image/jls; ${syntax}`);
  assert.equal(chosen('multipart/related; type="image/x-jls"', offers), `multipart image/x-jls; ${syntax}`);
  assert.equal(chosen('image/jls', offers), `image/jls; ${syntax}`);
  assert.equal(chosen('multipart/related; type="image/jp2"', offers), undefined);
  assert.equal(
    chosen(`multipart/related; type="application/octet-stream"; transfer-syntax=${EXPLICIT}`, offers),
    undefined,
  );
});

test('the older name of RLE is served too', () => {
  const offers = frameOffers(RLE, 'multipart');
  assert.equal(
    chosen('multipart/related; type="image/x-dicom-rle"', offers),
    `multipart image/x-dicom-rle; transfer-syntax=${RLE}`,
  );
  assert.equal(chosen('multipart/related', offers), `multipart image/dicom-rle; transfer-syntax=${RLE}`);
});

test('a compression without a media type is octets', () => {
  assert.equal(
    chosen('*/*', frameOffers('1.2.3.4', 'multipart')),
    'multipart application/octet-stream; transfer-syntax=1.2.3.4',
  );
});

test('bulk data with a type of their own', () => {
  const offers = bulkdataOffers('multipart-or-single', 'application/pdf');
  assert.equal(chosen('application/pdf', offers), 'application/pdf');
  assert.equal(
    chosen('multipart/related; type=application/octet-stream; transfer-syntax=*', offers),
    `multipart application/octet-stream; transfer-syntax=${EXPLICIT}`,
  );
});
