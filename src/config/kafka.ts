/** The Kafka path. */

import { z } from 'zod';
import { outputForms } from '../delivery/process-record.ts';
import { orderings } from '../delivery/releaser.ts';
import { parseTrafficShare } from '../delivery/traffic-share.ts';
import { kafkaGroupSettings } from './kafka-group.ts';
import { kafkaSecuritySettings } from './kafka-security.ts';
import { kafkaTopicSettings } from './kafka-topics.ts';
import { integer, list, milliseconds, oneOf, type SettingGroup, text } from './setting.ts';

const brokerList = list
  .pipe(
    text
      .regex(/^[^\s/]+:\d{1,5}$/, 'expected brokers as host:port')
      .array()
      .min(1, 'expected at least one broker as host:port'),
  )
  .meta({ title: 'comma-separated list' });
const topicName = text.regex(/^[\w.-]{1,249}$/, 'expected a topic name: letters, digits, "._-"');
const trafficShare = text
  .transform((value, context) => {
    const share = parseTrafficShare(value);
    if (share !== undefined) return share;
    context.addIssue('expected a range of percent from 0 to 100, such as 0-70');
    return z.NEVER;
  })
  .meta({ title: 'range of percent' });

export const kafkaSettings = {
  brokers: {
    env: 'KAFKA_BROKER',
    schema: brokerList,
    doc: 'Bootstrap brokers, `host:port`, separated by commas. With an input topic it turns the Kafka path on.',
  },
  inputTopic: {
    env: 'KAFKA_INPUT_TOPIC',
    schema: topicName,
    doc: 'Topic that prediction requests are read from.',
  },
  outputTopic: {
    env: 'KAFKA_OUTPUT_TOPIC',
    schema: topicName,
    doc: 'Topic that predictions are written to.',
  },
  errorTopic: {
    env: 'KAFKA_ERROR_TOPIC',
    schema: topicName,
    doc: 'Topic for records that cannot be predicted on, with what failed in their headers.',
    fallbackText: '`<output topic>.errors`',
  },
  consumerGroup: {
    env: 'KAFKA_CONSUMER_GROUP',
    schema: text,
    doc: 'Consumer group.',
    fallbackText: '`<predictor>.<sdep>.<namespace>`',
  },
  workers: {
    env: 'KAFKA_WORKERS',
    schema: integer(1, 10_000),
    fallback: '16',
    doc: 'Most predictions that run at once for Kafka, whatever the number of partitions.',
  },
  ordering: {
    env: 'KAFKA_ORDER',
    schema: oneOf(orderings),
    fallback: 'partition',
    doc: '`partition`: outputs stand in the order of their inputs, a retry holds up its partition. `key`: records of a key are predicted and written one after another, a retry holds up its key; those without a key count as one key. `none`: neither.',
  },
  delivery: {
    env: 'KAFKA_DELIVERY',
    schema: oneOf(['at-least-once', 'exactly-once']),
    fallback: 'at-least-once',
    doc: 'Every input is answered, in the output or the error topic. `at-least-once`: a crash may repeat answers, with the same ids. `exactly-once`: a `read_committed` reader sees one answer each; it needs brokers with transactions and costs CPU and latency (docs/exactly-once.md).',
  },
  maxTransactionalPartitions: {
    env: 'KAFKA_MAX_TRANSACTIONAL_PARTITIONS',
    schema: integer(1, 10_000),
    fallback: '64',
    doc: 'With `exactly-once`: most input partitions that one process answers. Each has a producer of its own, with a connection to every broker. Partitions beyond it stand still, and the log says so: add replicas, or raise it.',
  },
  transactionTimeoutMs: {
    env: 'KAFKA_TRANSACTION_TIMEOUT_MS',
    schema: milliseconds(1_000),
    fallback: '60000',
    doc: 'With `exactly-once`: after so long the broker ends a transaction that a crash left open, where no other member has done so before; until then `read_committed` readers wait.',
  },
  maxAttempts: {
    env: 'KAFKA_MAX_ATTEMPTS',
    schema: integer(1, 1_000),
    fallback: '8',
    doc: 'Failed attempts at one record, while the predictor serves others, before it goes to the error topic.',
  },
  retryBaseMs: {
    env: 'KAFKA_RETRY_BASE_MS',
    schema: milliseconds(1),
    fallback: '200',
    doc: 'Delay before the first retry of a record; it doubles with each.',
  },
  retryMaxMs: {
    env: 'KAFKA_RETRY_MAX_MS',
    schema: milliseconds(1),
    fallback: '10000',
    doc: 'Longest delay between retries of a record.',
  },
  maxAhead: {
    env: 'KAFKA_MAX_AHEAD',
    schema: integer(1, 100_000),
    fallback: '500',
    doc: 'How far beyond the first unanswered record of a partition records are predicted; then the partition waits for it. Which of them are answered is remembered in the commit, so a crash repeats only what is under way or waits for its turn.',
  },
  offsetReset: {
    env: 'KAFKA_OFFSET_RESET',
    schema: oneOf(['earliest', 'latest']),
    fallback: 'earliest',
    doc: 'Where a group without an offset begins.',
  },
  trafficShare: {
    env: 'KAFKA_TRAFFIC_SHARE',
    schema: trafficShare,
    doc: 'Our share where several predictors, each with a consumer group of its own, divide the input topic: percent of a hash of the key, else of the event id, else of topic, partition and offset, from the first number up to and without the second, such as `0-70`. Other records are skipped, counted and committed. All shares together must make 0 to 100 without gap or overlap; change them while nothing waits, since what lies between the positions of the groups could be answered twice or never.',
    fallbackText: 'everything',
  },
  outputForm: {
    env: 'KAFKA_OUTPUT_FORMAT',
    schema: oneOf(outputForms),
    fallback: 'same',
    doc: 'Form of output records: the `same` as the input, an event in `binary` or `structured` mode, or the `raw` prediction.',
  },
  ...kafkaSecuritySettings,
  sessionTimeoutMs: {
    env: 'KAFKA_SESSION_TIMEOUT_MS',
    schema: milliseconds(3_000),
    fallback: '10000',
    doc: 'After this silence the group gives our partitions to others. The broker limits it.',
  },
  // Not `requestTimeoutMs`: that is the HTTP requests', and the groups are merged by name.
  kafkaRequestTimeoutMs: {
    env: 'KAFKA_REQUEST_TIMEOUT_MS',
    schema: milliseconds(1_000),
    fallback: '30000',
    doc: 'How long a broker may take to answer.',
  },
  rebalanceDrainMs: {
    env: 'KAFKA_REBALANCE_DRAIN_MS',
    schema: milliseconds(0),
    fallback: '15000',
    doc: 'On a rebalance, how long records under way may take to be answered and committed first.',
  },
  stuckAfterMs: {
    env: 'KAFKA_STUCK_AFTER_MS',
    schema: milliseconds(0),
    fallback: '120000',
    doc: 'Where records wait and none is worked on for so long, though nothing known holds them back, the group is joined anew; after as long again `/livez` fails. At least twice ATTEMPT_TIMEOUT_MS; 0: never.',
  },
  ...kafkaGroupSettings,
  ...kafkaTopicSettings,
} as const satisfies SettingGroup;
