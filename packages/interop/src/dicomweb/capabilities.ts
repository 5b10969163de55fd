/** A query parameter of a resource, as documents describe it. */
export type QueryParameter = { name: string; description?: string };

/** What a description of the service says of one resource and method. */
export type ResourceMethod = {
  method: string;
  /** Path below the service root, with `:names`. */
  path: string;
  summary: string;
  query?: readonly QueryParameter[];
  /** Media types of request bodies. */
  consumes?: readonly string[];
  /** Media types of answers. */
  produces?: readonly string[];
};

/** A resource of the tree: its methods, and the resources one path segment below it. */
type Resource = { methods: ResourceMethod[]; children: Map<string, Resource> };

/**
 * The Retrieve Capabilities document (PS3.18 8.9.3): WADL, of type application/vnd.sun.wadl+xml.
 * @param base absolute URL of the service, e.g. https://host/dicom-web
 */
export function capabilitiesWadl(base: string, methods: readonly ResourceMethod[]): string {
  const root: Resource = { methods: [], children: new Map() };
  for (const method of methods) resourceAt(root, method.path).methods.push(method);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<application xmlns="http://wadl.dev.java.net/2009/02" xmlns:xsd="http://www.w3.org/2001/XMLSchema">',
    `  <resources base="${escaped(base)}">`,
    ...methodLines(root.methods, '    '),
    ...childLines(root, '    '),
    '  </resources>',
    '</application>',
    '',
  ].join('\n');
}

/** The same as JSON (application/json, optional in PS3.18 8.9.3): one entry for each resource and method. */
export function capabilitiesJson(base: string, methods: readonly ResourceMethod[]): object {
  const resources = methods.map(({ method, path, summary, query = [], consumes = [], produces = [] }) => ({
    method,
    path: templated(path),
    summary,
    query: query.map(({ name }) => name),
    consumes,
    produces,
  }));
  return { base, resources };
}

/** A path in URI template form: `/studies/:study` is `/studies/{study}`. */
export function templated(path: string): string {
  return path.replace(/:([A-Za-z]\w*)/g, '{$1}');
}

function resourceAt(root: Resource, path: string): Resource {
  let resource = root;
  for (const segment of path.split('/').filter((piece) => piece !== '')) {
    const child = resource.children.get(segment) ?? { methods: [], children: new Map<string, Resource>() };
    resource.children.set(segment, child);
    resource = child;
  }
  return resource;
}

function childLines({ children }: Resource, indent: string): string[] {
  return [...children].flatMap(([segment, child]) => {
    const names = [...segment.matchAll(/:([A-Za-z]\w*)/g)].map(([, name = '']) => name);
    return [
      `${indent}<resource path="${escaped(templated(segment))}">`,
      ...names.map((name) => `${indent}  <param name="${name}" style="template" type="xsd:string" required="true"/>`),
      ...methodLines(child.methods, `${indent}  `),
      ...childLines(child, `${indent}  `),
      `${indent}</resource>`,
    ];
  });
}

function methodLines(methods: readonly ResourceMethod[], indent: string): string[] {
  return methods.flatMap(({ method, summary, query = [], consumes = [], produces = [] }) => [
    `${indent}<method name="${escaped(method)}">`,
    `${indent}  <doc>${escaped(summary)}</doc>`,
    ...requestLines(query, consumes, `${indent}  `),
    ...representationLines('response', produces, `${indent}  `),
    `${indent}</method>`,
  ]);
}

function requestLines(query: readonly QueryParameter[], consumes: readonly string[], indent: string): string[] {
  if (query.length === 0) return representationLines('request', consumes, indent);
  return [
    `${indent}<request>`,
    ...query.map(({ name }) => `${indent}  <param name="${escaped(name)}" style="query" type="xsd:string"/>`),
    ...consumes.map((type) => `${indent}  <representation mediaType="${escaped(type)}"/>`),
    `${indent}</request>`,
  ];
}

function representationLines(element: string, mediaTypes: readonly string[], indent: string): string[] {
  if (mediaTypes.length === 0) return [];
  return [
    `${indent}<${element}>`,
    ...mediaTypes.map((type) => `${indent}  <representation mediaType="${escaped(type)}"/>`),
    `${indent}</${element}>`,
  ];
}

function escaped(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}
