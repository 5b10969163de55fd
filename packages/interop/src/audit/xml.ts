/** An element: its attributes in order, its children or its text. */
export type Xml = {
  name: string;
  attributes: readonly (readonly [name: string, value: string | undefined])[];
  children: readonly (Xml | string)[];
};

export const element = (name: string, attributes: Xml['attributes'] = [], children: Xml['children'] = []): Xml => ({
  name,
  attributes,
  children,
});

/** XML 1.0 text. An attribute whose value is undefined is left out. */
export function xmlText({ name, attributes, children }: Xml): string {
  const written = attributes
    .filter(([, value]) => value !== undefined)
    .map(([attribute, value]) => ` ${attribute}="${escaped(value ?? '')}"`)
    .join('');
  if (children.length === 0) return `<${name}${written}/>`;
  const content = children.map((child) => (typeof child === 'string' ? escaped(child) : xmlText(child)));
  return `<${name}${written}>${content.join('')}</${name}>`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
/** What markup means something by, controls, what no XML 1.0 may hold (its 2.2), and halves of surrogate pairs. */
const SPECIAL = /[&<>"\p{Cc}\ufffe\uffff]|\p{Surrogate}/gu;
const ALLOWED_CONTROL = /[\t\n\r\x7f-\x9f]/;

/**
 * Text of an element or attribute. Controls that XML has stand as references, so that neither a parser folds them nor
 * a syslog receiver changes them; what XML cannot say stands as \uXXXX.
 */
function escaped(text: string): string {
  return text.replaceAll(SPECIAL, (character) => {
    const entity = ENTITIES[character];
    if (entity !== undefined) return entity;
    const code = character.charCodeAt(0);
    return ALLOWED_CONTROL.test(character) ? `&#${code};` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}
