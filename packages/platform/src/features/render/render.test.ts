import assert from 'node:assert/strict';
import { test } from 'node:test';
import { element, encapsulated, numberElement, sequence, textElement } from '@acervo/dicom/data-set/build.ts';
import type { Element } from '@acervo/dicom/data-set/model.ts';
import { dataSetOf, writeDataSet } from '@acervo/dicom/data-set/write.ts';
import { T } from '@acervo/dicom/tags.ts';
import { EXPLICIT_LE, IMPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import sharp from 'sharp';
import {
  type Answered,
  get,
  type Image,
  instancePath,
  jsonOf,
  partsOf,
  seriesPath,
  startArchive,
  storeImage,
  studyPath,
  type TestArchive,
} from '../retrieve/retrieve.fixture.ts';

const ROWS = 8;
const COLUMNS = 16;
const PNG = { accept: 'image/png' };
const MPEG4 = '1.2.840.10008.1.2.4.102';

/** An object of some series: pixels of a ramp unless elements say otherwise. */
function objectOf(series: number, number: number, elements: readonly Element[]): Image {
  const study = '2.25.700';
  const uids = {
    sopClassUid: '1.2.840.10008.5.1.4.1.1.7',
    sopInstanceUid: `${study}.${series}.${number}`,
    studyUid: study,
    seriesUid: `${study}.${series}`,
  };
  const dataSet = dataSetOf([
    textElement(T.SOPClassUID, 'UI', uids.sopClassUid),
    textElement(T.SOPInstanceUID, 'UI', uids.sopInstanceUid),
    textElement(T.StudyInstanceUID, 'UI', study),
    textElement(T.SeriesInstanceUID, 'UI', uids.seriesUid),
    textElement(T.Modality, 'CS', 'OT'),
    textElement(T.PatientID, 'LO', 'P1'),
    numberElement(T.SeriesNumber, 'IS', [series]),
    numberElement(T.InstanceNumber, 'IS', [number]),
    ...elements,
  ]);
  return {
    ...uids,
    transferSyntaxUid: EXPLICIT_LE,
    dataSet: writeDataSet(dataSet, { explicitVr: true, littleEndian: true }),
  };
}

type Pixels = { photometric: string; samples?: number; bits?: 8 | 16; frames?: number; values: readonly number[] };

function imagePixels({ photometric, samples = 1, bits = 16, frames = 1, values }: Pixels): Element[] {
  const cells = bits === 8 ? Uint8Array.from(values) : Uint16Array.from(values);
  return [
    numberElement(T.SamplesPerPixel, 'US', [samples]),
    textElement(T.PhotometricInterpretation, 'CS', photometric),
    numberElement(T.NumberOfFrames, 'IS', [frames]),
    numberElement(T.Rows, 'US', [ROWS]),
    numberElement(T.Columns, 'US', [COLUMNS]),
    numberElement(T.BitsAllocated, 'US', [bits]),
    numberElement(T.BitsStored, 'US', [bits]),
    numberElement(T.HighBit, 'US', [bits - 1]),
    numberElement(T.PixelRepresentation, 'US', [0]),
    element(T.PixelData, bits === 8 ? 'OB' : 'OW', new Uint8Array(cells.buffer)),
  ];
}

const ramp = Array.from({ length: ROWS * COLUMNS }, (_, index) => index * 10);
const window = [numberElement(T.WindowCenter, 'DS', [640]), numberElement(T.WindowWidth, 'DS', [1281])];
/** LINEAR of that window, C.11.2.1.2.1: from 0 at -0.5 to 255 at 1279.5. */
const shades = ramp.map((value) => Math.round(((value - 639.5) / 1280 + 0.5) * 255));

const grey = objectOf(1, 1, [...imagePixels({ photometric: 'MONOCHROME2', values: ramp }), ...window]);
const inverse = objectOf(1, 2, [...imagePixels({ photometric: 'MONOCHROME1', values: ramp }), ...window]);
const twoFrames = [...ramp, ...ramp.toReversed()];
const frames = objectOf(1, 3, [
  ...imagePixels({ photometric: 'MONOCHROME2', values: twoFrames, frames: 2 }),
  sequence(T.SharedFunctionalGroupsSequence, [dataSetOf([sequence(T.FrameVOILUTSequence, [dataSetOf(window)])])]),
]);
const colours = ramp.flatMap((_, index) => [index, 2 * index, 255 - index]);
const rgb = objectOf(2, 1, [
  ...imagePixels({ photometric: 'RGB', samples: 3, bits: 8, values: colours }),
  numberElement(T.PlanarConfiguration, 'US', [0]),
]);
const descriptor = [128, 0, 16];
const palette = objectOf(2, 2, [
  ...imagePixels({ photometric: 'PALETTE COLOR', bits: 8, values: ramp.map((_, index) => index) }),
  ...[T.RedPaletteColorLookupTableDescriptor, T.GreenPaletteColorLookupTableDescriptor].map((tag) =>
    numberElement(tag, 'US', descriptor),
  ),
  numberElement(T.BluePaletteColorLookupTableDescriptor, 'US', descriptor),
  numberElement(
    T.RedPaletteColorLookupTableData,
    'OW',
    ramp.map((_, index) => index << 8),
  ),
  numberElement(
    T.GreenPaletteColorLookupTableData,
    'OW',
    ramp.map((_, index) => (2 * index) << 8),
  ),
  numberElement(
    T.BluePaletteColorLookupTableData,
    'OW',
    ramp.map((_, index) => (255 - index) << 8),
  ),
]);
const overlaid = objectOf(2, 3, [
  ...imagePixels({ photometric: 'MONOCHROME2', values: ramp }),
  ...window,
  numberElement(T.OverlayRows, 'US', [1]),
  numberElement(T.OverlayColumns, 'US', [8]),
  textElement(T.OverlayType, 'CS', 'G'),
  numberElement(T.OverlayOrigin, 'SS', [3, 5]),
  numberElement(T.OverlayBitsAllocated, 'US', [1]),
  numberElement(T.OverlayBitPosition, 'US', [0]),
  element(T.OverlayData, 'OW', Uint8Array.of(0b00000101, 0)),
]);
const report = objectOf(3, 1, []);
const images = [grey, inverse, frames, rgb, palette, overlaid];

async function raw({ body }: { body: Uint8Array }) {
  // sharp gives grey out as RGB unless it is told not to.
  const { channels } = await sharp(body).metadata();
  const image = channels === 1 ? sharp(body).extractChannel(0) : sharp(body);
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: info.channels, values: [...data] };
}

