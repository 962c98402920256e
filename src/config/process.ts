/** Settings of the process itself. */

import { oneOf, type SettingGroup } from './setting.ts';

export const processSettings = {
  logLevel: {
    env: 'LOG_LEVEL',
    aliases: ['SELDON_LOG_LEVEL'],
    schema: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    fallback: 'info',
    doc: 'Least severe messages to log.',
  },
  serverType: {
    env: 'SERVER_TYPE',
    flags: ['server_type'],
    schema: oneOf(['rpc', 'kafka']),
    fallback: 'rpc',
    doc: '`kafka`: the pod is ready only after it has joined its consumer group once.',
  },
} as const satisfies SettingGroup;
