import { templated } from '@acervo/interop/dicomweb/capabilities.ts';
import type { Route } from './http.ts';

export type OpenApiInfo = { title: string; version: string; description?: string };

/** The routes as an OpenAPI 3.1 document, in their order; made from code, so that it cannot lag behind. */
export function openApiOf(routes: readonly Route[], info: OpenApiInfo): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = templated(route.path);
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return { openapi: '3.1.1', info, paths };
}

function operationOf(route: Route): object {
  const { method, path, summary, query = [], consumes = [], produces = [], bodySchema, answerSchema } = route;
  const names = [...path.matchAll(/:([A-Za-z]\w*)/g)].map(([, name = '']) => name);
  const parameters = [
    ...names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
    ...query.map(({ name, description }) => ({
      name,
      in: 'query',
      ...(description !== undefined && { description }),
      schema: { type: 'string' },
    })),
  ];
  return {
    operationId: `${method.toLowerCase()}${path.replace(/[^A-Za-z0-9]+/g, '_')}`,
    summary,
    ...(parameters.length > 0 && { parameters }),
    ...(consumes.length > 0 && { requestBody: { required: true, content: contentOf(consumes, bodySchema) } }),
    responses: {
      200: { description: 'Success', ...(produces.length > 0 && { content: contentOf(produces, answerSchema) }) },
      default: { description: 'Problem', content: contentOf(['application/problem+json']) },
    },
  };
}

function contentOf(mediaTypes: readonly string[], schema?: object): Record<string, object> {
  return Object.fromEntries(mediaTypes.map((mediaType) => [mediaType, schema === undefined ? {} : { schema }]));
}
