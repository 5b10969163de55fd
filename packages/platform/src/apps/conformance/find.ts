import { findAttribute } from '@acervo/dicom/dictionary.ts';
import { C_FIND_RQ } from '@acervo/dicom/dimse/command.ts';
import { INCLUDE_FIELDS_MAX, MATCHES_MAX } from '@acervo/interop/dicomweb/query.ts';
import { FIND_STATUS, IDENTIFIER_BYTES_MAX } from '../../features/query/find.scp.ts';
import { FIND_LEVELS, FIND_MODELS, UNIQUE_KEY } from '../../features/query/find-models.ts';
import { keysMadeAt } from '../../features/query/identifier.ts';
import { HEADERS_SEARCHED_MAX } from '../../features/query/search.ts';
import { SETTINGS } from '../settings.ts';
import { code, digits, hex, table } from './markdown.ts';

/** The information models of the C-FIND service, as text; undefined for another service. */
export function findModelsOf(commandField: number): string | undefined {
  return commandField === C_FIND_RQ
    ? FIND_MODELS.map(({ name, uid }) => `${name}, ${code(uid)}`).join('; ')
    : undefined;
}

const keyword = (tag: number): string => findAttribute(tag)?.keyword ?? '';

/** Query/Retrieve SCP as far as it finds (PS3.4 C.4.1, C.6). */
export function describeFind(): string {
  const models = FIND_MODELS.map(({ name, uid, levels }) => [name, code(uid), levels.join(', ')]);
  const keys = FIND_LEVELS.map((level) => [
    level,
    keyword(UNIQUE_KEY[level]),
    keysMadeAt(level).map(keyword).join(', '),
  ]);
  const max = SETTINGS.findMatchesMax;
  const statuses = [
    [hex(FIND_STATUS.pending), 'Pending: one match'],
    [hex(FIND_STATUS.pendingPartly), 'Pending: one match; a key was not supported for existence or matching'],
    ['0x0000', 'Success: every match was sent'],
    [hex(FIND_STATUS.cancelled), 'Cancel: heard between two matches'],
    [
      hex(FIND_STATUS.outOfResources),
      `More match than ${code(max.env)} (${digits(Number(max.byDefault))}), so many were sent; \
too broad or too costly (4); the index is not reachable`,
    ],
    [
      hex(FIND_STATUS.mismatch),
      'Identifier does not match SOP Class, with Offending Element: level, unique keys, values',
    ],
    ['0xC000', 'Unable to process: the Identifier cannot be read'],
    [hex(FIND_STATUS.unableToProcess), 'Unable to process: a fault of the archive'],
    ['0x0124', 'Not authorized'],
  ];
  return `### 2.10 Query SCP

${table(['Information model', 'C-FIND', 'Levels'], models)}

Search is the one of section 4: the same keys, matched in the same way, in the same order, of the institutions that the
caller may see. Queries are hierarchical: each level above has a single value of its unique key, unless relational
queries are agreed on. Keys of other levels are matched all the same. Extended negotiation (PS3.4 C.5.1.1):
relational queries, fuzzy semantic matching of names, empty value matching and multiple value matching are agreed to;
combined date and time matching, time zone adjustment and enhanced multi-frame views are not.

${table(['Level', 'Unique key', 'Made by the archive, and not matched but for Modalities in Study'], keys)}

- An Identifier has at most ${digits(IDENTIFIER_BYTES_MAX)} bytes, ${digits(INCLUDE_FIELDS_MAX)} keys, and \
${digits(MATCHES_MAX)} of them with values. A sequence key has one item, or none.
- At IMAGE level every attribute of the header can be returned, and below one study matched: at most \
${digits(HEADERS_SEARCHED_MAX)} headers are read.
- Responses have every key of the request that the dictionary knows, empty where there is no value for it at this
  level, the unique key, Query/Retrieve Level, Retrieve AE Title (the title that was called) and Instance Availability;
  Timezone Offset From UTC where the study has one and a date or time was asked for. Private keys are not supported.
- DEVIATION: a caller who sees several institutions gets Issuer of Patient ID (0010,0021) beside Patient ID also where
  it was not asked for. A study held by two institutions is two matches; the issuer tells them, and is a key.
- DEVIATION: a required key without a value in the archive does not match every value (PS3.4 C.2.2.1.2).
- Specific Character Set: of the request it is honoured, and found where it is absent or wrong (5). A response is in
  the set of the request if that can carry it, else in the smallest of the default repertoire, ISO_IR 100, ISO_IR 192.
- PATIENT level: one match of each pair of issuer and Patient ID, with the values of its newest study that matches.
- Priority is not evaluated.

${table(['Status', 'Meaning'], statuses)}
`;
}
