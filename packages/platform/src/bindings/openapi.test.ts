import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Route } from './http.ts';
import { openApiOf } from './openapi.ts';

const handle: Route['handle'] = async () => ({ status: 204, headers: {} });

test('routes become paths, parameters and media types', () => {
  const routes: Route[] = [
    {
      method: 'GET',
      path: '/studies/:study/series',
      summary: 'Series',
      handle,
      query: [{ name: 'limit', description: 'Most results' }, { name: 'offset' }],
      produces: ['application/dicom+json'],
    },
    { method: 'GET', path: '/studies', summary: 'Studies', handle },
    {
      method: 'POST',
      path: '/studies',
      summary: 'Store',
      handle,
      consumes: ['multipart/related; type="application/dicom"'],
    },
  ];
  const problem = { description: 'Problem', content: { 'application/problem+json': {} } };
  assert.deepEqual(openApiOf(routes, { title: 'T', version: '1' }), {
    openapi: '3.1.1',
    info: { title: 'T', version: '1' },
    paths: {
      '/studies/{study}/series': {
        get: {
          operationId: 'get_studies_study_series',
          summary: 'Series',
          parameters: [
            { name: 'study', in: 'path', required: true, schema: { type: 'string' } },
            { name: 'limit', in: 'query', description: 'Most results', schema: { type: 'string' } },
            { name: 'offset', in: 'query', schema: { type: 'string' } },
          ],
          responses: { 200: { description: 'Success', content: { 'application/dicom+json': {} } }, default: problem },
        },
      },
      '/studies': {
        get: {
          operationId: 'get_studies',
          summary: 'Studies',
          responses: { 200: { description: 'Success' }, default: problem },
        },
        post: {
          operationId: 'post_studies',
          summary: 'Store',
          requestBody: { required: true, content: { 'multipart/related; type="application/dicom"': {} } },
          responses: { 200: { description: 'Success' }, default: problem },
        },
      },
    },
  });
});
