/** Transactions whose end the broker has left out (left-out-markers.ts). */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type KafkaBroker, startKafkaBroker } from '../../../src/demo/kafka-broker.ts';
import { brokerOptions, kafkaMissing } from '../../support/broker.ts';
import {
  divertedOf,
  eventRecord,
  eventually,
  type KafkaCase,
  outputsOf,
  useKafkaCases,
} from '../../support/kafka-case.ts';
import { apiKey, type KafkaProxy, startKafkaProxy } from '../../support/kafka-proxy.ts';
import { leaveTransaction, unverified } from '../../support/left-out-transaction.ts';

const missing = await kafkaMissing();

describe.skipIf(missing)(
  'exactly once, where the broker has left the end of a transaction out',
  () => {
    let broker: KafkaBroker;
    let proxy: KafkaProxy;
    beforeAll(async () => {
      proxy = await startKafkaProxy();
      const properties = { ...unverified, ...proxy.properties };
      broker = await startKafkaBroker({ ...brokerOptions, properties });
    });
    afterAll(async () => {
      await proxy?.close();
      await broker?.close();
    });
    const begin = useKafkaCases({
      get brokers() {
        return broker.brokers;
      },
    });

    /** Ten inputs, of which the first five were answered in the transaction that was left behind. */
    const leave = async (commit: boolean): Promise<KafkaCase> => {
      const c = await begin({ partitions: 1, environment: { KAFKA_DELIVERY: 'exactly-once' } });
      await c.send(0, 10);
      const outputs = [0, 1, 2, 3, 4].map((n) => eventRecord(n, 1));
      await leaveTransaction(c, { commit, outputs, offset: 5 });
      return c;
    };

    const answeredOnce = async (c: KafkaCase): Promise<void> => {
      await eventually('all is committed', async () => (await c.committed())[0] === 10);
      await c.answered(10);
      expect(outputsOf(c).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(divertedOf(c)).toEqual([]);
    };

    test('one that was committed is: its answers stand, and are not made again', async () => {
      const c = await leave(true);
      await c.start();
      await answeredOnce(c);
      expect(c.predictor.counters.predictions).toBe(5);
    });

    test('one that was aborted is: its answers are never seen, and made again', async () => {
      const c = await leave(false);
      await c.start();
      await answeredOnce(c);
      expect(c.predictor.counters.predictions).toBe(10);
    });

    const { initProducerId, addPartitionsToTxn, addOffsetsToTxn, endTxn } = apiKey;
    test.each([
      ['InitProducerId', initProducerId],
      ['AddPartitionsToTxn', addPartitionsToTxn],
      ['AddOffsetsToTxn', addOffsetsToTxn],
      ['EndTxn', endTxn],
    ])(
      'also where the connection is cut at %s, before and after the broker took it',
      async (_, cutAt) => {
        const c = await leave(true);
        let seen = 0;
        proxy.cutAt((kind) => {
          if (kind !== cutAt) return undefined;
          seen += 1;
          // InitProducerId may get through and be lost: then nobody knows how it was decided.
          if (seen === 1) return 'before';
          return seen === 2 && kind !== initProducerId ? 'after' : undefined;
        });
        try {
          await c.spawn({ KAFKA_BROKER: proxy.address });
          await answeredOnce(c);
          expect(c.predictor.counters.predictions).toBe(5);
        } finally {
          proxy.cutAt(undefined);
        }
      },
    );
  },
);
