/** `seldon-eventing doctor --kafka`, against a real API server and a real broker. */

import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { applyCrds } from '../../support/apply-crds.ts';
import { produceRecords, useBroker } from '../../support/broker.ts';
import { foreignCrds, ourCrd } from '../../support/config-dir.ts';
import { healthyChain } from '../../support/doctor-case.ts';
import { useKubeServer } from '../../support/kube-server.ts';
import { createTopics } from '../../support/topic-records.ts';

const knative = foreignCrds
  .filter(({ name }) => name === 'knative-eventing.yaml')
  .map((it) => it.manifest);
const kube = await useKubeServer({
  controllerManager: true,
  prepare: ({ admin }) => applyCrds(admin, [ourCrd(), ...knative]),
});
const broker = await useBroker();

describe.skipIf(!kube.restartable || broker.missing)('doctor --kafka', () => {
  test('finds the missing topic, then the lag that nobody works on, then nothing', async () => {
    const name = `doctor-${randomUUID().slice(0, 8)}`;
    const [input, output] = [`${name}.in`, `${name}.out`];
    const chain = await healthyChain(kube, {
      serverType: 'kafka',
      env: [
        { name: 'KAFKA_BROKER', value: 'kafka.in-cluster:9092' },
        { name: 'KAFKA_INPUT_TOPIC', value: input },
        { name: 'KAFKA_OUTPUT_TOPIC', value: output },
      ],
    });
    const from = { KAFKA_BROKER: broker.brokers.join(',') };
    await createTopics(broker.admin, [
      { topic: input, numPartitions: 2 },
      { topic: output, numPartitions: 2 },
    ]);
    const missing = await chain.diagnosis(undefined, from);
    expect(missing.verdict.cause).toMatchObject({
      id: 'topics',
      told: `error topic ${output}.errors does not exist`,
    });
    expect(missing.code).toBe(1);

    await createTopics(broker.admin, [{ topic: `${output}.errors`, numPartitions: 1 }]);
    await produceRecords(
      broker.brokers,
      input,
      ['a', 'b', 'c'].map((value) => ({ value })),
    );
    const waiting = await chain.diagnosis(undefined, from);
    const groupId = `main.iris.${chain.place.namespace}`;
    expect(waiting.verdict.cause).toMatchObject({
      id: 'lag',
      told: `3 records wait in group ${groupId} on topic ${input}, and nobody consumes them`,
    });

    const ends = await broker.admin.fetchTopicOffsets(input);
    const partitions = ends.map(({ partition, high }) => ({ partition, offset: high }));
    await broker.admin.setOffsets({ groupId, topic: input, partitions });
    const { code, verdict, checks } = await chain.diagnosis(undefined, from);
    expect([code, verdict.result, verdict.notLookedAt]).toEqual([0, 'well', 0]);
    expect(checks.filter(({ id }) => id === 'permissions')).toHaveLength(4);
  });
});
