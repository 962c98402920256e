/** `seldon-eventing replay`: an error topic's records go back to where they came from. */

import type { Message } from 'kafkajs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { errorRecord } from '../../../src/delivery/error-record.ts';
import { AdapterError, type ErrorCode } from '../../../src/errors.ts';
import {
  produceRecords,
  type ReadRecord,
  readTopic,
  uniqueTopic,
  useBroker,
} from '../../support/broker.ts';
import {
  divertedOf,
  eventually,
  outputsOf,
  setFaults,
  untilWritten,
  useKafkaCases,
} from '../../support/kafka-case.ts';
import { runReplay, startReplay } from '../../support/run-replay.ts';

const broker = await useBroker();

describe.skipIf(broker.missing)('replay', () => {
  const begin = useKafkaCases(broker);

  const argsOf = (topic: string, ...more: string[]): string[] => [
    '--kafka-broker',
    broker.brokers.join(','),
    '--topic',
    topic,
    ...more,
  ];

  /** Topics of an input and its errors. */
  async function topics(partitions = 1, config: Record<string, string> = {}) {
    const [input, errors] = await Promise.all([
      uniqueTopic(broker.admin, partitions, config),
      uniqueTopic(broker.admin, partitions),
    ]);
    return { input, errors };
  }

  interface Failure {
    readonly code?: ErrorCode;
    readonly time?: string;
    readonly omit?: 'nothing' | 'value';
    readonly key?: string | null;
    readonly value?: Buffer | null;
    readonly headers?: Record<string, string | Buffer | (string | Buffer)[]>;
    /** Of the input. */
    readonly partition?: number;
    readonly offset?: number;
  }

  /** A record of the error topic. */
  function errorOf(topic: string, failure: Failure = {}): Message {
    const { code = 'PREDICTOR_FAILED', time = new Date().toISOString() } = failure;
    const { key = null, value = Buffer.from('v'), headers = {}, partition = 0 } = failure;
    const { key: k, ...record } = errorRecord(
      {
        topic,
        partition,
        offset: failure.offset ?? 0,
        timestamp: '0',
        key: key === null ? null : Buffer.from(key),
        value,
        headers,
      },
      new AdapterError(code, 'why'),
      {
        identity: { sdep: 'iris', namespace: 'default', predictor: 'default' },
        time,
        attempts: 3,
        omit: failure.omit ?? 'nothing',
      },
    );
    return { key: k, value: record.value, headers: record.headers, partition: 0 } as Message;
  }

  const put = (topic: string, ...messages: Message[]): Promise<void> =>
    produceRecords(broker.brokers, topic, messages);

  /** Everything in a topic now. */
  async function contentOf(topic: string): Promise<ReadRecord[]> {
    const ends = await broker.admin.fetchTopicOffsets(topic);
    const count = ends.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
    return readTopic(broker.brokers, topic, count);
  }

  const valuesIn = async (topic: string): Promise<(string | null)[]> =>
    (await contentOf(topic)).map(({ value }) => value);

  const committedOf = async (group: string, topic: string): Promise<number> => {
    const [found] = await broker.admin.fetchOffsets({ groupId: group, topics: [topic] });
    return Number(found?.partitions[0]?.offset);
  };

  test('once the predictor is mended, what failed is answered', async () => {
    const c = await begin({ environment: { KAFKA_MAX_ATTEMPTS: '2' } });
    setFaults(c.predictor, { poison: 'POISON', refuse: 'REFUSE' });
    const mark = (n: number): string => (n % 10 === 3 ? 'POISON' : n % 10 === 7 ? 'REFUSE' : '');
    await c.send(0, 40, mark);
    await c.start();
    await c.answered(40);
    expect(divertedOf(c).toSorted((a, b) => a - b)).toEqual([3, 7, 13, 17, 23, 27, 33, 37]);
    setFaults(c.predictor, {});
    const { code, summary } = await runReplay(argsOf(c.errors));
    expect(summary).toBe('Read 8 records: 8 replayed, 0 refused, 0 failed, 0 not asked for.');
    expect(code).toBe(0);
    await eventually('all are answered in the output', () => new Set(outputsOf(c)).size === 40);
    expect(outputsOf(c)).toHaveLength(40);
    expect(divertedOf(c)).toHaveLength(8);
  });

  test('what goes round in circles shows how often, and the replay ends all the same', async () => {
    const c = await begin({ partitions: 1 });
    setFaults(c.predictor, { refuse: 'REFUSE' });
    await c.send(0, 1, () => 'REFUSE');
    await c.start();
    await untilWritten(c, 'errors', 1);
    expect((await runReplay(argsOf(c.errors, '--group', `${c.group}-replay`))).code).toBe(0);
    await untilWritten(c, 'errors', 2);
    const again = await runReplay(argsOf(c.errors, '--group', `${c.group}-replay`));
    expect(again.summary).toContain('Read 1 records: 1 replayed');
    await untilWritten(c, 'errors', 3);
    const counts = c.log.records(c.errors).map(({ headers }) => headers['seldon-replay-count']);
    expect(counts).toEqual([undefined, '1', '2']);
  });

  test('key, value and headers are the original ones, in the original partition', async () => {
    const c = await begin({ partitions: 4 });
    setFaults(c.predictor, { refuse: 'REFUSE' });
    const odd = [
      { partition: 1, key: 'k1', value: 'REFUSE 1', headers: { x: 'a', ce: ['b', 'c'] } },
      { partition: 3, value: Buffer.from([0, 0xff]), headers: { raw: Buffer.from([0xfe, 0]) } },
      { partition: 2, key: 'k2', value: null, headers: {} },
    ];
    await c.produce(odd);
    await c.start();
    await untilWritten(c, 'errors', 3);
    const originals = await contentOf(c.input);
    expect((await runReplay(argsOf(c.errors))).code).toBe(0);
    const replays = (await contentOf(c.input)).filter((r) => 'seldon-replay-count' in r.headers);
    const partsOf = (records: readonly ReadRecord[], more: Record<string, string> = {}) =>
      records
        .map(({ partition, key, bytes, headers }) => ({
          partition,
          key,
          bytes,
          headers: { ...headers, ...more },
        }))
        .toSorted((one, other) => one.partition - other.partition);
    expect(partsOf(replays)).toEqual(partsOf(originals, { 'seldon-replay-count': '1' }));
  });

  test('only what is asked for goes: by class, code and time', async () => {
    const { input, errors } = await topics();
    const codes: ErrorCode[] = ['PREDICTOR_FAILED', 'PREDICTOR_REFUSED', 'PREDICTOR_MISCONFIGURED'];
    await put(
      errors,
      ...codes.map((code) => errorOf(input, { code, value: Buffer.from(code) })),
      errorOf(input, { time: '2020-01-01T00:00:00Z', value: Buffer.from('old') }),
    );
    const args = ['--fault', 'transient,deployment', '--since', '1h'];
    const { code, summary } = await runReplay(argsOf(errors, ...args));
    expect(summary).toContain('Read 4 records: 2 replayed, 0 refused, 0 failed, 2 not asked for');
    expect(code).toBe(0);
    expect(await valuesIn(input)).toEqual(['PREDICTOR_FAILED', 'PREDICTOR_MISCONFIGURED']);
    await runReplay(argsOf(errors, '--code', 'PREDICTOR_REFUSED'));
    await runReplay(argsOf(errors, '--until', '2021-01-01'));
    expect((await valuesIn(input)).slice(2)).toEqual(['PREDICTOR_REFUSED', 'old']);
  });

  test('a dry run tells where each stands, and sends and commits nothing', async () => {
    const { input, errors } = await topics();
    const value = Buffer.from('SECRET payload');
    await put(errors, errorOf(input, { key: 'customer-1', value }), errorOf(input, { value }));
    const group = `${errors}-dry`;
    const run = await runReplay(argsOf(errors, '--dry-run', '--group', group));
    expect(run.code).toBe(0);
    expect(run.lines).toContain(
      `would replay partition 0 offset 0 (PREDICTOR_FAILED, key "customer-1") to ${input}`,
    );
    expect(run.summary).toBe(
      'Read 2 records: 2 would be replayed, 0 refused, 0 not asked for. Nothing was sent.',
    );
    expect(run.lines.join('\n')).not.toContain('SECRET');
    expect(await contentOf(input)).toEqual([]);
    expect(await committedOf(group, errors)).toBe(-1);
  });

  test('a group goes on where its last replay ended, whatever the limit; without one all go again', async () => {
    const { input, errors } = await topics();
    const values = ['a', 'b', 'c', 'd', 'e'];
    await put(errors, ...values.map((v) => errorOf(input, { value: Buffer.from(v) })));
    const args = argsOf(errors, '--group', `${errors}-g`, '--limit', '2');
    for (const sent of [2, 2, 1, 0]) {
      const run = await runReplay(args);
      expect([run.code, run.summary]).toEqual([0, expect.stringContaining(`${sent} replayed`)]);
    }
    expect(await valuesIn(input)).toEqual(values);
    await runReplay(argsOf(errors));
    await runReplay(argsOf(errors, '--limit', '1'));
    expect(await valuesIn(input)).toEqual([...values, ...values, 'a']);
  });

  test('what cannot be sent back is named, the others go, and the exit code tells', async () => {
    const { input, errors } = await topics();
    await put(
      errors,
      errorOf(input, { omit: 'value', value: Buffer.alloc(77), offset: 9 }),
      { value: 'nobody knows', partition: 0 },
      errorOf(`${input}-gone`),
      errorOf(input, { value: Buffer.from('good') }),
    );
    const { code, lines, summary } = await runReplay(argsOf(errors));
    expect(code).toBe(1);
    expect(summary).toContain('1 replayed, 3 refused');
    const refused = lines.filter((line) => line.startsWith('refused '));
    expect(refused[0]).toContain(`offset 0`);
    expect(refused[0]).toContain(`77 bytes was left out`);
    expect(refused[0]).toContain(`${input} partition 0 offset 9`);
    expect(refused[1]).toContain('offset 1 (no code, no key): it is no error record');
    expect(refused[2]).toContain(`${input}-gone does not exist`);
    expect(await valuesIn(input)).toEqual(['good']);
  });

  test('what has become too large for its topic fails alone', async () => {
    const { input, errors } = await topics(1, { 'max.message.bytes': '2000' });
    const values = ['a', 'x'.repeat(5_000), 'b'];
    await put(errors, ...values.map((v) => errorOf(input, { value: Buffer.from(v) })));
    const { code, lines, summary } = await runReplay(argsOf(errors));
    expect([code, summary]).toEqual([
      1,
      expect.stringContaining('2 replayed, 0 refused, 1 failed'),
    ]);
    expect(lines.join('\n')).toMatch(/failed partition 0 offset 1 .*max\.message\.bytes/);
    expect((await valuesIn(input)).toSorted()).toEqual(['a', 'b']);
  });

  test('many records of many partitions go once each, in their order', async () => {
    const { input, errors } = await topics(3);
    const count = 6_000;
    const messages = Array.from({ length: count }, (_, n) => ({
      ...errorOf(input, { value: Buffer.from(`${n}`), partition: n % 3 }),
      partition: n % 3,
    }));
    for (let i = 0; i < count; i += 500) await put(errors, ...messages.slice(i, i + 500));
    const { code, summary } = await runReplay(argsOf(errors, '--kafka-compression', 'lz4'));
    expect([code, summary]).toEqual([0, expect.stringContaining(`${count} replayed`)]);
    const records = await contentOf(input);
    expect(records).toHaveLength(count);
    for (const partition of [0, 1, 2]) {
      const numbers = records.filter((r) => r.partition === partition).map((r) => Number(r.value));
      expect(numbers).toEqual(Array.from({ length: count / 3 }, (_, i) => i * 3 + partition));
    }
  });

  test('a topic that lost partitions takes the records by their keys', async () => {
    const { input, errors } = await topics();
    await put(errors, errorOf(input, { key: 'k', partition: 12, value: Buffer.from('moved') }));
    expect((await runReplay(argsOf(errors))).code).toBe(0);
    expect(await valuesIn(input)).toEqual(['moved']);
  });

  test('records of aborted transactions are no errors, and markers at the end no reason to wait', async () => {
    const { input, errors } = await topics();
    const transactionalId = errors;
    const producer = broker.kafka.producer({ transactionalId, maxInFlightRequests: 1 });
    onTestFinished(() => producer.disconnect());
    await producer.connect();
    for (const end of ['commit', 'abort'] as const) {
      const transaction = await producer.transaction();
      const messages = [errorOf(input, { value: Buffer.from(end) })];
      await transaction.send({ topic: errors, messages });
      await transaction[end]();
    }
    const { code, summary } = await runReplay(argsOf(errors, '--group', `${errors}-t`));
    expect([code, summary]).toEqual([0, expect.stringContaining('1 replayed')]);
    expect(await valuesIn(input)).toEqual(['commit']);
  });

  test('an empty topic is no failure, one that does not exist is', async () => {
    const { errors } = await topics();
    expect((await runReplay(argsOf(errors))).code).toBe(0);
    const { code, lines } = await runReplay(argsOf(`${errors}-none`));
    expect(code).toBe(1);
    expect(lines.join('\n')).toContain(`topic ${errors}-none does not exist`);
  });

  test('a group that others work in is not taken from them', async () => {
    const c = await begin();
    await c.start();
    await eventually('it has joined', async () => {
      const { groups } = await c.admin.describeGroups([c.group]);
      return groups[0]?.state === 'Stable';
    });
    const { code, lines } = await runReplay(argsOf(c.errors, '--group', c.group));
    expect(code).toBe(1);
    expect(lines.join('\n')).toContain(`group ${c.group} has 1 members at work`);
  });

  test('no group is left behind where none was named', async () => {
    const { input, errors } = await topics();
    await put(errors, errorOf(input));
    await runReplay(argsOf(errors));
    const { groups } = await broker.admin.listGroups();
    expect(groups.filter(({ groupId }) => groupId.startsWith('seldon-eventing-replay-'))).toEqual(
      [],
    );
  });

  test('stopped, it ends soon and says how far it came', async () => {
    const { input, errors } = await topics();
    const messages = Array.from({ length: 500 }, () => errorOf(input));
    for (let i = 0; i < 10; i += 1) await put(errors, ...messages);
    const run = await startReplay(argsOf(errors, '--group', `${errors}-s`));
    await eventually('it has begun', () => run.lines.some((line) => line.startsWith('replayed ')));
    await run.stop();
    await run.done;
    const sent = run.lines.filter((line) => line.startsWith('replayed ')).length;
    expect(run.lines.at(-1)).toContain(`${sent} replayed`);
    const next = await runReplay(argsOf(errors, '--group', `${errors}-s`));
    expect(next.code).toBe(0);
    expect((await contentOf(input)).length).toBeGreaterThanOrEqual(5_000);
  });

  test('brokers that cannot be reached are told of', async () => {
    const { code, lines } = await runReplay(['--kafka-broker', '127.0.0.1:1', '--topic', 'e']);
    expect(code).toBe(1);
    expect(lines.join('\n')).toMatch(/The replay failed: .*127\.0\.0\.1:1/);
  });
});
