import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { runPeer } from './run-peer.ts';

/** Debian's, which python3-pydicom is for; another one may stand before it on the PATH. */
const PYTHON = '/usr/bin/python3';

/** True where pydicom is installed; else the test is skipped, as by `needsPeer`. */
export async function needsPydicom(t: TestContext): Promise<boolean> {
  const isThere = existsSync(PYTHON) && (await runPeer(PYTHON, ['-c', 'import pydicom, numpy'])).code === 0;
  if (isThere) return true;
  assert.notEqual(process.env['ACERVO_REQUIRE_PEERS'], '1', 'pydicom is required here');
  t.skip('no pydicom on this machine');
  return false;
}

/** The first frame of a native image in Y Cb Cr, as RGB: converted with floating point numbers. */
const TO_RGB = `
import sys, pydicom
try:
    from pydicom.pixels.processing import convert_color_space
except ImportError:
    from pydicom.pixel_data_handlers.util import convert_color_space
image = pydicom.dcmread(sys.argv[1])
frame = image.pixel_array
if int(image.get('NumberOfFrames', 1)) > 1:
    frame = frame[0]
rgb = convert_color_space(frame, image.PhotometricInterpretation, 'RGB')
rows, columns, _ = rgb.shape
with open(sys.argv[2], 'wb') as file:
    file.write(b'P6\\n%d %d\\n255\\n' % (columns, rows) + rgb.tobytes())
`;

/** Writes a binary PPM. @returns whether it could */
export async function convertedToRgb(from: string, to: string): Promise<boolean> {
  return (await runPeer(PYTHON, ['-c', TO_RGB, from, to])).code === 0;
}
