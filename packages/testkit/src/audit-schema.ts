import assert from 'node:assert/strict';
import type { ParsedXml } from './parse-xml.ts';

/** A data type of XML Schema, or the values that there are. */
type ValueType = 'token' | 'text' | 'dateTime' | 'boolean' | 'base64Binary' | 'integer' | readonly string[];
type Attributes = Readonly<Record<string, { type: ValueType; isRequired: boolean }>>;
type Occurs = '1' | '?' | '*' | '+';
/** One element, or one of several. */
type Group = { elements: readonly ElementRule[]; occurs: Occurs };
type ElementRule = { name: string; attributes: Attributes; children: readonly Group[]; text?: ValueType };

const needed = (type: ValueType) => ({ type, isRequired: true });
const may = (type: ValueType) => ({ type, isRequired: false });
const rule = (
  name: string,
  attributes: Attributes,
  children: readonly Group[] = [],
  text?: ValueType,
): ElementRule => ({ name, attributes, children, ...(text && { text }) });
const group = (occurs: Occurs, ...elements: readonly ElementRule[]): Group => ({ elements, occurs });
const numbers = (last: number): string[] => Array.from({ length: last }, (_, index) => String(index + 1));

const CODED: Attributes = {
  'csd-code': needed('token'),
  codeSystemName: needed('token'),
  displayName: may('token'),
  originalText: needed('token'),
};
const coded = (name: string): ElementRule => rule(name, CODED);

const eventIdentification = rule(
  'EventIdentification',
  {
    EventActionCode: may(['C', 'R', 'U', 'D', 'E']),
    EventDateTime: needed('dateTime'),
    EventOutcomeIndicator: needed(['0', '4', '8', '12']),
  },
  [
    group('1', coded('EventID')),
    group('*', coded('EventTypeCode')),
    group('?', rule('EventOutcomeDescription', {}, [], 'text')),
  ],
);

const activeParticipant = rule(
  'ActiveParticipant',
  {
    UserID: needed('text'),
    AlternativeUserID: may('text'),
    UserName: may('text'),
    UserIsRequestor: needed('boolean'),
    NetworkAccessPointID: may('token'),
    NetworkAccessPointTypeCode: may(numbers(5)),
  },
  [group('*', coded('RoleIDCode')), group('?', rule('MediaIdentifier', {}, [group('1', coded('MediaType'))]))],
);

const auditSource = rule(
  'AuditSourceIdentification',
  { AuditEnterpriseSiteID: may('token'), AuditSourceID: needed('token') },
  [
    group(
      '*',
      rule('AuditSourceTypeCode', {
        'csd-code': needed('token'),
        codeSystemName: may('token'),
        displayName: may('token'),
        originalText: may('token'),
      }),
    ),
  ],
);

const description = rule('ParticipantObjectDescription', {}, [
  group('*', rule('MPPS', { UID: needed('token') })),
  group('*', rule('Accession', { Number: needed('token') })),
  group(
    '*',
    rule('SOPClass', { UID: may('token'), NumberOfInstances: needed('integer') }, [
      group('*', rule('Instance', { UID: needed('token') })),
    ]),
  ),
  group('?', rule('ParticipantObjectContainsStudy', {}, [group('*', rule('StudyIDs', { UID: needed('token') }))])),
  group('?', rule('Encrypted', {}, [], 'boolean')),
  group('?', rule('Anonymized', {}, [], 'boolean')),
]);

const participantObject = rule(
  'ParticipantObjectIdentification',
  {
    ParticipantObjectID: needed('token'),
    ParticipantObjectTypeCode: may(numbers(4)),
    ParticipantObjectTypeCodeRole: may(numbers(26)),
    ParticipantObjectDataLifeCycle: may(numbers(15)),
    ParticipantObjectSensitivity: may('token'),
  },
  [
    group('1', coded('ParticipantObjectIDTypeCode')),
    group('1', rule('ParticipantObjectName', {}, [], 'token'), rule('ParticipantObjectQuery', {}, [], 'base64Binary')),
    group('*', rule('ParticipantObjectDetail', { type: needed('token'), value: needed('base64Binary') })),
    group('*', description),
  ],
);

