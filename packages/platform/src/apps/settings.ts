import { INFERENCE_SETTINGS } from './inference-settings.ts';
import { LIMIT_SETTINGS } from './limit-settings.ts';
import { LOGIN_SETTINGS } from './login-settings.ts';
import {
  choice,
  integer,
  list,
  optional,
  path,
  port,
  portOrOff,
  powerOfTwo,
  readOrigin,
  secret,
  url,
  words,
} from './setting.ts';
import { TLS_SETTINGS } from './tls-settings.ts';
import { WITNESS_SETTINGS } from './witness-settings.ts';

/** As libpq reads it, which allows more than a URL: no host, or several. */
const DATABASE_URL = /^postgres(ql)?:\/\/\S+$/;
const DATABASE_URL_RANGE = 'postgresql://...';
/** Code of an institution: it begins the names of members in the packs, so no separators. */
const INSTITUTION = /^[A-Z0-9][A-Z0-9._-]{0,23}$/;
const HOST = /^[A-Za-z0-9.:_-]{1,253}$/;
/** AE of PS3.5 6.2, trimmed: 16 characters of the default repertoire without backslash. */
const AE_TITLE = /^(?! )[ -[\]-~]{1,16}(?<! )$/;
const DEFINED_TERM = /^ISO_IR \d{1,3}$|^GB18030$|^GBK$/;
const AUDIT_SYSLOG =
  /^syslog\+(tls:\/\/[A-Za-z0-9.:[\]_-]{1,260}|tcp:\/\/(127(\.\d{1,3}){3}|\[::1\]|localhost)(:\d+)?)$/;
const LO = /^[^\\\p{Cc}]{0,64}$/u;

