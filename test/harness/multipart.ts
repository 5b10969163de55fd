import assert from 'node:assert/strict';

export type Part = { contentType: string; body: Uint8Array };

const SEPARATOR = Buffer.from('\r\n\r\n');

/** The parts of a multipart answer, cut by a reader that shares nothing with the archive's own (RFC 2046 5.1.1). */
export async function partsOf(answer: Response): Promise<Part[]> {
  const type = answer.headers.get('content-type') ?? '';
  const boundary = /^multipart\/related;.*boundary="?([^";]+)"?/.exec(type)?.[1];
  assert.ok(boundary, `no multipart: ${type}`);
  const bytes = Buffer.from(await answer.arrayBuffer());
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  // The first delimiter needs no line end before it.
  let at = bytes.indexOf(`--${boundary}`) + boundary.length + 2;
  const parts: Part[] = [];
  while (bytes.toString('latin1', at, at + 2) !== '--') {
    const headEnd = bytes.indexOf(SEPARATOR, at);
    const end = bytes.indexOf(delimiter, headEnd);
    assert.ok(headEnd >= 0 && end >= 0, 'a part is cut');
    const head = bytes.toString('latin1', at, headEnd);
    parts.push({
      contentType: /^content-type: *(.*)$/im.exec(head)?.[1] ?? '',
      body: bytes.subarray(headEnd + SEPARATOR.length, end),
    });
    at = end + delimiter.length;
  }
  return parts;
}
