import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  HTJ2K_LOSSLESS,
  isLossyCoding,
  JPEG_LS_LOSSLESS,
  PIXEL_CODINGS,
  RLE_LOSSLESS,
} from '@acervo/dicom/pixel/codings.ts';
import { rgbOf } from '@acervo/dicom/pixel/colour.ts';
import { type Samples, samplesOf } from '@acervo/dicom/pixel/samples.ts';
import { EXPLICIT_LE, IMPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { needsPeer } from '@acervo/testkit/peers.ts';
import { needsShared } from '@acervo/testkit/shared.ts';
import { type ArchiveProcess, scratch, startArchive } from '../harness/archive-process.ts';
import { type CorpusFile, headOf, objectOf } from '../harness/corpus.ts';
import { decodedByPeer, JPEG_2000, kindsOfPixels, type Pixels, pixelsOf, renamed } from '../harness/pixel-peers.ts';
import { instanceUrl } from '../harness/retrieved.ts';
import { runPeer } from '../harness/run-peer.ts';
import { stow } from '../harness/stow.ts';
import { institutionOf } from './corpus-outcome.ts';

const TARGETS = [EXPLICIT_LE, IMPLICIT_LE, RLE_LOSSLESS, JPEG_LS_LOSSLESS, HTJ2K_LOSSLESS];
/** Of what the corpus has in kinds of pixels. */
const COMPARED_MIN = 150;
const DCT_MEAN_MAX = 0.5;
/** Their inverse is in floating point: two decoders may round apart. */
const LOSSY_WAVELETS = ['1.2.840.10008.1.2.4.91', '1.2.840.10008.1.2.4.203'];

const difference = (a: Samples, b: Samples): { most: number; mean: number } => {
  let [most, sum] = [0, 0];
  for (let index = 0; index < a.length; index++) {
    const apart = Math.abs((a[index] as number) - (b[index] as number));
    most = Math.max(most, apart);
    sum += apart;
  }
  return { most, mean: sum / a.length };
};

/** Values of all frames; where we gave a DCT stream out as RGB, the peer's Y Cb Cr too. */
function valuesOf({ description, frames }: Pixels, like: Pixels['description']): Samples[] {
  return frames.map((bytes) => {
    const samples = samplesOf({ description, bytes });
    const isYbr = description.photometricInterpretation.startsWith('YBR') && like.photometricInterpretation === 'RGB';
    return isYbr ? rgbOf(samples, description, undefined) : samples;
  });
}

async function answered(archive: ArchiveProcess, file: CorpusFile, institution: string, target: string) {
  const answer = await fetch(instanceUrl(archive.http, objectOf(file), institution), {
    headers: { accept: `application/dicom; transfer-syntax=${target}` },
  });
  assert.equal(answer.status, 200, `${file.path} ${target}`);
  return new Uint8Array(await answer.arrayBuffer());
}

/** What transcoding changes; of all else the judge says more or less, as it can read one syntax and not another. */
const OF_PIXELS = /Pixel|Photometric|Planar|Bits|High Bit|Samples|Lossy/;
/**
 * The US Image module wants YBR_FULL by plane and compressed only (PS3.3 C.8.5.6.1). Samples stay what they were:
 * as RGB they would be other ones.
 */
const OF_ULTRASOUND = /<YBR_FULL> for value 1|<0> for value 1 of attribute <Planar Configuration>/;

/** Errors that dciodvfy finds; it knows HTJ2K by the name of JPEG 2000 only. */
async function errorsOf(folder: string, file: Uint8Array): Promise<Set<string>> {
  const path = join(folder, 'judged.dcm');
  writeFileSync(path, PIXEL_CODINGS.get(headOf(file).transferSyntaxUid) === 'htj2k' ? renamed(file, JPEG_2000) : file);
  const { output } = await runPeer('dciodvfy', [path]);
  const errors = output.split('\n').filter((line) => line.startsWith('Error'));
  return new Set(errors.filter((line) => OF_PIXELS.test(line) && !OF_ULTRASOUND.test(line)));
}

type Judged = { folder: string; file: CorpusFile; reference: Pixels; known: ReadonlySet<string> };

/** What is wrong with an answer, by peers that decode it and judge it. */
async function complaintsOf({ folder, file, reference, known }: Judged, made: Uint8Array): Promise<string[]> {
  const back = await decodedByPeer(folder, made);
  if (back === undefined) return ['no peer decodes it'];
  const ours = await pixelsOf(back);
  const fresh = [...(await errorsOf(folder, made))].filter((line) => !known.has(line));
  const [mine, theirs] = [valuesOf(ours, ours.description), valuesOf(reference, ours.description)];
  if (mine.length !== theirs.length) return [...fresh, `${mine.length} frames in place of ${theirs.length}`];
  const apart = mine.map((samples, at) => difference(samples, theirs[at] as Samples));
  const worst = Math.max(...apart.map(({ most }) => most));
  const mean = Math.max(...apart.map((each) => each.mean));
  const { transferSyntaxUid: stored } = headOf(file.bytes);
  const isDct = isLossyCoding(stored) && PIXEL_CODINGS.get(stored) === 'jpeg';
  // Two decoders of DCT may round apart; chroma that was subsampled is spread in two ways.
  const isIrreversible = LOSSY_WAVELETS.includes(stored);
  const isApart = isDct ? mean > DCT_MEAN_MAX : worst > (isIrreversible ? 1 : 0);
  return isApart ? [...fresh, `most ${worst}, mean ${mean.toFixed(3)}`] : fresh;
}

test('every kind of pixels, in every transfer syntax that is made', async (t) => {
  const commands = ['dcmdrle', 'dcmdjpeg', 'dcmdjpls', 'gdcmconv', 'dciodvfy'];
  if (!needsShared(t) || !commands.every((command) => needsPeer(t, command))) return;
  const folder = scratch(t, 'transcoding');
  const archive = await startArchive(t, join(folder, 'data'));
  const complaints: string[] = [];
  let compared = 0;
  for (const [index, file] of kindsOfPixels().entries()) {
    const institution = institutionOf('TC', index);
    // What is no object of any study is refused at the door: see the tests of storing.
    if ((await stow({ http: archive.http, institution }, [file.bytes])).status !== 200) continue;
    const decoded = await decodedByPeer(folder, file.bytes);
    const reference = decoded === undefined ? undefined : await pixelsOf(decoded).catch(() => undefined);
    if (reference === undefined) continue;
    const { description } = await pixelsOf(file.bytes);
    const known = await errorsOf(folder, file.bytes);
    for (const target of TARGETS) {
      const made = await answered(archive, file, institution, target);
      const { transferSyntaxUid } = headOf(made);
      // What cannot be made comes as it is stored, and says so.
      const isMade = transferSyntaxUid === target;
      if (isMade) compared += 1;
      // No peer here decodes single bits in RLE.
      const isJudged = isMade && !(target === RLE_LOSSLESS && description.bitsAllocated === 1);
      const found = isJudged ? await complaintsOf({ folder, file, reference, known }, made) : [];
      if (!isMade && !isRefusedRightly(target, description)) found.push(`came as ${transferSyntaxUid}`);
      complaints.push(...found.map((what) => `${file.path} ${target}: ${what}`));
    }
  }
  assert.deepEqual(complaints, []);
  assert.ok(compared >= COMPARED_MIN, `${compared} compared`);
});

/**
 * What the target has no room for (PS3.5 8.2): widths other than 8 and 16 in JPEG-LS and HTJ2K, colours other than RGB
 * of 8 bits in HTJ2K (decision record 0022), frames of bits that end within a byte in native syntaxes.
 */
function isRefusedRightly(target: string, of: Pixels['description']): boolean {
  const { bitsAllocated, bitsStored, samplesPerPixel, photometricInterpretation } = of;
  const isOtherColour = samplesPerPixel === 3 && (bitsStored > 8 || photometricInterpretation.startsWith('YBR'));
  if (target === HTJ2K_LOSSLESS && isOtherColour) return true;
  if (target === JPEG_LS_LOSSLESS || target === HTJ2K_LOSSLESS) return bitsAllocated !== 8 && bitsAllocated !== 16;
  return bitsAllocated === 1 && target !== RLE_LOSSLESS;
}
