/** The demo's Kafka: a broker, the topics, and one event through them. */

import { randomUUID } from 'node:crypto';
import type { KafkaSecurityValues } from '../config/kafka-security.ts';
import { startKafkaBroker } from '../demo/kafka-broker.ts';
import type { Event } from '../event/event.ts';
import { decodeKafka, encodeKafka } from '../event/kafka-message.ts';
import { createKafkaClient } from '../kafka/client.ts';
import { waitForTopics } from '../kafka/topics.ts';
import { createLogger } from '../observability/logger.ts';
import { kafkaSecurityOf } from './kafka-security.ts';

export interface KafkaDemo {
  /** Settings that turn the adapter's Kafka path on. */
  readonly settings: KafkaDemoSettings;
  /** For people: the way of the event. */
  readonly route: string;
  /** Sends the event to the input topic and waits for its reply in the output topic. */
  readonly exchange: (event: Event) => Promise<{ readonly lines: string[] }>;
  readonly close: () => Promise<void>;
}

export type KafkaDemoSettings = Readonly<
  Record<'KAFKA_BROKER' | 'KAFKA_INPUT_TOPIC' | 'KAFKA_OUTPUT_TOPIC' | 'KAFKA_ERROR_TOPIC', string>
>;

export interface KafkaDemoOptions {
  /** Brokers to use; undefined starts one. */
  readonly broker: readonly string[] | undefined;
  /** Of the one that is started; 0: one that is free. */
  readonly port: number;
  /** How those are talked to; undefined: in the clear. */
  readonly security: KafkaSecurityValues | undefined;
  readonly print: (line: string) => void;
}

const topics = {
  input: 'iris-requests',
  output: 'iris-responses',
  errors: 'iris-responses.errors',
};
const topicsOfDemo = Object.entries(topics).map(([role, name]) => ({ name, role }));
const creation = { numPartitions: 4, replicationFactor: undefined };

/** A newcomer is watching: topics are looked for more often than an adapter does. */
const pause = (delayMs: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, delayMs / 10));

/** Starts a broker where none is given, and makes the topics. */
export async function prepareKafkaDemo({
  broker,
  port,
  security,
  print,
}: KafkaDemoOptions): Promise<KafkaDemo> {
  const started = { say: print, port: port === 0 ? undefined : port };
  const own = broker === undefined ? await startKafkaBroker(started) : undefined;
  const brokers = broker ?? own?.brokers ?? [];
  const clientId = 'seldon-eventing-demo';
  const log = createLogger('warn');
  const kafka = createKafkaClient(
    {
      brokers,
      clientId,
      requestTimeoutMs: 30_000,
      ...(security && { security: kafkaSecurityOf(security, log) }),
    },
    log,
  );
  const admin = kafka.admin();
  await admin.connect();
  await waitForTopics(topicsOfDemo, { admin, pause, closed: () => false, log }, creation);
  await admin.disconnect();

  const exchange = async (event: Event): Promise<{ lines: string[] }> => {
    const consumer = kafka.consumer({ groupId: `demo-${randomUUID()}` });
    // The leaders of topics that were just made may not know it yet.
    const producer = kafka.producer({ retry: { retries: 10 } });
    try {
      await Promise.all([consumer.connect(), producer.connect()]);
      await consumer.subscribe({ topic: topics.output, fromBeginning: true });
      const reply = new Promise<{ lines: string[] }>((resolve, reject) => {
        consumer
          .run({
            eachMessage: async ({ message, partition }) => {
              const decoded = decodeKafka(message.headers, message.value);
              if (decoded.kind !== 'event') return;
              if (decoded.event.attributes.get('causationid') !== event.id) return;
              const at = `partition ${partition}, offset ${message.offset}`;
              resolve({ lines: [`${topics.output}, ${at}`, ...recordLines(decoded.event)] });
            },
          })
          .catch(reject);
      });
      const { headers, value } = encodeKafka(event, 'binary');
      const message = { headers, value: value === null ? null : Buffer.from(value) };
      await producer.send({ topic: topics.input, messages: [message] });
      return await reply;
    } finally {
      await Promise.all([consumer.disconnect(), producer.disconnect()]);
    }
  };

  return {
    settings: {
      KAFKA_BROKER: brokers.join(','),
      KAFKA_INPUT_TOPIC: topics.input,
      KAFKA_OUTPUT_TOPIC: topics.output,
      KAFKA_ERROR_TOPIC: topics.errors,
    },
    route: `a record of topic ${topics.input} at ${brokers.join(', ')}`,
    exchange,
    close: async () => own?.close(),
  };
}

function recordLines(event: Event): string[] {
  const { headers, value } = encodeKafka(event, 'binary');
  const lines = Object.entries(headers).map(([name, text]) => `${name}: ${text}`);
  return [...lines, '', Buffer.from(value ?? []).toString()];
}
