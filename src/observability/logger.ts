/** The process's logger: JSON lines on standard output. */

import { destination, type Logger, pino, stdSerializers } from 'pino';

/** @param level least severe level to write; @returns a pino logger whose lines carry no host or pid */
export function createLogger(level: string): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      // An error's own message and stack only: client libraries hang requests on theirs.
      serializers: { err: (error: Error) => briefly(error) },
    },
    destination({ dest: 1, sync: true }),
  );
}

function briefly(error: Error): object {
  const { type, message, stack } = stdSerializers.err(error);
  return { type, message, stack };
}
