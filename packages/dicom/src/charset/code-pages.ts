/**
 * The upper halves of code pages that no DICOM term names but devices write: what a device's default may
 * say instead of a term. The 128 characters of bytes 0x80 to 0xFF, U+FFFD where a byte has no character.
 */
const CP437 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐' +
  '└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';
const CP850 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐' +
  '└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u00ad±‗¾¶§÷¸°¨·¹³²■\u00a0';

const UPPER_HALF = Uint8Array.from({ length: 128 }, (_, index) => 0x80 + index);

/** TextDecoder gives C1 controls where a Windows page has a hole: they are no characters here either. */
function windowsPage(label: string): string {
  return new TextDecoder(label).decode(UPPER_HALF).replaceAll(/[\u0080-\u009f]/g, '\ufffd');
}

/** Upper halves by name, made when first asked for. */
export const CODE_PAGES: Readonly<Record<string, () => string>> = {
  CP437: () => CP437,
  CP850: () => CP850,
  'WINDOWS-1250': () => windowsPage('windows-1250'),
  'WINDOWS-1251': () => windowsPage('windows-1251'),
  'WINDOWS-1252': () => windowsPage('windows-1252'),
  'WINDOWS-1253': () => windowsPage('windows-1253'),
  'WINDOWS-1254': () => windowsPage('windows-1254'),
  'WINDOWS-1255': () => windowsPage('windows-1255'),
  'WINDOWS-1256': () => windowsPage('windows-1256'),
  'WINDOWS-1257': () => windowsPage('windows-1257'),
  'WINDOWS-1258': () => windowsPage('windows-1258'),
};
