/**
 * LO: 64 characters, no backslash (PS3.5 6.2). There are programs, dciodvfy among them, that count bytes: of whatever
 * character set it comes to be, none takes more than UTF-8. A longer text is cut: the whole one stands in the report.
 */
const LINE_BYTES_MAX = 64;

export function line(text: string): string {
  const plain = text.replaceAll(/[\\\p{Cc}]/gu, ' ').toWellFormed();
  const { read } = new TextEncoder().encodeInto(plain, new Uint8Array(LINE_BYTES_MAX));
  return plain.slice(0, read).trim();
}
