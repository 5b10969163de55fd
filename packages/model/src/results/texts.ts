/** LO: 64 characters, no backslash (PS3.5 6.2). A longer text is cut: the whole one stands in the report. */
const LINE_CHARS_MAX = 64;

export const line = (text: string): string =>
  [...text.replaceAll(/[\\\p{Cc}]/gu, ' ')].slice(0, LINE_CHARS_MAX).join('').trim();
