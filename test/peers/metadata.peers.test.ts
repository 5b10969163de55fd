import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { DicomJson } from '@acervo/dicom/json/to-json.ts';
import { FAILURES } from '@acervo/kernel/failure.ts';
import { needsPeer } from '@acervo/testkit/peers.ts';
import { needsShared } from '@acervo/testkit/shared.ts';
import { scratch, startArchive } from '../harness/archive-process.ts';
import { corpusFile, corpusFiles, objectOf } from '../harness/corpus.ts';
import { peakRssMib } from '../harness/memory.ts';
import { instanceUrl } from '../harness/retrieved.ts';
import { stow } from '../harness/stow.ts';
import { REFUSED } from './corpus-expectations.ts';
import { institutionOf } from './corpus-outcome.ts';
import { dcm2json, normal } from './dcm2json.ts';

/** Files in which the peer and we differ, and why the peer is not followed there. */
const FILES_APART: Readonly<Record<string, string>> = {
  'derived/charset/mis_cp850_bytes_declared_latin1.dcm': 'DCMTK drops a C1 control, we show it',
  'derived/charset/mis_latin1_bytes_declared_utf8.dcm': 'wrongly declared: DCMTK shows what is no name, we the name',
  'derived/charset/mis_utf8_bytes_declared_latin1.dcm': 'wrongly declared: DCMTK shows what is no name, we the name',
  'derived/hostile/deep_nesting.dcm': 'our reader stops at its depth limit',
};

/** Its pixels inflate beyond any measure: their address is answered with a problem, not with a cut body. */
const BOMB = 'derived/hostile/deflate_bomb.dcm';

/** Of 378 files that are stored: the peer refuses some whose character set it cannot decode. */
const COMPARED_MIN = 350;
const PIXEL_DATA = '7FE00010';
const TRAILING_PADDING = 'FFFCFFFC';

async function get(url: string, accept: string): Promise<Uint8Array> {
  const answer = await fetch(url, { headers: { accept } });
  const body = new Uint8Array(await answer.arrayBuffer());
  assert.equal(answer.status, 200, `${url}: ${new TextDecoder().decode(body.subarray(0, 300))}`);
  return body;
}

type Resolved = { json: DicomJson; bulkValues: number };

/** The metadata with every value that stands behind an address in its place. */
async function resolved(json: DicomJson): Promise<Resolved> {
  let bulkValues = 0;
  const elements: DicomJson = {};
  for (const [tag, element] of Object.entries(json)) {
    const { BulkDataURI, ...rest } = element;
    if (BulkDataURI !== undefined) {
      bulkValues += 1;
      const bytes = await bulkValue(BulkDataURI);
      elements[tag] = { ...rest, InlineBinary: Buffer.from(bytes).toString('base64') };
    } else if (element.vr === 'SQ') {
      const items: DicomJson[] = [];
      for (const item of element.Value ?? []) {
        const inner = await resolved(item as DicomJson);
        bulkValues += inner.bulkValues;
        items.push(inner.json);
      }
      elements[tag] = { ...rest, Value: items };
    } else {
      elements[tag] = element;
    }
  }
  return { json: elements, bulkValues };
}

/** One value as octets; compressed pixels come in parts, whose bytes the peer does not show. */
async function bulkValue(uri: string): Promise<Uint8Array> {
  const single = await fetch(uri, { headers: { accept: 'application/octet-stream' } });
  const body = new Uint8Array(await single.arrayBuffer());
  if (single.status === 200) return body;
  assert.equal(single.status, 406, uri);
  return get(uri, 'multipart/related; type="application/octet-stream"; transfer-syntax=*');
}

/** Of a copy that had to lose its compressed pixels, which takes padding with it, the peer says nothing of these. */
function withoutPixels(json: DicomJson): DicomJson {
  const kept = Object.entries(json).filter(([tag]) => tag !== PIXEL_DATA && tag !== TRAILING_PADDING);
  return Object.fromEntries(
    kept.map(([tag, element]) => [
      tag,
      element.vr === 'SQ'
        ? { ...element, Value: (element.Value ?? []).map((item) => withoutPixels(item as DicomJson)) }
        : element,
    ]),
  );
}

test('metadata that the archive serves are what dcm2json says, and every BulkDataURI leads to its value', async (t) => {
  if (!needsShared(t) || !needsPeer(t, 'dcm2json') || !needsPeer(t, 'dcmodify')) return;
  const folder = scratch(t, 'metadata');
  const archive = await startArchive(t, join(folder, 'data'));
  const copy = join(folder, 'object.dcm');
  const files = [...corpusFiles((path) => !(path in REFUSED) && path !== BOMB)];
  let compared = 0;
  let bulkValues = 0;
  for (const [index, file] of files.entries()) {
    const institution = institutionOf('M', index);
    assert.equal((await stow({ http: archive.http, institution }, [file.bytes])).status, 200, file.path);
    const url = `${instanceUrl(archive.http, objectOf(file), institution)}/metadata`;
    const served = JSON.parse(new TextDecoder().decode(await get(url, 'application/dicom+json'))) as DicomJson[];
    assert.equal(served.length, 1);
    const mine = await resolved(served[0] as DicomJson);
    bulkValues += mine.bulkValues;
    writeFileSync(copy, file.bytes);
    const theirs = dcm2json(copy);
    if (theirs === undefined) continue;
    compared += 1;
    if (file.path in FILES_APART) continue;
    const isErased = PIXEL_DATA in mine.json && !(PIXEL_DATA in theirs);
    const shown = isErased ? withoutPixels(mine.json) : mine.json;
    assert.deepEqual(normal(shown), normal(theirs, shown), file.path);
  }
  t.diagnostic(`${files.length} files, ${compared} compared, ${bulkValues} bulk values read`);
  assert.ok(compared >= COMPARED_MIN, `only ${compared} files compared`);
  assert.equal(await archive.stop(), 0);
});

test('a data set that inflates beyond any measure has metadata, and its pixels are refused, not cut', async (t) => {
  if (!needsShared(t)) return;
  const archive = await startArchive(t, join(scratch(t, 'bomb'), 'data'));
  const file = corpusFile(BOMB);
  assert.equal((await stow({ http: archive.http }, [file.bytes])).status, 200);
  const url = instanceUrl(archive.http, objectOf(file));
  const served = JSON.parse(
    new TextDecoder().decode(await get(`${url}/metadata`, 'application/dicom+json')),
  ) as DicomJson[];
  const uri = served[0]?.[PIXEL_DATA]?.BulkDataURI;
  assert.ok(uri);
  for (const [address, code] of [
    [uri, 'parse/limit'],
    [`${url}/frames/1`, 'retrieve/no-frame'],
  ] as const) {
    const answer = await fetch(address);
    assert.equal(((await answer.json()) as { type: string }).type, `urn:acervo:failure:${code}`);
    assert.equal(answer.status, FAILURES[code].http);
  }
  const peak = peakRssMib(archive.pid);
  t.diagnostic(`at most ${peak} MiB`);
  assert.ok(peak < 400);
});
