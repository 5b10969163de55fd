import { concat } from '@acervo/kernel/bytes.ts';

/** Where a message says that it comes from (RFC 5424 6.2). */
export type SyslogHeader = { at: string; hostname: string; appName: string; procId: string };

/** PS3.15 A.6: facility 10 (security/authorization), severity 5 (normal but significant). */
const PRI = 10 * 8 + 5;
/** PS3.15 A.6. IHE+RFC-3881 of ITI-20 is for messages of RFC 3881 itself, which DICOM's are no more. */
const MSGID = 'DICOM+RFC3881';
/** RFC 5424 6.4: a byte order mark says that the message is UTF-8. */
const BOM = '\ufeff';
const LENGTHS = { hostname: 255, appName: 48, procId: 128 } as const;

/** A message of RFC 5424 without structured data, framed by its length in octets (RFC 5425 4.3). */
export function syslogFrame(header: SyslogHeader, message: string): Uint8Array {
  const { hostname, appName, procId } = LENGTHS;
  const named = [
    printable(header.hostname, hostname),
    printable(header.appName, appName),
    printable(header.procId, procId),
  ].join(' ');
  const bytes = new TextEncoder().encode(`<${PRI}>1 ${header.at} ${named} ${MSGID} - ${BOM}${message}`);
  return concat([new TextEncoder().encode(`${bytes.length} `), bytes]);
}

/** PRINTUSASCII of RFC 5424 6: neither blanks nor anything beyond ASCII; NILVALUE where nothing is left. */
const printable = (text: string, lengthMax: number): string =>
  text.replaceAll(/[^\x21-\x7e]/g, '').slice(0, lengthMax) || '-';
