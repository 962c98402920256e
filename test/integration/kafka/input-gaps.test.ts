/** Offsets of the input without a record behind them: markers, and what was aborted or compacted. */

import { Partitioners } from 'kafkajs';
import { describe, expect, test } from 'vitest';
import { useBroker } from '../../support/broker.ts';
import {
  eventRecord,
  eventually,
  type KafkaCase,
  outputsOf,
  useKafkaCases,
} from '../../support/kafka-case.ts';

const broker = await useBroker();

/** Writes events in a transaction of their own. */
async function transact(c: KafkaCase, numbers: readonly number[], how: 'commit' | 'abort') {
  const producer = c.kafka.producer({
    transactionalId: `${c.group}-${how}-${numbers[0]}`,
    createPartitioner: Partitioners.DefaultPartitioner,
    maxInFlightRequests: 1,
  });
  await producer.connect();
  const transaction = await producer.transaction();
  const messages = numbers.map((n) => eventRecord(n, 2));
  await transaction.send({ topic: c.input, acks: -1, messages });
  await transaction[how]();
  await producer.disconnect();
}

const ends = async (c: KafkaCase): Promise<number[]> => {
  const offsets = await c.admin.fetchTopicOffsets(c.input);
  return offsets.sort((a, b) => a.partition - b.partition).map(({ high }) => Number(high));
};

describe.skipIf(broker.missing)('transactions in the input', () => {
  const begin = useKafkaCases(broker);

  test.each(['at-least-once', 'exactly-once'])(
    '%s: what was aborted is not answered, and is passed over to the very end',
    async (delivery) => {
      const c = await begin({ environment: { KAFKA_DELIVERY: delivery } });
      await c.start();
      await c.send(0, 10);
      await transact(c, [10, 11, 12, 13], 'commit');
      await c.answered(14);
      for (let n = 100; n < 120; n += 4) await transact(c, [n, n + 1, n + 2, n + 3], 'abort');
      await eventually(
        'all is committed',
        async () => (await c.committed()).join() === (await ends(c)).join(),
      );
      const answered = [...new Set(outputsOf(c))];
      expect(answered.toSorted((a, b) => a - b)).toEqual([...Array(14).keys()]);
    },
  );
});
