/** Predictors on one input topic: divided by weights, and watched by a shadow (design.md §3.6). */

import { afterEach, describe, expect, test } from 'vitest';
import { kafkaEnvOf } from '../../../src/controller/render/kafka-env.ts';
import { kafkaSettingsOf } from '../../../src/controller/render/kafka-settings.ts';
import { useBroker } from '../../support/broker.ts';
import {
  createKafkaCase,
  eventRecord,
  eventually,
  type KafkaCase,
  numberOf,
} from '../../support/kafka-case.ts';
import { followTopics, type LoggedRecord, type TopicLog } from '../../support/topic-log.ts';
import { createTopics } from '../../support/topic-records.ts';
import { predictor, sdepOf } from '../../unit/controller/render/kafka-sdep.ts';

const broker = await useBroker();
const partitions = 3;
const iris = '{"data":{"ndarray":[[5.1,3.5,1.4,0.2]]}}';

describe.skipIf(broker.missing)('several predictors on one input topic', () => {
  let current: KafkaCase;
  let log: TopicLog;
  afterEach(async () => {
    await log.close();
    await current.close();
  });

  /** Three predictors as the controller sets them up; `write` gives the number of records to answer. */
  async function run(write: (c: KafkaCase) => Promise<number>) {
    const c = await createKafkaCase({ brokers: broker.brokers, partitions });
    current = c;
    const env = {
      KAFKA_BROKER: broker.brokers.join(','),
      KAFKA_INPUT_TOPIC: c.input,
      KAFKA_OUTPUT_TOPIC: c.output,
    };
    const named = (name: string, parts: object) => predictor(env, { name, ...parts });
    const predictors = [
      named('main', { traffic: 70 }),
      predictor(
        { ...env, KAFKA_OUTPUT_TOPIC: `${c.output}.canary` },
        { name: 'canary', traffic: 30 },
      ),
      named('dark', { shadow: true }),
    ];
    const sdep = sdepOf(predictors);
    const adapters = predictors.map((each) => {
      const settings = kafkaSettingsOf(sdep, each);
      const given = [...(each.svcOrchSpec?.env ?? []), ...kafkaEnvOf(sdep, each)];
      return {
        group: `${c.group}.${each.name}`,
        output: settings?.outputTopic?.known ?? '',
        errors: settings?.errorTopic?.known ?? '',
        environment: Object.fromEntries(given.map(({ name, value = '' }) => [name, value])),
      };
    });
    const topics = adapters.flatMap(({ output, errors }) => [output, errors]);
    const existing = await c.admin.listTopics();
    const fresh = topics.filter((topic) => !existing.includes(topic));
    await createTopics(
      c.admin,
      fresh.map((topic) => ({ topic, numPartitions: partitions })),
    );
    log = await followTopics(c.kafka, topics);
    const count = await write(c);
    await Promise.all(
      adapters.map(({ group, environment }) =>
        c.start({ ...environment, KAFKA_CONSUMER_GROUP: group }),
      ),
    );
    const [main, canary, dark] = adapters.map(({ output, errors }) => ({
      answers: () => log.records(output),
      errors: () => log.records(errors),
    }));
    if (main === undefined || canary === undefined || dark === undefined) throw new Error('three');
    const all = (reader: typeof main) => reader.answers().length + reader.errors().length;
    await log.until('every answer', () => all(main) + all(canary) >= count && all(dark) >= count);
    // Everything is committed, what others answer too: what comes too often would be there by now.
    for (const { group } of adapters) {
      await eventually(`${group} is through`, async () => (await lagOf(c, group)) === 0);
    }
    return { main, canary, dark };
  }

  async function lagOf(c: KafkaCase, groupId: string): Promise<number> {
    const ends = await c.admin.fetchTopicOffsets(c.input);
    const [topic] = await c.admin.fetchOffsets({ groupId, topics: [c.input] });
    const committed = new Map(topic?.partitions.map((p) => [p.partition, Number(p.offset)]));
    return ends.reduce(
      (sum, end) => sum + Number(end.high) - Math.max(0, committed.get(end.partition) ?? 0),
      0,
    );
  }

  const numbers = (records: readonly LoggedRecord[]): number[] =>
    records.map(numberOf).toSorted((one, other) => one - other);

  test('answer every event exactly once between them, by their weights, and a shadow all of them', async () => {
    const count = 600;
    const { main, canary, dark } = await run(async (c) => {
      await c.send(0, count);
      return count;
    });
    const everyone = Array.from({ length: count }, (_, n) => n);
    expect(numbers([...main.answers(), ...canary.answers()])).toEqual(everyone);
    expect(numbers(dark.answers())).toEqual(everyone);
    expect([...main.errors(), ...canary.errors(), ...dark.errors()]).toEqual([]);
    // The hash is fixed, so this does not depend on chance.
    expect(main.answers().length / count).toBeCloseTo(0.7, 1);
  });

  test('keep the records of a key together, and send what is malformed to one error topic', async () => {
    const keyed = Array.from({ length: 200 }, (_, n) => ({
      ...eventRecord(n, partitions),
      key: `customer-${n % 20}`,
    }));
    const malformed = Array.from({ length: 20 }, () => ({
      value: iris,
      headers: { ce_id: 'only' },
    }));
    const { main, canary, dark } = await run(async (c) => {
      await c.produce([...keyed, ...malformed]);
      return keyed.length + malformed.length;
    });
    const keys = (records: readonly LoggedRecord[]) => new Set(records.map(({ key }) => key));
    const [mine, theirs] = [keys(main.answers()), keys(canary.answers())];
    expect([...mine].filter((key) => theirs.has(key))).toEqual([]);
    expect(mine.size + theirs.size).toBe(20);
    expect(main.answers().length + canary.answers().length).toBe(keyed.length);
    expect(main.errors().length + canary.errors().length).toBe(malformed.length);
    expect(dark.answers().length).toBe(keyed.length);
    expect(dark.errors().length).toBe(malformed.length);
  });
});
