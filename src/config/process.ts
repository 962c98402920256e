/** Settings of the process itself. */

import { z } from 'zod';
import { oneOf, type SettingGroup, text } from './setting.ts';

export const processSettings = {
  logLevel: {
    env: 'LOG_LEVEL',
    aliases: ['SELDON_LOG_LEVEL'],
    schema: z
      .string()
      .transform((word) => (/^warning$/i.test(word) ? 'warn' : word))
      .pipe(oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']))
      .meta({
        title: '`trace`, `debug`, `info`, `warn`, `error`, `fatal`, `silent`',
      }),
    fallback: 'info',
    doc: 'Least severe messages to log.',
  },
  serverType: {
    env: 'SERVER_TYPE',
    flags: ['server_type'],
    schema: text
      .regex(/^(?!rabbitmq$)/i, 'RabbitMQ is not supported; use kafka, or rpc for HTTP alone')
      .pipe(oneOf(['rpc', 'kafka']))
      .meta({ title: '`rpc`, `kafka`' }),
    fallback: 'rpc',
    doc: '`kafka`: the pod is ready only after it has joined its consumer group once.',
  },
} as const satisfies SettingGroup;
