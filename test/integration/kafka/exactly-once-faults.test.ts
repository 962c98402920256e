/** Exactly once, whatever the connection, the topics and the broker do (design.md §3.4). */

import type { Admin } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type KafkaBroker, startKafkaBroker } from '../../../src/demo/kafka-broker.ts';
import { acl, aclRule, authorising } from '../../support/authorising-broker.ts';
import { brokerOptions, kafkaMissing, kafkaOf } from '../../support/broker.ts';
import {
  all,
  answersOf,
  createKafkaCase,
  divertedOf,
  eventually,
  setFaults,
  untilWritten,
  useKafkaCases,
} from '../../support/kafka-case.ts';
import { apiKey, type KafkaProxy, startKafkaProxy } from '../../support/kafka-proxy.ts';

const missing = await kafkaMissing();

describe.skipIf(missing)('exactly once, with faults', () => {
  let broker: KafkaBroker;
  let admin: Admin;
  let proxy: KafkaProxy;
  beforeAll(async () => {
    proxy = await startKafkaProxy();
    broker = await startKafkaBroker({
      ...brokerOptions,
      properties: {
        ...authorising,
        ...proxy.properties,
      },
    });
    admin = kafkaOf(broker.brokers).admin();
    await admin.connect();
  });
  afterAll(async () => {
    await admin?.disconnect();
    await proxy?.close();
    await broker?.close();
  });
  const begin = useKafkaCases({
    get brokers() {
      return broker.brokers;
    },
  });
  const exactly = {
    KAFKA_DELIVERY: 'exactly-once',
    KAFKA_SESSION_TIMEOUT_MS: '6000',
    KAFKA_REQUEST_TIMEOUT_MS: '5000',
  };

  const { produce, initProducerId, endTxn, txnOffsetCommit } = apiKey;
  const ofTransactions = [
    ...[produce, initProducerId, endTxn, txnOffsetCommit],
    ...[apiKey.addOffsetsToTxn, apiKey.addPartitionsToTxn],
  ];

  test.each([
    ['EndTxn', [endTxn]],
    ['Produce', [produce]],
    ['TxnOffsetCommit', [txnOffsetCommit]],
    ['InitProducerId', [initProducerId, endTxn]],
    ['any request of a transaction', ofTransactions],
  ])('connections that are cut at %s, before or after the broker took it', async (_, cutAt) => {
    const c = await begin({ partitions: 2, environment: { ...exactly, KAFKA_ORDER: 'none' } });
    let seen = 0;
    proxy.cutAt((kind) => {
      if (!cutAt.some((key) => key === kind)) return undefined;
      seen += 1;
      // Seldom enough that transactions of six requests get through.
      const every = cutAt.length > 2 ? 11 : 4;
      if (seen % every !== 3) return undefined;
      return seen % (2 * every) === 3 ? 'after' : 'before';
    });
    try {
      setFaults(c.predictor, { poison: 'POISON', delayMs: 2 });
      let sent = 0;
      const send = async (count: number): Promise<void> => {
        await c.send(sent, sent + count, (n) => (n % 40 === 3 ? 'POISON' : ''));
        sent += count;
      };
      await send(800);
      await c.spawn({ KAFKA_BROKER: proxy.address, KAFKA_MAX_ATTEMPTS: '2' });
      await c.answered(sent);
      // A busy machine makes few transactions of them: go on until enough were cut.
      while (seen <= 8) {
        await send(40);
        await c.answered(sent);
      }
      await eventually('all is committed', async () =>
        (await c.committed()).every((offset) => offset === sent / 2),
      );
      expect(answersOf(c)).toEqual(all(sent));
    } finally {
      proxy.cutAt(undefined);
    }
  });

  test.each(['partition', 'none'])(
    'an output that is too large is diverted, and costs only itself (order %s)',
    async (order) => {
      const c = await begin({
        partitions: 1,
        environment: { ...exactly, KAFKA_ORDER: order },
        outputConfig: { 'max.message.bytes': '20000' },
      });
      c.predictor.faults.statusFor = (body) => {
        if (body.includes('LARGE')) c.predictor.faults.bodyBytes = 30_000;
        else delete c.predictor.faults.bodyBytes;
        return undefined;
      };
      await c.send(0, 120, (n) => (n === 45 || n === 46 ? 'LARGE' : ''));
      await c.start();
      await c.answered(120);
      expect(divertedOf(c).toSorted()).toEqual([45, 46]);
      expect(answersOf(c)).toEqual(all(120));
      expect(c.log.records(c.errors)[0]?.headers['seldon-error-code']).toBe('OUTPUT_TOO_LARGE');
    },
  );

  test('brokers that cannot keep transactions are told of, before the group is joined', async () => {
    const few = await startKafkaBroker({
      ...brokerOptions,
      properties: { 'transaction.state.log.replication.factor': '3' },
    });
    const c = await createKafkaCase({ brokers: few.brokers, environment: exactly });
    try {
      const adapter = await c.spawn();
      await eventually('it says so', () =>
        adapter.output().includes('transaction.state.log.replication.factor must not be larger'),
      );
    } finally {
      await c.close();
      await few.close();
    }
  });

  test('a broker that refuses the metadata holds the answers up, loudly, and makes none twice', async () => {
    const strict = await startKafkaBroker({
      ...brokerOptions,
      properties: { 'offset.metadata.max.bytes': '4' },
    });
    const environment = { ...exactly, KAFKA_ORDER: 'none', KAFKA_MAX_ATTEMPTS: '1000' };
    const c = await createKafkaCase({ brokers: strict.brokers, partitions: 1, environment });
    try {
      setFaults(c.predictor, { poison: 'POISON' });
      await c.send(0, 600, (n) => (n === 0 ? 'POISON' : ''));
      const adapter = await c.spawn();
      await eventually('it says so', () =>
        adapter.output().includes('raise its offset.metadata.max.bytes to 4096'),
      );
      expect(answersOf(c)).toEqual([]);
      setFaults(c.predictor, {});
      await c.answered(600);
      expect(answersOf(c)).toEqual(all(600));
    } finally {
      await c.close();
      await strict.close();
    }
  });

  test('SIGKILL of the broker again and again: it goes on by itself, and nothing is answered twice', async () => {
    const c = await begin({ partitions: 6, environment: { ...exactly, KAFKA_ORDER: 'none' } });
    setFaults(c.predictor, { delayMs: 10 });
    await c.send(0, 3_000);
    await c.spawn();
    for (const target of [200, 1_000]) {
      await untilWritten(c, 'output', target);
      await broker.kill();
      await broker.start();
    }
    await c.answered(3_000);
    expect(answersOf(c)).toEqual(all(3_000));
  });

  test('brokers without transactions are told of, before the group is joined', async () => {
    for (const hidden of [initProducerId, endTxn, txnOffsetCommit]) {
      const c = await begin({ environment: exactly });
      proxy.hide([hidden]);
      try {
        await c.send(0, 2);
        const adapter = await c.spawn({ KAFKA_BROKER: proxy.address });
        await eventually('it says so', () =>
          adapter
            .output()
            .includes('these brokers have no transactions (some tiers of Azure Event Hubs do not)'),
        );
        const { groups } = await admin.describeGroups([c.group]);
        expect(groups[0]?.members ?? []).toEqual([]);
        await adapter.end('SIGKILL');
      } finally {
        proxy.hide([]);
      }
    }
  });

  test('a user who may not use our transactional ids is told the prefix, and works once he may', async () => {
    const c = await begin({ environment: exactly });
    const prefix = `${c.group}-${c.input}-`;
    const rule = aclRule(acl.transactionalId, prefix, acl.all, { pattern: acl.prefixed });
    await admin.createAcls({ acl: [rule] });
    await c.send(0, 4);
    const adapter = await c.spawn();
    await eventually('it says so', () =>
      adapter.output().includes(`TransactionalIds with the prefix ${c.group}-${c.input}-`),
    );
    expect((await admin.describeGroups([c.group])).groups[0]?.members ?? []).toEqual([]);
    await admin.deleteAcls({ filters: [rule] });
    await c.answered(4);
  });
});
