/** By Kafka records: a CloudEvent in binary mode, and the bare payload as Seldon sends it. */

import { expect } from 'vitest';
import type { LoggedRecord } from '../../support/topic-log.ts';
import { wordsOf } from './stand-in.ts';
import type { Told } from './told.ts';
import {
  answeredBy,
  eventInvalid,
  type Input,
  payloadMissing,
  repliedBy,
  type Way,
} from './way.ts';

type Headers = Readonly<Record<string, string>>;

/** What both forms of a record have in common; the key tells whose an answer is. */
const wayOf = (
  name: string,
  malformed: Way['malformed'],
  answered: Way['answered'],
  recordOf: (input: Input) => { value: Buffer | null; headers: Headers },
): Way => ({
  name,
  malformed,
  answered,
  holds: true,
  reaches: () => true,
  send: async ({ kafka }, input) => {
    const { mark } = input;
    const record = recordOf(input);
    const headers = { ...record.headers, 'Seldon-Puid': mark };
    await kafka.produce([{ key: mark, value: record.value, headers }]);
    const told = (topic: string) => kafka.log.records(topic).filter(({ key }) => key === mark);
    const all = () => [...told(kafka.output), ...told(kafka.errors)];
    await kafka.log.until(`an answer to ${mark}`, () => all().length > 0);
    const [first, ...others] = all();
    expect(others).toEqual([]);
    return first?.topic === kafka.output ? answeredWith(first) : diverted(first, record.value);
  },
  failed: (_stand, { code, fault, attempts, by, missing }) => {
    const parts = by === undefined ? missing : [wordsOf(by)];
    const words = expect.stringMatching(new RegExp((parts ?? []).join('.*')));
    return { kind: 'failed', status: 'diverted', code, fault, attempts, words };
  },
});

export const kafkaEvent = wayOf(
  'Kafka event',
  eventInvalid,
  repliedBy,
  ({ mark, payload, flaw }) => ({
    value: payload.bytes,
    headers: {
      ce_specversion: '1.0',
      ce_type: 'test.request',
      ...(flaw !== 'malformed' && { ce_id: mark, ce_source: '/matrix' }),
      ...(payload.protoName !== undefined && { ce_protoname: payload.protoName }),
      'content-type': payload.contentType,
    },
  }),
);

export const kafkaRaw = wayOf('Kafka, raw', payloadMissing, answeredBy, ({ payload, flaw }) => ({
  value: flaw === 'malformed' ? null : payload.bytes,
  headers: {
    ...(payload.protoName !== undefined && { 'proto-name': payload.protoName }),
    'content-type': payload.contentType,
  },
}));

function answeredWith({ value, headers }: LoggedRecord): Told {
  const isEvent = headers['ce_type'] !== undefined;
  return {
    kind: 'answered',
    body: value,
    puid: headers['Seldon-Puid'],
    contentType: headers['content-type'],
    protoName: headers['proto-name'],
    event: isEvent
      ? {
          type: headers['ce_type'],
          source: headers['ce_source'],
          causationid: headers['ce_causationid'],
          protoname: headers['ce_protoname'],
        }
      : undefined,
  };
}

function diverted(record: LoggedRecord | undefined, sent: Buffer | null): Told {
  const { value, headers } = record ?? { value: null, headers: {} as Headers };
  expect(value).toEqual(sent);
  return {
    kind: 'failed',
    status: 'diverted',
    code: headers['seldon-error-code'],
    fault: headers['seldon-error-class'],
    attempts: Number(headers['seldon-error-attempts']),
    words: headers['seldon-error-message'],
  };
}