/** Everything that can be set. The one table: loading, `acervo config` and docs/configuration.md follow it. */
export const SETTINGS = {
  dataDir: path(
    { env: 'ACERVO_DATA_DIR', unit: 'path', doc: 'Where everything lies that the archive keeps.' },
    './data',
  ),
  httpPort: portOrOff(
    { env: 'ACERVO_HTTP_PORT', doc: 'Port of DICOMweb, the API and the console. 0: any free one; `off`: HTTPS only.' },
    8080,
  ),
  httpHost: words(
    { env: 'ACERVO_HTTP_HOST', unit: 'address', doc: 'Address that HTTP listens on.' },
    '127.0.0.1',
    HOST,
    'a host name or IP address',
  ),
  dimsePort: portOrOff(
    { env: 'ACERVO_DIMSE_PORT', doc: 'Port of DICOM associations (PS3.8). 0: any free one; `off`: over TLS only.' },
    11112,
  ),
  dimseHost: words(
    { env: 'ACERVO_DIMSE_HOST', unit: 'address', doc: 'Address that DICOM associations are accepted on.' },
    '127.0.0.1',
    HOST,
    'a host name or IP address',
  ),
  dimseTlsPort: port(
    {
      env: 'ACERVO_DIMSE_TLS_PORT',
      doc: 'Port of DICOM over TLS, open where a certificate and ACERVO_TLS_CA_FILE are set. 0: any free one.',
    },
    2762,
  ),
  httpsPort: port(
    { env: 'ACERVO_HTTPS_PORT', doc: 'Port of HTTPS, open where a certificate is set. 0: any free one.' },
    8443,
  ),
  ...TLS_SETTINGS,
  ...LOGIN_SETTINGS,
  aeTitle: words(
    { env: 'ACERVO_AE_TITLE', unit: 'AE title', doc: 'Application Entity Title of the archive.' },
    'ACERVO',
    AE_TITLE,
    '1 to 16 characters without backslash, control or outer space',
  ),
  databaseUrl: secret(
    optional(
      words(
        { env: 'ACERVO_DATABASE_URL', unit: 'URL', doc: 'PostgreSQL 15 or later of an operator. Absent: our own.' },
        '',
        DATABASE_URL,
        DATABASE_URL_RANGE,
      ),
    ),
  ),
  databaseOwnerUrl: secret(
    optional(
      words(
        {
          env: 'ACERVO_DATABASE_OWNER_URL',
          unit: 'URL',
          doc: 'The same database as the owner of its tables, for migrations. Absent: the one URL serves for both.',
        },
        '',
        DATABASE_URL,
        DATABASE_URL_RANGE,
      ),
    ),
  ),
  blobs: optional(
    url({ env: 'ACERVO_BLOBS', unit: 'URL', doc: 'Where the packs lie. Absent: `packs` in the data directory.' }, '', [
      'file:',
    ]),
  ),
  ohifDir: path(
    {
      env: 'ACERVO_OHIF_DIR',
      unit: 'path',
      doc: 'Where `acervo ohif` puts the viewer, and from where /ohif/ is served. Several archives may share it.',
    },
    './data/ohif',
  ),
  access: choice(
    {
      env: 'ACERVO_ACCESS',
      unit: 'mode',
      doc: '`enforced`: every caller must be known. `open`: for a laptop; refused unless both hosts are loopback.',
    },
    'enforced',
    ['enforced', 'open'],
  ),
  accessFile: optional(
    path({ env: 'ACERVO_ACCESS_FILE', unit: 'path', doc: 'JSON file of the systems and tokens that may enter.' }, ''),
  ),
  policyFile: optional(
    path(
      {
        env: 'ACERVO_POLICY_FILE',
        unit: 'path',
        doc: 'Cedar policies that add to those of the archive, or replace those whose @id they use again.',
      },
      '',
    ),
  ),
  logLevel: choice({ env: 'ACERVO_LOG_LEVEL', unit: 'level', doc: 'The least severe line that is logged.' }, 'info', [
    'debug',
    'info',
    'warn',
    'error',
    'silent',
  ]),
  institution: words(
    { env: 'ACERVO_INSTITUTION', unit: 'code', doc: 'Institution that callers act for under open access.' },
    'LOCAL',
    INSTITUTION,
    '1 to 24 of A-Z 0-9 . _ -, beginning with a letter or digit',
  ),
  issuer: optional(
    words(
      {
        env: 'ACERVO_ISSUER',
        unit: 'text',
        doc: 'Issuer of Patient ID (0010,0021) where neither object nor sender names one. Absent: the institution.',
      },
      '',
      LO,
      'at most 64 characters without backslash or control',
    ),
  ),
  charsetDefault: words(
    {
      env: 'ACERVO_CHARSET_DEFAULT',
      unit: 'defined term',
      doc: 'Specific Character Set (0008,0005) where an object declares none and is not UTF-8.',
    },
    'ISO_IR 100',
    DEFINED_TERM,
    'a defined term of PS3.3 C.12.1.1.2, such as ISO_IR 100',
  ),
  segmentMib: integer(
    { env: 'ACERVO_SEGMENT_MIB', unit: 'MiB', doc: 'A segment of a pack is sealed when it has reached this size.' },
    256,
    1,
    65_536,
  ),
  smallObjectKib: integer(
    {
      env: 'ACERVO_SMALL_OBJECT_KIB',
      unit: 'KiB',
      doc: 'Objects to this size share a segment; larger ones get their own.',
    },
    1024,
    16,
    65_536,
  ),
  groupMib: integer(
    { env: 'ACERVO_GROUP_MIB', unit: 'MiB', doc: 'Most bytes that one group commit gathers.' },
    32,
    1,
    1024,
  ),
  segmentIdleMinutes: integer(
    { env: 'ACERVO_SEGMENT_IDLE_MINUTES', unit: 'min', doc: 'An open segment that got nothing for so long is sealed.' },
    30,
    1,
    1440,
  ),
  diskFreeMinMib: integer(
    {
      env: 'ACERVO_DISK_FREE_MIN_MIB',
      unit: 'MiB',
      doc: 'With less free disk, storing is refused: 0xA700 by DIMSE, 507 by HTTP.',
    },
    1024,
    0,
    1_048_576,
  ),
  objectGibMax: integer(
    { env: 'ACERVO_OBJECT_GIB_MAX', unit: 'GiB', doc: 'A larger object is refused: 0xA700, 413.' },
    64,
    1,
    1024,
  ),
  associationsMax: integer(
    {
      env: 'ACERVO_ASSOCIATIONS_MAX',
      unit: 'associations',
      doc: 'One more is rejected as transient (PS3.8 9.3.4), and when nearly full, who has its fair share.',
    },
    100,
    1,
    10_000,
  ),
  ...LIMIT_SETTINGS,
  pduBytesMax: integer(
    { env: 'ACERVO_PDU_BYTES_MAX', unit: 'bytes', doc: 'Maximum Length that is offered (PS3.8 D.1).' },
    131_072,
    4096,
    1_048_576,
  ),
  outgoingAssociationsMax: integer(
    {
      env: 'ACERVO_OUTGOING_ASSOCIATIONS_MAX',
      unit: 'associations',
      doc: 'Associations that the archive asks for at a time, as for C-MOVE; further ones wait.',
    },
    16,
    1,
    1000,
  ),
  outgoingTimeoutMs: integer(
    {
      env: 'ACERVO_OUTGOING_TIMEOUT_MS',
      unit: 'ms',
      doc: 'Longest wait for a system that the archive calls: to connect, to answer, to read.',
    },
    60_000,
    100,
    3_600_000,
  ),
  httpCorsOrigins: list(
    { env: 'ACERVO_HTTP_CORS_ORIGINS', unit: 'origins', doc: 'Origins whose pages may call the API from a browser.' },
    'origins with commas between, or *',
    readOrigin,
  ),
  pixelWorkers: integer(
    {
      env: 'ACERVO_PIXEL_WORKERS',
      unit: 'threads',
      doc: 'Threads that decode, render and encode pixels, started when there is work.',
    },
    2,
    1,
    64,
  ),
  pixelWorkersReady: integer(
    {
      env: 'ACERVO_PIXEL_WORKERS_READY',
      unit: 'threads',
      doc: 'Of these, how many start with the server and stay: the first picture waits for none. Each takes 36 MiB.',
    },
    0,
    0,
    64,
  ),
  queryTimeoutMs: integer(
    {
      env: 'ACERVO_QUERY_TIMEOUT_MS',
      unit: 'ms',
      doc: 'A question to the index that takes longer fails: 503, 0xA700.',
    },
    15_000,
    100,
    3_600_000,
  ),
  findMatchesMax: integer(
    {
      env: 'ACERVO_FIND_MATCHES_MAX',
      unit: 'matches',
      doc: 'One C-FIND is answered with so many; where more match it ends with 0xA700.',
    },
    100_000,
    1,
    10_000_000,
  ),
  pgWalSegmentMib: powerOfTwo(
    {
      env: 'ACERVO_PG_WAL_SEGMENT_MIB',
      unit: 'MiB',
      doc: "File size of our own PostgreSQL's write-ahead log; counts when its cluster is made.",
    },
    16,
    1,
    1024,
  ),
  pgSharedBuffersMib: integer(
    {
      env: 'ACERVO_PG_SHARED_BUFFERS_MIB',
      unit: 'MiB',
      doc: 'Page cache of our own PostgreSQL; counts when it starts.',
    },
    128,
    16,
    1_048_576,
  ),
  sealIntervalMs: integer(
    { env: 'ACERVO_SEAL_INTERVAL_MS', unit: 'ms', doc: 'How often the journal is sealed.' },
    1000,
    50,
    3_600_000,
  ),
  checkpointS: integer(
    { env: 'ACERVO_CHECKPOINT_S', unit: 's', doc: 'How often the sealed journal is signed, where it has grown.' },
    60,
    1,
    86_400,
  ),
  journalKeyFile: optional(
    path(
      {
        env: 'ACERVO_JOURNAL_KEY_FILE',
        unit: 'path',
        doc: 'Ed25519 private key in PEM that signs the journal. Absent: `keys/journal.key`, made at the first start.',
      },
      '',
    ),
  ),
  journalMonths: optional(
    integer(
      {
        env: 'ACERVO_JOURNAL_MONTHS',
        unit: 'months',
        doc:
          'How long events stay in the database before `acervo audit retire` may leave them to the journal segments ' +
          'alone. Absent: for ever. NOM-004: clinical records 5 years after the last act; technical files 10 years.',
      },
      120,
      60,
      1200,
    ),
  ),
  auditSyslog: optional(
    words(
      {
        env: 'ACERVO_AUDIT_SYSLOG',
        unit: 'URL',
        doc:
          'Receiver of audit messages (PS3.15 A.5, RFC 5425); it shows a certificate of ACERVO_TLS_CA_FILE with its ' +
          'host name. `syslog+tcp:` only to this machine. Absent: none are sent.',
      },
      '',
      AUDIT_SYSLOG,
      'syslog+tls://host:6514, or syslog+tcp://127.0.0.1:601',
    ),
  ),
  commitmentRetryHours: integer(
    {
      env: 'ACERVO_COMMITMENT_RETRY_HOURS',
      unit: 'h',
      doc: 'A storage commitment report that its system does not take is tried again for so long, then given up.',
    },
    72,
    1,
    8760,
  ),
  accessFoldMs: integer(
    {
      env: 'ACERVO_ACCESS_FOLD_MS',
      unit: 'ms',
      doc: 'Reads of the same study by the same caller within this time are one journal entry.',
    },
    5000,
    0,
    3_600_000,
  ),
  ...WITNESS_SETTINGS,
  ...INFERENCE_SETTINGS,
} as const;

export type SettingName = keyof typeof SETTINGS;

/** Names of the file of settings itself, and of variables that only the test suite and the benchmark read. */
export const CONFIG_FILE_ENV = 'ACERVO_CONFIG_FILE';
export const TEST_ENV = /^ACERVO_(TEST|REQUIRE|BENCH)_/;
