import assert from 'node:assert/strict';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';

/**
 * True when a peer's command (DCMTK, dicom3tools, Orthanc ...) is on the PATH; else the test is skipped
 * with a clear word. Where ACERVO_REQUIRE_PEERS=1 (continuous integration), its absence is an error.
 */
export function needsPeer(t: TestContext, command: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  if (folders.some((folder) => isExecutable(join(folder, command)))) return true;
  assert.notEqual(process.env['ACERVO_REQUIRE_PEERS'], '1', `${command} is required here`);
  t.skip(`no ${command} on this machine`);
  return false;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // absent or not ours to run: both mean that the peer cannot be used
  }
}
