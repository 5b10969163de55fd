import { Agent, get, type IncomingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';

export type QidoAnswer = { status: number; ms: number; headers: IncomingHttpHeaders; body: Buffer };

/** One connection, kept: one request after the other, as a viewer's list of studies asks. */
export class QidoClient {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #headers: Record<string, string>;

  constructor(token: string) {
    this.#headers = { authorization: `Bearer ${token}`, accept: 'application/dicom+json' };
  }

  /** @returns with the time from the first byte sent to the last one received */
  async ask(url: string): Promise<QidoAnswer> {
    const began = performance.now();
    const { promise, resolve, reject } = Promise.withResolvers<QidoAnswer>();
    const request = get(url, { agent: this.#agent, headers: this.#headers }, (response) => {
      const { statusCode: status = 0, headers } = response;
      buffer(response).then((body) => resolve({ status, ms: performance.now() - began, headers, body }), reject);
    });
    request.once('error', reject);
    return promise;
  }

  close(): void {
    this.#agent.destroy();
  }
}
