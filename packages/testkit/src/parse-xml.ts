import assert from 'node:assert/strict';

export type ParsedXml = {
  name: string;
  attributes: Readonly<Record<string, string>>;
  children: readonly ParsedXml[];
  text: string;
};

/** What XML 1.0 may hold (its 2.2). */
const CHARACTERS = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;
const NAME = '[A-Za-z_][\\w.-]*';
const TAG = new RegExp(`<(/?)(${NAME})((?:\\s+${NAME}="[^"<]*")*)\\s*(/?)>`, 'y');
const ATTRIBUTE = new RegExp(`(${NAME})="([^"<]*)"`, 'g');
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/**
 * Elements, attributes and text of an XML document without a prolog, comments, CDATA sections and the like: stricter
 * than XML, so that nothing passes here that a parser of XML refuses.
 */
export function parseXml(document: string): ParsedXml {
  assert.match(document, CHARACTERS);
  type Open = { name: string; attributes: Record<string, string>; children: ParsedXml[]; text: string };
  const root: Open = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  for (let at = 0; at < document.length; ) {
    const parent = open.at(-1) as Open;
    TAG.lastIndex = at;
    const tag = TAG.exec(document);
    if (tag === null) {
      const end = document.indexOf('<', at + 1);
      const text = document.slice(at, end < 0 ? undefined : end);
      assert.ok(!text.startsWith('<'), `no tag: ${text.slice(0, 80)}`);
      parent.text += unescaped(text);
      at += text.length;
      continue;
    }
    const [whole, closing, name = '', written = '', empty] = tag;
    at += whole.length;
    if (closing !== '') {
      assert.equal(parent.name, name);
      open.pop();
      continue;
    }
    const element: Open = { name, attributes: attributesOf(written), children: [], text: '' };
    parent.children.push(element);
    if (empty === '') open.push(element);
  }
  assert.equal(open.length, 1, 'elements are not closed');
  assert.equal(root.text, '');
  assert.equal(root.children.length, 1);
  return root.children[0] as ParsedXml;
}

function attributesOf(written: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [, name = '', value = ''] of written.matchAll(ATTRIBUTE)) {
    assert.ok(!(name in attributes), `attribute ${name} twice`);
    // XML 1.0 3.3.3: white space that is not a reference is a blank.
    attributes[name] = unescaped(value.replaceAll(/[\t\n\r]/g, ' '));
  }
  return attributes;
}

const unescaped = (text: string): string =>
  text.replaceAll(/&([^;&]*);|&/g, (whole, reference?: string) => {
    assert.ok(reference !== undefined, 'a bare ampersand');
    const number = /^#(\d+)$/.exec(reference)?.[1];
    const character = number === undefined ? ENTITIES[reference] : String.fromCodePoint(Number(number));
    assert.ok(character !== undefined && CHARACTERS.test(character), `reference ${whole}`);
    return character;
  });
