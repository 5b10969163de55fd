import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runPeer } from './run-peer.ts';

/**
 * What DCMTK's converter makes of a file: one encoding for what DCMTK may have encoded otherwise on the way.
 * @param folder for files that are of no use afterwards
 * @param isNative in Implicit VR, as it has no place for the VR that an unknown attribute lost on the way
 */
export async function canonicalDataSet(folder: string, file: Uint8Array, isNative: boolean): Promise<Uint8Array> {
  const [from, to] = [join(folder, 'from.dcm'), join(folder, 'to.dcm')];
  writeFileSync(from, file);
  const { code, output } = await runPeer('dcmconv', [isNative ? '+ti' : '+t=', '-g', '+e', '-F', from, to]);
  assert.equal(code, 0, output);
  return readFileSync(to);
}
