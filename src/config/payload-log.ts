/** Copies of payloads: what `graph.logger` asks for. */

import { httpUrl, integer, milliseconds, type SettingGroup } from './setting.ts';

export const payloadLogSettings = {
  logSink: {
    env: 'REQUEST_LOGGER_DEFAULT_ENDPOINT',
    schema: httpUrl,
    doc: 'Where copies of requests and responses go, as CloudEvents, from nodes whose `logger` names no `url`. Unset: such nodes are not logged.',
  },
  logMaxCopies: {
    env: 'LOGGER_MAX_COPIES',
    flags: ['log-work-buffer-size'],
    schema: integer(1, 1_000_000),
    fallback: '1000',
    doc: 'Most copies that wait for one sink or are on their way to it; further ones are dropped and counted.',
  },
  logMaxBytes: {
    env: 'LOGGER_MAX_BYTES',
    schema: integer(1, 2 ** 31 - 1),
    fallback: String(16 * 1024 * 1024),
    doc: 'Most bytes of payloads in them.',
  },
  logConcurrency: {
    env: 'LOGGER_CONCURRENCY',
    flags: ['logger-workers'],
    schema: integer(1, 1_000),
    fallback: '8',
    doc: 'Most copies that are sent to one sink at once.',
  },
  logTimeoutMs: {
    env: 'LOGGER_TIMEOUT_MS',
    schema: milliseconds(1),
    fallback: '2000',
    doc: 'How long sending one copy may take; one that fails is counted, and not sent again.',
  },
} as const satisfies SettingGroup;
