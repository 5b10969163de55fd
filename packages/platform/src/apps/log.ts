import { type DestinationStream, destination, pino, stdTimeFunctions } from 'pino';
import type { Log, LogFields } from '../ports/log.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

const STDERR = 2;

/**
 * JSON lines, written before the call returns, so that the line before a crash is there. Standard output
 * stays free for what a command was asked to print.
 * @param to where lines go; standard error by default.
 */
export function makeLog(level: LogLevel, to: DestinationStream = destination({ fd: STDERR, sync: true })): Log {
  const lines = pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    to,
  );
  return {
    debug: (event, fields) => lines.debug(line(event, fields)),
    info: (event, fields) => lines.info(line(event, fields)),
    warn: (event, fields) => lines.warn(line(event, fields)),
    error: (event, fields) => lines.error(line(event, fields)),
  };
}

const line = (event: string, fields: LogFields | undefined): object => ({ event, ...fields });