const rendered = (of: Image, query = ''): string => `${instancePath(of)}/rendered${query}`;
const codeOf = (answered: Answered): string =>
  jsonOf<{ type: string }>(answered).type.replace('urn:acervo:failure:', '');

type Case = (archive: TestArchive) => Promise<void>;
const cases: Record<string, Case> = {
  'shades are those of the window (PS3.3 C.11.2.1.2), white small for MONOCHROME1': async (archive) => {
    assert.deepEqual((await raw(await get(archive, rendered(grey), PNG))).values, shades);
    const inverted = shades.map((shade) => 255 - shade);
    const { values } = await raw(await get(archive, rendered(inverse), PNG));
    assert.ok(values.every((value, index) => Math.abs(value - (inverted[index] as number)) <= 1));
  },
  'a window of the request wins over that of the object': async (archive) => {
    const threshold = await raw(await get(archive, rendered(grey, '?window=100,1,linear'), PNG));
    assert.deepEqual(
      threshold.values,
      ramp.map((value) => (value <= 99.5 ? 0 : 255)),
    );
    const exact = await raw(await get(archive, rendered(grey, '?window=640,1280,linear-exact'), PNG));
    assert.deepEqual(
      exact.values,
      ramp.map((value) => Math.round((value / 1280) * 255)),
    );
    const sigmoid = await raw(await get(archive, rendered(grey, '?window=640,400,SIGMOID'), PNG));
    const expected = ramp.map((value) => Math.round(255 / (1 + Math.exp((-4 * (value - 640)) / 400))));
    assert.deepEqual(sigmoid.values, expected);
  },
  'colours: RGB and palette': async (archive) => {
    for (const each of [rgb, palette]) {
      const { values, channels } = await raw(await get(archive, rendered(each), PNG));
      assert.equal(channels, 3);
      assert.deepEqual(values, colours);
    }
  },
  'overlays are drawn where they lie': async (archive) => {
    const { values } = await raw(await get(archive, rendered(overlaid), PNG));
    const white = [2 * COLUMNS + 4, 2 * COLUMNS + 6];
    assert.deepEqual(
      values,
      shades.map((shade, index) => (white.includes(index) ? 255 : shade)),
    );
  },
  'a viewport cuts, mirrors and scales': async (archive) => {
    const part = await raw(await get(archive, rendered(grey, '?viewport=4,2,3,1,4,2'), PNG));
    assert.deepEqual([part.width, part.height], [4, 2]);
    assert.deepEqual(
      part.values,
      [1, 2].flatMap((row) => [3, 4, 5, 6].map((at) => shades[row * COLUMNS + at])),
    );
    const mirrored = await raw(await get(archive, rendered(grey, '?viewport=4,2,3,1,-4,-2'), PNG));
    assert.deepEqual(mirrored.values, part.values.toReversed());
    const large = await raw(await get(archive, rendered(grey, '?viewport=64,64'), PNG));
    assert.deepEqual([large.width, large.height], [64, 32]);
  },
  'formats, tags and what is not offered': async (archive) => {
    const jpeg = await get(archive, rendered(grey));
    assert.equal(jpeg.headers.get('content-type'), 'image/jpeg');
    const { values } = await raw(jpeg);
    assert.ok(values.every((value, index) => Math.abs(value - (shades[index] as number)) <= 6));
    const webp = await get(archive, rendered(grey, '?accept=image/webp'));
    assert.deepEqual(
      [webp.headers.get('content-type'), Buffer.from(webp.body.slice(8, 12)).toString()],
      ['image/webp', 'WEBP'],
    );
    const etag = jpeg.headers.get('etag') ?? '';
    assert.equal((await get(archive, rendered(grey), { 'if-none-match': etag })).status, 304);
    assert.equal((await get(archive, rendered(grey, '?quality=10'), { 'if-none-match': etag })).status, 200);
    for (const accept of ['image/gif', 'video/mp4', 'application/dicom']) {
      assert.equal((await get(archive, rendered(grey), { accept })).status, 406, accept);
    }
    const warned = await get(archive, rendered(grey, '?annotation=patient'));
    assert.match(warned.headers.get('warning') ?? '', /^299 /);
  },
  frames: async (archive) => {
    const second = await raw(await get(archive, `${instancePath(frames)}/frames/2/rendered`, PNG));
    assert.deepEqual(second.values, shades.toReversed());
    const accept = 'multipart/related; type="image/png"';
    for (const path of [`${instancePath(frames)}/frames/2,1/rendered`, rendered(frames)]) {
      const parts = partsOf(await get(archive, path, { accept }));
      assert.deepEqual(
        parts.map(({ headers }) => headers['content-type']),
        ['image/png', 'image/png'],
      );
    }
    assert.equal((await get(archive, `${instancePath(frames)}/frames/3/rendered`)).status, 404);
  },
  'a series and a study: what has no image is left out, and refused alone': async (archive) => {
    assert.equal(partsOf(await get(archive, `${studyPath(grey)}/rendered`)).length, 7);
    assert.equal(partsOf(await get(archive, `${seriesPath(rgb)}/rendered`)).length, 3);
    for (const path of [`${seriesPath(report)}/rendered`, rendered(report), `${seriesPath(report)}/thumbnail`]) {
      const refused = await get(archive, path);
      assert.deepEqual([refused.status, codeOf(refused)], [406, 'pixel/no-image'], path);
    }
  },
  'thumbnails on every level': async (archive) => {
    for (const path of [studyPath(grey), seriesPath(rgb), instancePath(grey), `${instancePath(frames)}/frames/2`]) {
      const thumbnail = await get(archive, `${path}/thumbnail?viewport=8,8`, PNG);
      assert.equal(thumbnail.status, 200, path);
      const { width, height } = await raw(thumbnail);
      assert.deepEqual([width, height], [8, 4], path);
    }
  },
  'what is no request is 400, what is not there 404': async (archive) => {
    for (const query of [
      'window=1',
      'window=1,0,linear',
      'window=1,2,cubic',
      'viewport=0,1',
      'viewport=9000,1',
      'quality=0',
    ])
      assert.equal((await get(archive, rendered(grey, `?${query}`))).status, 400, query);
    assert.equal((await get(archive, rendered(grey, '?viewport=4,4,10,0,10,4'))).status, 400);
    assert.equal((await get(archive, rendered(rgb, '?window=1,2,linear'))).status, 400);
    assert.equal((await get(archive, `${studyPath({ ...grey, studyUid: '2.25.1' })}/rendered`)).status, 404);
    assert.equal((await get(archive, rendered(grey).replace('/studies', '/i/OTHER/studies'))).status, 404);
    assert.equal((await get(archive, rendered(grey).replace('/studies', '/i/TEST/studies'))).status, 200);
  },
  'WADO-URI': async (archive) => {
    const wado = (of: Image, more = ''): string =>
      `/wado?requestType=WADO&studyUID=${of.studyUid}&seriesUID=${of.seriesUid}&objectUID=${of.sopInstanceUid}${more}`;
    assert.equal((await get(archive, wado(grey))).headers.get('content-type'), 'image/jpeg');
    const png = await raw(await get(archive, wado(grey, '&contentType=image/png&windowCenter=100&windowWidth=1')));
    assert.deepEqual(
      png.values,
      ramp.map((value) => (value <= 99.5 ? 0 : 255)),
    );
    const part = await raw(
      await get(archive, wado(frames, '&contentType=image/png&frameNumber=2&region=0,0,0.25,0.5')),
    );
    assert.deepEqual([part.width, part.height, part.values[0]], [4, 4, shades.at(-1)]);
    const file = await get(archive, wado(grey, '&contentType=application/dicom'));
    assert.deepEqual(Buffer.from(file.body.slice(-grey.dataSet.length)), Buffer.from(grey.dataSet));
    const implicit = await get(archive, wado(grey, `&contentType=application/dicom&transferSyntax=${IMPLICIT_LE}`));
    assert.equal(implicit.headers.get('content-type'), `application/dicom; transfer-syntax=${IMPLICIT_LE}`);
    assert.equal((await get(archive, wado(report))).headers.get('content-type')?.split(';')[0], 'application/dicom');
    assert.equal((await get(archive, wado(report, '&contentType=image/jpeg'))).status, 406);
    for (const more of ['&anonymize=yes', '&rows=0', '&windowCenter=1']) {
      assert.equal((await get(archive, wado(grey, more))).status, 400, more);
    }
    assert.equal((await get(archive, wado({ ...grey, sopInstanceUid: '2.25.9' }))).status, 404);
  },
};

