import type pg from 'pg';

/** A column's value on its way into a table: null, text, a number, codes of an array, or a JSON value. */
export type CopyValue = string | number | null | readonly string[] | object;

/** One row in the text format of COPY. */
export const copyLine = (values: readonly CopyValue[]): string => `${values.map(copyText).join('\t')}\n`;

function copyText(value: CopyValue): string {
  if (value === null) return '\\N';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return escaped(value);
  return Array.isArray(value) ? `{${value.join(',')}}` : escaped(JSON.stringify(value));
}

const escaped = (text: string): string =>
  /[\\\t\n\r]/.test(text) ? text.replaceAll(/[\\\t\n\r]/g, (found) => ESCAPES[found] ?? found) : text;

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** What `pg` keeps of the connection of a COPY. */
type Wire = {
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
  stream: { writableNeedDrain: boolean; once(event: 'drain', listener: () => void): void };
};

/** COPY ... FROM STDIN, standing open. */
export type Copy = {
  /** @param lines  whole rows, as `copyLine` makes them; resolves when more may come */
  write(lines: string): Promise<void>;
  /** Resolves when the server has all rows. */
  end(): Promise<void>;
};

/** `pg` has the messages of COPY, but nothing that sends rows. */
export async function openCopy(client: pg.ClientBase, table: string, columns: readonly string[]): Promise<Copy> {
  const opened = Promise.withResolvers<Wire>();
  const ended = Promise.withResolvers<void>();
  // Who waits for the one may not wait for the other.
  ended.promise.catch(() => {});
  const fail = (thrown: unknown): void => {
    opened.reject(thrown);
    ended.reject(thrown);
  };
  const submittable = {
    submit: (wire: Wire): void => wire.query(`copy ${table} (${columns.join(', ')}) from stdin`),
    handleCopyInResponse: (wire: Wire): void => opened.resolve(wire),
    handleError: fail,
    handleCommandComplete: (): void => {},
    handleReadyForQuery: (): void => ended.resolve(),
  };
  client.query(submittable as never);
  const wire = await opened.promise;
  return {
    write: async (lines) => {
      wire.sendCopyFromChunk(Buffer.from(lines));
      const drained = new Promise<void>((done) =>
        wire.stream.writableNeedDrain ? wire.stream.once('drain', done) : setImmediate(done),
      );
      // An error of the server ends the waiting, too.
      await Promise.race([drained, ended.promise]);
    },
    end: async () => {
      wire.endCopyFrom();
      await ended.promise;
    },
  };
}
