/** The settings of the `produce` command. */

import { z } from 'zod';
import { uriKind } from '../event/uri.ts';
import { identitySettings } from './identity.ts';
import { kafkaSettings } from './kafka.ts';
import { kafkaSecuritySettings } from './kafka-security.ts';
import { httpUrl, integer, oneOf, type SettingGroup, text } from './setting.ts';
import { sinkBindingSettings } from './sink.ts';

const maxRate = 1_000_000;

/** @returns events per second; undefined where the text is no such number */
export function parseRate(value: string): number | undefined {
  const rate = /^(?:\d+(?:\.\d*)?|\.\d+)$/.test(value.trim()) ? Number(value) : maxRate + 1;
  return rate <= maxRate ? rate : undefined;
}

type Rates = readonly [number, ...number[]];

const rates = z
  .string()
  .transform((value, context): Rates => {
    const [first, ...rest] = value.split(',').map(parseRate);
    if (first !== undefined && rest.every((rate) => rate !== undefined)) return [first, ...rest];
    context.addIssue(
      `expected numbers from 0 to ${maxRate}, separated by commas, such as 10 or 1,50`,
    );
    return z.NEVER;
  })
  .meta({ title: 'comma-separated numbers' });

/** Whether the text is one JSON value. */
export function isJson(value: string): boolean {
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}

export const produceSettings = {
  brokers: {
    ...kafkaSettings.brokers,
    doc: 'Bootstrap brokers, `host:port`, separated by commas, of the topic to write to.',
  },
  topic: {
    env: 'PRODUCE_TOPIC',
    aliases: ['KAFKA_INPUT_TOPIC'],
    flags: ['topic'],
    schema: kafkaSettings.inputTopic.schema,
    doc: 'Topic to write to. Unset: KAFKA_INPUT_TOPIC.',
  },
  sink: {
    env: 'PRODUCE_SINK',
    flags: ['sink'],
    schema: httpUrl,
    doc: 'URL to POST to, instead of a topic: an adapter, a Broker, event-display.',
  },
  boundSink: {
    ...sinkBindingSettings.sink,
    doc: "URL to POST to where neither a topic nor PRODUCE_SINK is set. Set by Knative's SinkBinding.",
  },
  ceOverrides: {
    ...sinkBindingSettings.ceOverrides,
    doc: 'Extension attributes of every event: `{"extensions":{"name":"value"}}`. Set by SinkBinding.',
  },
  sinkCaCerts: sinkBindingSettings.sinkCaCerts,
  sinkCaDir: sinkBindingSettings.sinkCaDir,
  sinkTokenFile: {
    ...sinkBindingSettings.sinkTokenFile,
    doc: 'File with the token that K_SINK is shown (`Authorization: Bearer`); read again every 10 s. It may be missing. SinkBinding mounts it where OIDC is on.',
  },
  rates: {
    env: 'PRODUCE_RATE',
    flags: ['rate'],
    schema: rates,
    fallback: '1',
    doc: 'Events per second, with decimals; 0 pauses. Of several, separated by commas, the first counts at the start, and each SIGUSR1 moves on to the next, round and round; with a single one SIGUSR1 pauses and resumes. A number on standard input sets the rate as well.',
  },
  rateFile: {
    env: 'PRODUCE_RATE_FILE',
    flags: ['rate_file'],
    schema: text,
    doc: 'File whose content is the rate. It is read at the start and whenever it changes.',
  },
  count: {
    env: 'PRODUCE_COUNT',
    flags: ['count'],
    schema: integer(1, 1_000_000_000_000),
    fallbackText: 'no end',
    doc: 'Ends after so many, with exit code 1 if any failed.',
  },
  form: {
    env: 'PRODUCE_FORM',
    flags: ['form'],
    schema: oneOf(['binary', 'structured', 'raw']),
    fallback: 'binary',
    doc: 'CloudEvents in `binary` or `structured` mode, or the `raw` payload.',
  },
  payload: {
    env: 'PRODUCE_PAYLOAD',
    flags: ['payload'],
    schema: text.refine(isJson, 'expected JSON'),
    fallbackText: '`{"data":{"ndarray":[[1,2,3,4]]}}`',
    doc: 'Payload of every event: JSON, sent as it is.',
  },
  payloadFile: {
    env: 'PRODUCE_PAYLOAD_FILE',
    flags: ['payload_file'],
    schema: text,
    doc: 'File that the payload is read from, once, at the start.',
  },
  key: {
    env: 'PRODUCE_KEY',
    flags: ['key'],
    schema: text.regex(/^(?!.*\{n%0*\})/s, 'cannot divide by 0'),
    fallbackText: 'no key',
    doc: 'Key of the records. `{n}` in it becomes the running number, from 1, and `{n%10}` its remainder, so that ten keys take turns.',
  },
  type: {
    env: 'PRODUCE_TYPE',
    flags: ['type'],
    schema: text.regex(/^[^\s\p{C}]+$/u, 'expected a type without spaces'),
    fallbackText: '`seldon.<sdep>.<namespace>.request`',
    doc: 'Type of the events.',
  },
  source: {
    env: 'PRODUCE_SOURCE',
    flags: ['source'],
    schema: text.refine((value) => uriKind(value) !== undefined, 'expected a URI reference'),
    fallback: 'seldon.examples.streaming.produce',
    doc: 'Source of the events.',
  },
  sdep: {
    env: identitySettings.sdep.env,
    flags: identitySettings.sdep.flags,
    schema: identitySettings.sdep.schema,
    fallback: 'iris-deployment',
    doc: 'Name of the SeldonDeployment that the events are for: part of their type.',
  },
  namespace: identitySettings.namespace,
  ...kafkaSecuritySettings,
  compression: kafkaSettings.compression,
  requestTimeoutMs: {
    ...kafkaSettings.kafkaRequestTimeoutMs,
    doc: 'How long a broker or the sink may take to answer.',
  },
} as const satisfies SettingGroup;