test('pictures', async (t) => {
  const archive = await startArchive(t);
  for (const each of [...images, report]) await storeImage(archive, each);
  for (const [name, run] of Object.entries(cases)) await t.test(name, () => run(archive));
  await t.test('video is no picture: its reason is named', async () => {
    const video = { ...rgb, transferSyntaxUid: MPEG4, sopInstanceUid: '2.25.700.2.9' };
    const dataSet = writeDataSet(
      dataSetOf([
        textElement(T.SOPClassUID, 'UI', video.sopClassUid),
        textElement(T.SOPInstanceUID, 'UI', video.sopInstanceUid),
        textElement(T.StudyInstanceUID, 'UI', video.studyUid),
        textElement(T.SeriesInstanceUID, 'UI', video.seriesUid),
        ...imagePixels({ photometric: 'RGB', samples: 3, bits: 8, values: [] }).slice(0, -1),
        encapsulated(T.PixelData, [new Uint8Array(0), Uint8Array.of(0, 0, 1, 0xba)]),
      ]),
      { explicitVr: true, littleEndian: true },
    );
    await storeImage(archive, { ...video, dataSet });
    const refused = await get(archive, rendered(video));
    assert.deepEqual([refused.status, codeOf(refused)], [406, 'pixel/unsupported']);
  });
});
