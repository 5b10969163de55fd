export type HttpCall = {
  method: 'GET' | 'POST';
  headers: Readonly<Record<string, string>>;
  body?: string;
  signal: AbortSignal;
};

/**
 * Asks another archive something over HTTP, once; redirects are not followed.
 * @throws {Failure} audit/undelivered where nobody answers in time or the answer is too long; tls/...
 */
export type HttpCaller = (url: URL, call: HttpCall) => Promise<{ status: number; text: string }>;
