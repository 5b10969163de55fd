import type { Catalogue } from './words-es.ts';

export const ENGLISH_WORDS: Catalogue = {
  'tcp.open': ['{host}:{port} answers, in {ms} ms'],
  'tcp.refused': [
    '{host} refuses the connection to port {port} ({error})',
    'The machine is on, but nothing listens on that port, or a firewall rejects it.',
    'Confirm the DICOM port with the vendor, and that the service runs; look at the firewall.',
  ],
  'tcp.silent': [
    '{host}:{port} does not answer ({error})',
    'The machine is off, the address is another, or a firewall drops the packets.',
    'Ping {host}, compare the address in the registry, have port {port} opened from this server.',
  ],
  'tcp.no-name': [
    'the name {host} does not resolve ({error})',
    'The DNS of this server does not know it.',
    'Correct the name in the registry, or use the address: acervo systems set {aeTitle} host=...',
  ],
  'tcp.no-way': [
    'there is no way to {host}:{port} ({error})',
    'A network route is missing, or the interface is down.',
    'Look at the network and its routes (VPN, VLAN) between this server and {host}.',
  ],
  'tls.off': ['without TLS, as the registry says'],
  'tls.safe': ['{version} {cipher}; certificate of {subject}, valid until {validTo}'],
  'tls.ending': [
    'the certificate of {subject} expires soon: {validTo}',
    'Once it has, connections are refused.',
    'Ask whoever runs {aeTitle} to renew it before that.',
  ],
  'tls.handshake': [
    'no TLS was agreed on: {detail}',
    'The other side speaks no TLS on that port, shares no version or cipher, or refuses our certificate.',
    'Compare the TLS port (2762), the profile (ACERVO_TLS_PROFILE), and whether it trusts our authority.',
  ],
  'tls.expired': [
    'the certificate of {aeTitle} is not in force: {validTo}',
    'It has expired or is not valid yet, or one of the two clocks is wrong.',
    'Renew the certificate at {aeTitle}; compare the time of both machines.',
  ],
  'tls.revoked': [
    'the certificate of {aeTitle} is revoked ({detail})',
    'Its authority took it back; its key may have been lost.',
    'Do not use it. Ask for a new certificate of {aeTitle} and register its fingerprint.',
  ],
  'tls.untrusted': [
    'the certificate is of no authority that is trusted ({detail})',
    'It was issued by {issuer}, which is not in ACERVO_TLS_CA_FILE, or an intermediate certificate is missing.',
    'Add the right authority to ACERVO_TLS_CA_FILE, or ask {aeTitle} for a certificate of the national authority.',
  ],
  'tls.crl': [
    'it cannot be judged whether the certificate is revoked ({detail})',
    'The revocation list (CRL) of its authority is missing, or has expired.',
    'Download the current CRL to ACERVO_TLS_CRL_FILE.',
  ],
  'tls.wrong-name': [
    'the certificate is of another system: {identities}',
    'Another machine answers, or the certificate has changed and the registry has not.',
    'If it is the right machine: acervo systems set {aeTitle} certificates={identities}',
  ],
  'association.accepted': ['accepted in {ms} ms by {version} ({implementation})'],
  'rejected.called': [
    'rejected: it does not know the called AE title, {aeTitle} ({result}/{source}/{reason})',
    'It has another title (capitals and hyphens count). Some, as DCMTK, say the same when they do not know us.',
    'Ask for the exact AE title and correct it in the registry; confirm that our AE title is registered there.',
  ],
  'rejected.calling': [
    'rejected: it does not know our AE title ({result}/{source}/{reason})',
    'This archive is not registered there, or with another address or port.',
    'Have our AE title (ACERVO_AE_TITLE), address and port registered at {aeTitle}.',
  ],
  'rejected.busy': [
    'rejected for now: it is busy or at its limit ({result}/{source}/{reason})',
    'It has too many associations open, or is starting.',
    'Try later; if it goes on, lower associationsMax of {aeTitle} or raise its limit.',
  ],
  'rejected.application': [
    'rejected: it does not support the application context ({result}/{source}/{reason})',
    'It is no usual DICOM server, or something between alters the message.',
    'Confirm with the vendor that port {port} is DICOM.',
  ],
  'rejected.version': [
    'rejected: it does not speak version 1 of the protocol ({result}/{source}/{reason})',
    'The other side does not conform to PS3.8.',
    'Report it to the vendor.',
  ],
  'rejected.no-reason': [
    'rejected without a reason ({result}/{source}/{reason})',
    'Most often an AE title or address that is not registered at the other side.',
    'Look at the log of {aeTitle} at this time, and how we are registered there.',
  ],
  'peer.http': [
    'a web server answers on {port}, not DICOM',
    'The port is that of HTTP.',
    'Ask for the DICOM port of {aeTitle} (often 104, 11112 or 4242) and correct it in the registry.',
  ],
  'peer.tls': [
    'TLS is spoken on {port}, and the registry says it is not',
    'The port is that of DICOM over TLS (often 2762).',
    'acervo systems set {aeTitle} tls=yes, with certificates on both sides; or use the port without TLS.',
  ],
  'peer.other': [
    'what answers on {port} is not DICOM ({detail})',
    'The port is of another service.',
    'Ask for the DICOM port of {aeTitle} and correct it in the registry.',
  ],
  'peer.silent': [
    'the connection opens, but no association comes of it ({detail})',
    'The other side closes or keeps silent: it may let certain addresses in only, want TLS, or be stuck.',
    'Look at the log of {aeTitle} at this time, its list of addresses, and whether it wants TLS.',
  ],
  'association.lost': [
    'the association was lost ({detail})',
    'The other side aborted it, or no longer answers.',
    'Look at the log of {aeTitle} at this time.',
  ],
  'contexts.accepted': ['accepts: {accepted}; refuses {refused}'],
  'contexts.none': [
    'accepts none of the {refused} contexts that were proposed',
    'We may be authorised for no service.',
    'Have the services enabled for our AE title at {aeTitle}.',
  ],
  'contexts.no-storage': [
    'is a destination of C-MOVE and accepts no storage; only {accepted}',
    'It is not set up as a receiver, or does not let us send.',
    'Enable C-STORE SCP at {aeTitle}, or let it be no destination: isMoveDestination=no.',
  ],
  'contexts.syntaxes': [
    'does not accept the uncompressed syntaxes for: {syntaxes}',
    'It refuses Implicit and Explicit VR Little Endian, which every SCP must accept (PS3.5 10.1).',
    'Enable Implicit VR Little Endian at {aeTitle}.',
  ],
  'pdu.fine': ['maximum PDU of {bytes} bytes'],
  'pdu.unlimited': ['maximum PDU without a limit'],
  'pdu.small': [
    'maximum PDU of {bytes} bytes only',
    'Sending will be slow.',
    'Raise it at {aeTitle} to 16384 or more; 131072 is usual.',
  ],
  'echo.answered': ['C-ECHO answered in {ms} ms'],
  'echo.refused': [
    'does not accept Verification',
    'Every SCP must accept C-ECHO; the rest may work.',
    'Have Verification enabled for our AE title.',
  ],
  'echo.failed': [
    'C-ECHO answered with status {status}',
    'The service answers with an error.',
    'Look at the log of {aeTitle} at this time.',
  ],
  'find.refused': ['does not accept C-FIND (Study Root): the test query is left out'],
  'find.answered': ['C-FIND answered in {ms} ms, with a study'],
  'find.nothing': ['C-FIND answered in {ms} ms; there are no studies since {since}'],
  'find.denied': [
    'C-FIND denied ({status})',
    'We are not authorised to query.',
    'Ask for the right to query for our AE title at {aeTitle}.',
  ],
  'find.failed': [
    'C-FIND answered with status {status}',
    'It did not understand the query, or failed at it.',
    'Look at the log of {aeTitle} at this time.',
  ],
  'charset.ascii': ['the name that was seen needs no character set (declares {declared})'],
  'charset.declared': ['declares {declared}; the registry says {agreed}'],
  'charset.undeclared': [
    'sends letters beyond ASCII without declaring (0008,0005); the registry says {agreed}',
    'Ñ and accents will be read by the set of the registry or the configuration.',
    'Set the character set at {aeTitle}; until then, acervo systems set {aeTitle} charset="ISO_IR 100".',
  ],
};
