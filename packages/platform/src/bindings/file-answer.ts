import type { HttpAnswer, HttpBody } from './http.ts';

/** A file to keep, which no cache does. @param name  in ASCII, and of no patient */
export const fileAnswer = (type: string, name: string, body: HttpBody): HttpAnswer => ({
  status: 200,
  headers: {
    'content-type': type,
    'content-disposition': `attachment; filename="${name}"`,
    'cache-control': 'no-store',
  },
  body,
});
