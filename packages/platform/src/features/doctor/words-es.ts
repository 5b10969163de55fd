/** The languages of what an engineer reads. */
export const LANGUAGES = ['es', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

/** What was found; for what is not good, why, and what to do. `{name}` is a fact of the finding. */
type Words = readonly [found: string, cause?: string, action?: string];

const SPANISH = {
  'tcp.open': ['{host}:{port} contesta, en {ms} ms'],
  'tcp.refused': [
    '{host} rechaza la conexión al puerto {port} ({error})',
    'El equipo está encendido, pero nada escucha en ese puerto, o un cortafuegos lo rechaza.',
    'Confirme con el proveedor el puerto DICOM y que el servicio esté iniciado; revise el cortafuegos.',
  ],
  'tcp.silent': [
    '{host}:{port} no contesta ({error})',
    'El equipo está apagado, la dirección es otra o un cortafuegos descarta los paquetes.',
    'Haga ping a {host}, revise la dirección en el registro y pida que se abra el puerto {port} desde este servidor.',
  ],
  'tcp.no-name': [
    'el nombre {host} no se resuelve ({error})',
    'El DNS de este servidor no conoce ese nombre.',
    'Corrija el nombre en el registro o use la dirección IP: acervo systems set {aeTitle} host=...',
  ],
  'tcp.no-way': [
    'no hay camino a {host}:{port} ({error})',
    'Falta una ruta de red, o la interfaz está desconectada.',
    'Revise la red y las rutas (VPN, VLAN) entre este servidor y {host}.',
  ],
  'tls.off': ['sin TLS, según el registro'],
  'tls.safe': ['{version} {cipher}; certificado de {subject}, válido hasta {validTo}'],
  'tls.ending': [
    'el certificado de {subject} vence pronto: {validTo}',
    'Cuando venza, las conexiones se rechazarán.',
    'Pida al responsable de {aeTitle} que lo renueve antes de esa fecha.',
  ],
  'tls.handshake': [
    'no se acuerda TLS: {detail}',
    'El otro lado no habla TLS en ese puerto, no comparte versión o cifrado, o no acepta nuestro certificado.',
    'Compare el puerto TLS (2762), el perfil (ACERVO_TLS_PROFILE) y que el otro lado confíe en nuestra autoridad.',
  ],
  'tls.expired': [
    'el certificado de {aeTitle} no está vigente: {validTo}',
    'Venció, todavía no empieza a valer, o uno de los dos relojes está mal.',
    'Renueve el certificado en {aeTitle}; revise la hora de ambos equipos.',
  ],
  'tls.revoked': [
    'el certificado de {aeTitle} está revocado ({detail})',
    'Su autoridad lo anuló; puede haberse perdido la llave.',
    'No lo use. Pida un certificado nuevo para {aeTitle} y registre su huella.',
  ],
  'tls.untrusted': [
    'el certificado no es de una autoridad de confianza ({detail})',
    'Lo emitió {issuer}, que no está en ACERVO_TLS_CA_FILE, o falta un certificado intermedio.',
    'Agregue la autoridad correcta a ACERVO_TLS_CA_FILE, o pida a {aeTitle} un certificado de la autoridad nacional.',
  ],
  'tls.crl': [
    'no se puede juzgar si el certificado está revocado ({detail})',
    'Falta la lista de revocación (CRL) de su autoridad, o está vencida.',
    'Descargue la CRL vigente a ACERVO_TLS_CRL_FILE.',
  ],
  'tls.wrong-name': [
    'el certificado es de otro sistema: {identities}',
    'Contesta otro equipo, o el certificado cambió y el registro no.',
    'Si el equipo es el correcto: acervo systems set {aeTitle} certificates={identities}',
  ],
  'association.accepted': ['aceptada en {ms} ms por {version} ({implementation})'],
  'rejected.called': [
    'rechazada: no reconoce el título AE llamado, {aeTitle} ({result}/{source}/{reason})',
    'Se llama de otra forma (mayúsculas y guiones cuentan). Algunos, como DCMTK, dicen lo mismo si no nos conocen.',
    'Pida el título AE exacto y corríjalo en el registro; confirme que nuestro título AE esté dado de alta en él.',
  ],
  'rejected.calling': [
    'rechazada: no reconoce nuestro título AE ({result}/{source}/{reason})',
    'El otro sistema no tiene dado de alta este archivo, o espera otra dirección o puerto nuestros.',
    'Pida que den de alta nuestro título AE (ACERVO_AE_TITLE), dirección y puerto en {aeTitle}.',
  ],
  'rejected.busy': [
    'rechazada por ahora: está ocupado o llegó a su límite ({result}/{source}/{reason})',
    'Tiene demasiadas asociaciones abiertas, o está arrancando.',
    'Intente más tarde; si se repite, baje associationsMax de {aeTitle} o suba su límite.',
  ],
  'rejected.application': [
    'rechazada: no acepta el contexto de aplicación ({result}/{source}/{reason})',
    'No es un servidor DICOM usual, o un intermediario altera el mensaje.',
    'Confirme con el proveedor que el puerto {port} es de DICOM.',
  ],
  'rejected.version': [
    'rechazada: no habla la versión 1 del protocolo ({result}/{source}/{reason})',
    'El otro lado no es conforme a PS3.8.',
    'Repórtelo al proveedor.',
  ],
  'rejected.no-reason': [
    'rechazada sin decir por qué ({result}/{source}/{reason})',
    'Suele ser un título AE o una dirección que no están dados de alta del otro lado.',
    'Revise la bitácora de {aeTitle} a esta hora, y nuestro alta en él.',
  ],
  'peer.http': [
    'en {port} contesta un servidor web, no DICOM',
    'El puerto es el de HTTP.',
    'Pida el puerto DICOM de {aeTitle} (a menudo 104, 11112 o 4242) y corríjalo en el registro.',
  ],
  'peer.tls': [
    'en {port} se habla TLS y el registro dice que no',
    'El puerto es el de DICOM con TLS (a menudo 2762).',
    'acervo systems set {aeTitle} tls=yes, con certificados en ambos lados; o use el puerto sin TLS.',
  ],
  'peer.other': [
    'lo que contesta en {port} no es DICOM ({detail})',
    'El puerto es de otro servicio.',
    'Pida el puerto DICOM de {aeTitle} y corríjalo en el registro.',
  ],
  'peer.silent': [
    'la conexión se abre, pero la asociación no prospera ({detail})',
    'El otro lado cierra o calla: puede admitir solo ciertas direcciones, pedir TLS o estar detenido.',
    'Revise la bitácora de {aeTitle} a esta hora, su lista de direcciones y si pide TLS.',
  ],
  'association.lost': [
    'la asociación se perdió ({detail})',
    'El otro lado la abortó o dejó de contestar.',
    'Revise la bitácora de {aeTitle} a esta hora.',
  ],
  'contexts.accepted': ['acepta: {accepted}; rechaza {refused}'],
  'contexts.none': [
    'no acepta ninguno de los {refused} contextos propuestos',
    'Quizá no nos autoriza ningún servicio.',
    'Pida que habiliten los servicios para nuestro título AE en {aeTitle}.',
  ],
  'contexts.no-storage': [
    'es destino de C-MOVE y no acepta almacenamiento; solo {accepted}',
    'No está habilitado como receptor, o no nos autoriza a enviar.',
    'Habilite C-STORE SCP en {aeTitle}, o quítelo como destino: isMoveDestination=no.',
  ],
  'contexts.syntaxes': [
    'no acepta las sintaxis sin compresión para: {syntaxes}',
    'Rechaza Implicit y Explicit VR Little Endian, que todo SCP debe aceptar (PS3.5 10.1).',
    'Habilite Implicit VR Little Endian en {aeTitle}.',
  ],
  'pdu.fine': ['PDU máxima de {bytes} bytes'],
  'pdu.unlimited': ['PDU máxima sin límite'],
  'pdu.small': [
    'PDU máxima de solo {bytes} bytes',
    'Los envíos serán lentos.',
    'Súbala en {aeTitle} a 16384 o más; 131072 es lo usual.',
  ],
  'echo.answered': ['C-ECHO contestado en {ms} ms'],
  'echo.refused': [
    'no acepta Verification',
    'Todo SCP debe aceptar C-ECHO; lo demás puede funcionar.',
    'Pida que habiliten Verification para nuestro título AE.',
  ],
  'echo.failed': [
    'C-ECHO contestado con estado {status}',
    'El servicio contesta con error.',
    'Revise la bitácora de {aeTitle} a esta hora.',
  ],
  'find.refused': ['no acepta C-FIND (Study Root): se omite la consulta de prueba'],
  'find.answered': ['C-FIND contestado en {ms} ms, con un estudio'],
  'find.nothing': ['C-FIND contestado en {ms} ms; no hay estudios desde {since}'],
  'find.denied': [
    'C-FIND negado ({status})',
    'No nos autoriza a consultar.',
    'Pida permiso de consulta para nuestro título AE en {aeTitle}.',
  ],
  'find.failed': [
    'C-FIND contestado con estado {status}',
    'No entendió la consulta o falló al hacerla.',
    'Revise la bitácora de {aeTitle} a esta hora.',
  ],
  'charset.ascii': ['el nombre visto no necesita juego de caracteres (declara {declared})'],
  'charset.declared': ['declara {declared}; el registro dice {agreed}'],
  'charset.undeclared': [
    'envía letras fuera de ASCII sin declarar (0008,0005); el registro dice {agreed}',
    'Ñ y acentos se leerán según el juego del registro o de la configuración.',
    'Configure el juego en {aeTitle}; mientras, acervo systems set {aeTitle} charset="ISO_IR 100".',
  ],
} as const satisfies Readonly<Record<string, Words>>;

export type FindingCode = keyof typeof SPANISH;
export type Catalogue = Readonly<Record<FindingCode, Words>>;

export const SPANISH_WORDS: Catalogue = SPANISH;
