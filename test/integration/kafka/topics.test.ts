/** Topics that are missing: created where that is asked for and allowed, else waited for. */

import { randomUUID } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type RunningAdapter, startAdapter } from '../../../src/commands/start-adapter.ts';
import { parseAdapterConfig } from '../../../src/config/adapter.ts';
import { createLogger } from '../../../src/observability/logger.ts';
import { produceRecords, readTopic, useBroker } from '../../support/broker.ts';
import { eventRecord, eventually, useKafkaCases } from '../../support/kafka-case.ts';
import { useRecordingPredictor } from '../../support/recording-predictor.ts';
import { createTopics } from '../../support/topic-records.ts';

const broker = await useBroker();

describe.skipIf(broker.missing)('topics that are missing', () => {
  const begin = useKafkaCases(broker);
  const predictor = useRecordingPredictor();

  /** An adapter on topics of names that nobody has. */
  async function startOn(
    name: string,
    environment: Record<string, string>,
  ): Promise<RunningAdapter> {
    const parsed = parseAdapterConfig([], {
      SELDON_DEPLOYMENT_ID: 'iris',
      PREDICTOR_URL: predictor.url,
      HTTP_HOST: '127.0.0.1',
      HTTP_PORT: '0',
      DRAIN_DELAY_MS: '0',
      KAFKA_BROKER: broker.brokers.join(','),
      KAFKA_INPUT_TOPIC: `${name}.in`,
      KAFKA_OUTPUT_TOPIC: `${name}.out`,
      KAFKA_CONSUMER_GROUP: name,
      ...environment,
    });
    if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
    const adapter = await startAdapter(parsed.values, createLogger('silent'));
    onTestFinished(adapter.stop);
    return adapter;
  }

  const topicsOf = async (name: string): Promise<Record<string, number>> => {
    const all = await broker.admin.listTopics();
    const mine = all.filter((topic) => topic.startsWith(name));
    if (mine.length === 0) return {};
    const { topics } = await broker.admin.fetchTopicMetadata({ topics: mine });
    return Object.fromEntries(topics.map((t) => [t.name.slice(name.length), t.partitions.length]));
  };

  const answers = async (name: string): Promise<void> => {
    await eventually(
      'all topics are there',
      async () => 3 === Object.keys(await topicsOf(name)).length,
    );
    await produceRecords(broker.brokers, `${name}.in`, [eventRecord(0, 1)]);
    const [reply] = await readTopic(broker.brokers, `${name}.out`, 1);
    expect(reply?.headers['ce_causationid']).toBe('0');
  };

  test('are created with KAFKA_NUM_PARTITIONS and KAFKA_REPLICATION_FACTOR, and used', async () => {
    const name = `topics-${randomUUID()}`;
    await startOn(name, { KAFKA_NUM_PARTITIONS: '3', KAFKA_REPLICATION_FACTOR: '1' });
    await answers(name);
    expect(await topicsOf(name)).toEqual({ '.in': 3, '.out': 3, '.out.errors': 3 });
  });

  test("are created with the broker's own numbers by KAFKA_CREATE_TOPICS alone", async () => {
    const name = `topics-${randomUUID()}`;
    await startOn(name, { KAFKA_CREATE_TOPICS: 'true' });
    await answers(name);
  });

  test('are created once, by adapters that start together', async () => {
    const name = `topics-${randomUUID()}`;
    const environment = { KAFKA_NUM_PARTITIONS: '4' };
    await Promise.all([1, 2, 3].map(() => startOn(name, environment)));
    await answers(name);
    expect(await topicsOf(name)).toEqual({ '.in': 4, '.out': 4, '.out.errors': 4 });
  });

  test('are not created by default, nor where KAFKA_CREATE_TOPICS is false: they are waited for', async () => {
    const c = await begin({ withoutInput: true });
    const adapter = await c.spawn({ KAFKA_NUM_PARTITIONS: '2', KAFKA_CREATE_TOPICS: 'false' });
    await eventually('it says what it waits for', () =>
      adapter
        .output()
        .includes(`waiting for topics: ${c.input} (KAFKA_INPUT_TOPIC) does not exist`),
    );
    expect(await c.admin.listTopics()).not.toContain(c.input);
    await createTopics(c.admin, [{ topic: c.input, numPartitions: 2 }]);
    await c.send(0, 4);
    await c.answered(4);
  });

  test('that the broker refuses to create are waited for, with its reason', async () => {
    const c = await begin({ withoutInput: true });
    const adapter = await c.spawn({ KAFKA_REPLICATION_FACTOR: '99' });
    await eventually('it says why', () =>
      adapter.output().includes('KAFKA_REPLICATION_FACTOR is more than there are brokers'),
    );
    await createTopics(c.admin, [{ topic: c.input, numPartitions: 2 }]);
    await c.send(0, 4);
    await c.answered(4);
  });

  test('and those that have fewer partitions than asked for are used, with a warning', async () => {
    const c = await begin({ partitions: 2 });
    const adapter = await c.spawn({ KAFKA_NUM_PARTITIONS: '6' });
    await c.send(0, 4);
    await c.answered(4);
    expect(adapter.output()).toContain(`${c.input} (KAFKA_INPUT_TOPIC) has 2 partitions`);
    const { topics } = await c.admin.fetchTopicMetadata({ topics: [c.input] });
    expect(topics[0]?.partitions).toHaveLength(2);
  });
});