/** The schema of audit messages, PS3.15 A.5.1.1, as it says what may stand where. */
const MESSAGE = rule('AuditMessage', {}, [
  group('1', eventIdentification),
  group('+', activeParticipant),
  group('1', auditSource),
  group('*', participantObject),
]);

const PATTERNS: Readonly<Record<Exclude<ValueType, readonly string[]>, RegExp>> = {
  token: /^/,
  text: /^/,
  dateTime: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
  boolean: /^(true|false|0|1)$/,
  base64Binary: /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
  integer: /^[+-]?\d+$/,
};

/** Fails where a message is not of the schema, and says where. */
export function assertAuditMessage(message: ParsedXml): void {
  assert.equal(message.name, MESSAGE.name);
  checkElement(message, MESSAGE, message.name);
}

function checkElement({ attributes, children, text }: ParsedXml, of: ElementRule, path: string): void {
  for (const [name, value] of Object.entries(attributes)) {
    const known = of.attributes[name];
    assert.ok(known, `${path}: attribute ${name} is not of the schema`);
    assert.ok(isOf(value, known.type), `${path}@${name}: ${JSON.stringify(value)}`);
  }
  for (const [name, { isRequired }] of Object.entries(of.attributes)) {
    assert.ok(!isRequired || name in attributes, `${path}: attribute ${name} is missing`);
  }
  if (of.text === undefined) assert.equal(text.trim(), '', `${path}: text where none may be`);
  else assert.ok(isOf(text, of.text), `${path}: ${JSON.stringify(text)}`);
  let at = 0;
  for (const { elements, occurs } of of.children) {
    const from = at;
    for (; occurs === '*' || occurs === '+' || at === from; at++) {
      const next = elements.find(({ name }) => name === children[at]?.name);
      if (next === undefined) break;
      checkElement(children[at] as ParsedXml, next, `${path}/${next.name}`);
    }
    const isThere = at > from || occurs === '?' || occurs === '*';
    assert.ok(isThere, `${path}: ${elements.map(({ name }) => name).join(' or ')} is missing`);
  }
  assert.equal(at, children.length, `${path}: ${children[at]?.name} may not stand there`);
}

const isOf = (value: string, type: ValueType): boolean =>
  typeof type === 'string' ? PATTERNS[type].test(value) : type.includes(value);

/** The same schema in the XML syntax of RELAX NG, for validators. */
export function auditSchemaRng(): string {
  const namespace = 'xmlns="http://relaxng.org/ns/structure/1.0"';
  const types = 'datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes"';
  return `<grammar ${namespace} ${types}><start>${elementRng(MESSAGE)}</start></grammar>`;
}

const OCCURS: Readonly<Record<Occurs, string>> = { '1': 'group', '?': 'optional', '*': 'zeroOrMore', '+': 'oneOrMore' };

function elementRng({ name, attributes, children, text }: ElementRule): string {
  const content = [
    ...Object.entries(attributes).map(([attribute, { type, isRequired }]) => {
      const rng = `<attribute name="${attribute}">${typeRng(type)}</attribute>`;
      return isRequired ? rng : `<optional>${rng}</optional>`;
    }),
    ...children.map(({ elements, occurs }) => {
      const [only = '', ...others] = elements.map(elementRng);
      const rng = others.length === 0 ? only : `<choice>${[only, ...others].join('')}</choice>`;
      return `<${OCCURS[occurs]}>${rng}</${OCCURS[occurs]}>`;
    }),
    ...(text === undefined ? [] : [typeRng(text)]),
  ];
  return `<element name="${name}">${content.join('') || '<empty/>'}</element>`;
}

function typeRng(type: ValueType): string {
  if (type === 'text') return '<text/>';
  if (typeof type === 'string') return `<data type="${type}"/>`;
  return `<choice>${type.map((value) => `<value>${value}</value>`).join('')}</choice>`;
}
