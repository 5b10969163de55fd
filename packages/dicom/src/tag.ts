/** A tag as eight upper-case hexadecimal digits, as the DICOM JSON model writes it: '0020000D'. */
export function tagText(tag: number): string {
  return tag.toString(16).toUpperCase().padStart(8, '0');
}

/** The tag of eight hexadecimal digits of either case; undefined for any other text. */
export function parseTag(text: string): number | undefined {
  return /^[0-9A-Fa-f]{8}$/.test(text) ? Number.parseInt(text, 16) : undefined;
}

/** True for an element of a private group: an odd group number (PS3.5 7.8). */
export function isPrivate(tag: number): boolean {
  return (tag & 0x00010000) !== 0;
}

/** True for a Group Length (gggg,0000) (PS3.5 7.2). */
export function isGroupLength(tag: number): boolean {
  return (tag & 0xffff) === 0;
}

/** True for a Private Creator, (gggg,0010) to (gggg,00FF) of an odd group (PS3.5 7.8.1). */
export function isPrivateCreator(tag: number): boolean {
  const element = tag & 0xffff;
  return isPrivate(tag) && element >= 0x10 && element <= 0xff;
}
