import { describe, expect, it } from 'vitest';
import { deploymentOf, kafkaTrigger, secret, topics } from './kafka-sdep.ts';
import { renderTrigger as render } from './keda-render.ts';

describe('what a Kafka scale trigger leaves out', () => {
  it("is filled in, for both of KEDA's scalers; what is set stays", () => {
    const set = {
      bootstrapServers: 'other:9092',
      lagThreshold: '50',
      activationLagThreshold: '3',
      limitToPartitionsWithLag: 'true',
    };
    for (const type of ['kafka', 'apache-kafka']) {
      expect(render({ type, metadata: set }).metadata).toEqual({
        ...set,
        consumerGroup: 'model.iris.ns',
        topic: 'in',
        offsetResetPolicy: 'earliest',
      });
    }
    expect(render({ type: 'kafka' }).metadata).toHaveProperty('topic', 'in');
  });

  it('follows the settings of the adapter', () => {
    const env = {
      ...topics,
      KAFKA_CONSUMER_GROUP: 'mine',
      KAFKA_OFFSET_RESET: 'Latest',
      KAFKA_WORKERS: '64',
    };
    expect(render(kafkaTrigger(), env).metadata).toEqual({
      bootstrapServers: 'kafka:9092',
      consumerGroup: 'mine',
      topic: 'in',
      offsetResetPolicy: 'latest',
      lagThreshold: '64',
    });
  });

  it("is read from the adapter's variable where only the pod knows it", () => {
    const env = {
      KAFKA_BROKER: secret('k', 'servers'),
      KAFKA_INPUT_TOPIC: secret('k', 'in'),
      KAFKA_OUTPUT_TOPIC: 'out',
      KAFKA_CONSUMER_GROUP: secret('k', 'group'),
    };
    const { metadata, reasons } = render(kafkaTrigger(), env);
    expect(reasons).toEqual([]);
    expect(metadata).toMatchObject({
      bootstrapServersFromEnv: 'KAFKA_BROKER',
      topicFromEnv: 'KAFKA_INPUT_TOPIC',
      consumerGroupFromEnv: 'KAFKA_CONSUMER_GROUP',
    });
    expect(metadata).not.toHaveProperty('topic');
  });

  it('is warned of where KEDA could not read it either', () => {
    const env = {
      ...topics,
      KAFKA_OFFSET_RESET: secret('k', 'r'),
      KAFKA_WORKERS: secret('k', 'w'),
    };
    const { metadata, warnings } = render(kafkaTrigger(), env);
    expect(metadata).not.toHaveProperty('lagThreshold');
    expect(warnings.map(({ message }) => /metadata\.(\w+)/.exec(message)?.[1])).toEqual([
      'offsetResetPolicy',
      'lagThreshold',
    ]);
    const bare = { ...deploymentOf(), spec: {} };
    const unknown = render(kafkaTrigger(), { ...topics, KAFKA_BROKER: secret('k', 'b') }, bare);
    expect(unknown.reasons).toEqual(['ScaleTriggerIncomplete']);
  });

  it('is not filled in twice where a variable is named, and empty counts as left out', () => {
    const { metadata } = render(
      kafkaTrigger({ topicFromEnv: 'KAFKA_INPUT_TOPIC', consumerGroup: ' ' }),
    );
    expect(metadata).toMatchObject({
      topicFromEnv: 'KAFKA_INPUT_TOPIC',
      consumerGroup: 'model.iris.ns',
    });
    expect(metadata).not.toHaveProperty('topic');
  });

  it('takes numbers and booleans for the texts that KEDA wants', () => {
    const metadata = { lagThreshold: 50, allowIdleConsumers: true } as unknown as Record<
      string,
      string
    >;
    expect(render(kafkaTrigger(metadata)).metadata).toMatchObject({
      lagThreshold: '50',
      allowIdleConsumers: 'true',
    });
  });

  it('is never excludePersistentLag', () => {
    expect(render(kafkaTrigger()).metadata).not.toHaveProperty('excludePersistentLag');
  });
});

describe('a trigger that watches something else than the adapter consumes is a warning', () => {
  const cases: [string, Record<string, string>, string][] = [
    ['another group', { consumerGroup: 'other' }, 'ScaleTriggerOtherGroup'],
    ['another group by a variable', { consumerGroupFromEnv: 'GROUP' }, 'ScaleTriggerOtherGroup'],
    ['another topic', { topic: 'other' }, 'ScaleTriggerOtherTopic'],
    ['more topics', { topic: 'in,other' }, 'ScaleTriggerOtherTopic'],
    ['another offsetResetPolicy', { offsetResetPolicy: 'latest' }, 'ScaleTriggerOtherOffsetReset'],
    ['lag that stands still left out', { excludePersistentLag: 'true' }, 'ExcludePersistentLag'],
    ['less than one replica works on', { lagThreshold: '5' }, 'LagThresholdBelowWorkers'],
    ['no number', { lagThreshold: 'many' }, 'ScaleTriggerInvalid'],
    ['a number below 1', { lagThreshold: '0' }, 'ScaleTriggerInvalid'],
    ['an authMode that never was', { authMode: 'kerberos' }, 'ScaleTriggerAuthMode'],
  ];
  it.each(cases)('%s', (_, metadata, reason) => {
    const { warnings, reasons } = render(kafkaTrigger(metadata), { ...topics, GROUP: 'other' });
    expect(reasons).toEqual([reason]);
    expect(warnings[0]?.message).toMatch(
      /^spec\.predictors\[0\]\.componentSpecs\[0\]\.kedaSpec\.triggers\[0\]\./,
    );
  });

  it('at zero replicas, one that counts an invalid offset as none would never start', () => {
    const never = kafkaTrigger({ scaleToZeroOnInvalidOffset: 'true' });
    expect(render(never, topics, deploymentOf(), { minReplicaCount: 0 }).reasons).toEqual([
      'ScaleTriggerNeverStarts',
    ]);
    expect(render(never).reasons).toEqual([]);
  });

  it('the very same, named another way, is none', () => {
    const same = { consumerGroup: 'model.iris.ns', topicFromEnv: 'KAFKA_INPUT_TOPIC' };
    expect(
      render(kafkaTrigger({ ...same, lagThreshold: '16', excludePersistentLag: 'false' })).reasons,
    ).toEqual([]);
  });
});
