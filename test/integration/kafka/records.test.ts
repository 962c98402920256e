/** What records become: forms, headers, keys, and those that cannot be predicted on (design.md §3.4). */

import { describe, expect, test } from 'vitest';
import { useBroker } from '../../support/broker.ts';
import {
  eventRecord,
  eventually,
  setFaults,
  untilWritten,
  useKafkaCases,
} from '../../support/kafka-case.ts';
import { createTopics } from '../../support/topic-records.ts';

const broker = await useBroker();
const iris = '{"data":{"ndarray":[[5.1,3.5,1.4,0.2]]}}';

describe.skipIf(broker.missing)('records of the Kafka path', () => {
  const begin = useKafkaCases(broker);

  test('a binary event is answered by a binary reply event, key and puid along', async () => {
    const c = await begin();
    const record = eventRecord(7, 2);
    const headers = { ...record.headers, 'Seldon-Puid': 'puid-7', traceparent: '00-ab-cd-01' };
    await c.produce([{ ...record, key: 'customer-1', headers }]);
    await c.start();
    await untilWritten(c, 'output', 1);
    const [reply] = c.log.records(c.output);
    expect(reply?.key).toBe('customer-1');
    expect(reply?.headers).toMatchObject({
      ce_specversion: '1.0',
      ce_type: 'seldon.iris.default.response',
      ce_source: 'seldon.iris.default',
      ce_causationid: '7',
      'content-type': 'application/json',
      'Seldon-Puid': 'puid-7',
    });
    expect(JSON.parse(String(reply?.value))).toHaveProperty('data.ndarray');
  });

  test('a structured event is answered by a structured reply event', async () => {
    const c = await begin();
    const value = `{"specversion":"1.0","id":"s1","source":"t","type":"x","data":${iris}}`;
    await c.produce([{ value, headers: { 'content-type': 'application/cloudevents+json' } }]);
    await c.start();
    await untilWritten(c, 'output', 1);
    const [reply] = c.log.records(c.output);
    expect(reply?.headers['content-type']).toMatch(/^application\/cloudevents\+json/);
    expect(JSON.parse(String(reply?.value))).toMatchObject({
      type: 'seldon.iris.default.response',
      causationid: 's1',
    });
  });

  test('a raw payload is answered by the bare prediction, with puid and content type', async () => {
    const c = await begin();
    await c.produce([{ value: iris, key: 'k', headers: { traceparent: '00-ab-cd-01' } }]);
    await c.start();
    await untilWritten(c, 'output', 1);
    const [reply] = c.log.records(c.output);
    expect(Object.keys(reply?.headers ?? {}).toSorted()).toEqual([
      'Seldon-Puid',
      'content-type',
      'traceparent',
    ]);
    expect(JSON.parse(String(reply?.value))).toHaveProperty('data.names');
    expect(reply?.key).toBe('k');
  });

  test("are counted as calls of the model, by the executor's labels, and not as served requests", async () => {
    const c = await begin();
    await c.produce([{ value: iris }, { value: '{"x":1}' }]);
    const { url } = await c.start();
    await untilWritten(c, 'output', 1);
    await untilWritten(c, 'errors', 1);
    const text = await (await fetch(`${url}/metrics`)).text();
    const counts = text
      .split('\n')
      .filter((line) => /^seldon_api_executor_\w+_count/.test(line))
      .map((line) => /^seldon_api_executor_(\w+)_requests.* (\S+)$/.exec(line)?.slice(1).join(' '));
    expect(counts).toEqual(['client 1', 'client 1']);
    for (const code of ['200', '400']) {
      expect(text).toMatch(
        new RegExp(
          `client_requests_seconds_count\\{.*service="/predict",method="post",code="${code}"`,
        ),
      );
    }
  });

  test('KAFKA_OUTPUT_FORMAT makes events of raw predictions', async () => {
    const c = await begin({ environment: { KAFKA_OUTPUT_FORMAT: 'binary' } });
    await c.produce([{ value: iris }]);
    await c.start();
    await untilWritten(c, 'output', 1);
    expect(c.log.records(c.output)[0]?.headers['ce_type']).toBe('seldon.iris.default.response');
  });

  test('a record without a key goes to the partition it came from, one with a key where its key says', async () => {
    const c = await begin({ partitions: 4 });
    await c.produce([
      ...[0, 1, 2, 3].map((partition) => ({ partition, value: iris })),
      ...[0, 1, 2, 3].map((partition) => ({ partition, key: 'same', value: iris })),
    ]);
    await c.start();
    // At least once: an output may stand there twice.
    const partitionsOf = (key: string | null): Set<number> =>
      new Set(c.log.records(c.output).flatMap((r) => (r.key === key ? [r.partition] : [])));
    await untilWritten(c, 'output', 8);
    await c.log.until('each partition has its own', () => partitionsOf(null).size === 4);
    expect(partitionsOf('same').size).toBe(1);
  });

  test('records that cannot be predicted on go to the error topic as they came, told why', async () => {
    const c = await begin({ partitions: 1 });
    const cases = [
      [
        { value: '{not json', headers: { 'content-type': 'application/cloudevents+json' } },
        'EVENT_INVALID',
      ],
      [{ value: iris, headers: { ce_specversion: '9.9', ce_id: 'a' } }, 'EVENT_INVALID'],
      [{ value: iris, headers: { ce_id: 'only' } }, 'EVENT_INVALID'],
      [{ key: 'tombstone', value: null }, 'PAYLOAD_MISSING'],
      [{ value: '' }, 'PAYLOAD_MISSING'],
      [
        { value: Buffer.from([8, 1]), headers: { 'proto-name': 'seldon.protos.SeldonMessage' } },
        'PAYLOAD_UNSUPPORTED',
      ],
      [{ value: '[1,2]' }, 'PREDICTOR_REFUSED'],
      [
        { value: Buffer.from([0xff, 0xfe, 0x00]), headers: { x: Buffer.from([0xff]) } },
        'PREDICTOR_REFUSED',
      ],
    ] as const;
    await c.produce(cases.map(([message]) => ({ ...message })));
    await c.produce([{ value: iris }]);
    await c.start();
    await Promise.all([untilWritten(c, 'errors', cases.length), untilWritten(c, 'output', 1)]);
    const records = c.log
      .records(c.errors)
      .toSorted(
        (a, b) =>
          Number(a.headers['seldon-error-offset']) - Number(b.headers['seldon-error-offset']),
      );
    expect(records.map(({ headers }) => headers['seldon-error-code'])).toEqual(
      cases.map(([, code]) => code),
    );
    cases.forEach(([message], i) => {
      const sent = message.value === null ? null : Buffer.from(message.value);
      expect(records[i]?.value).toEqual(sent);
    });
    await eventually('all is committed', async () => (await c.committed())[0] === cases.length + 1);
  });

  test('our own replies and errors are skipped and committed, never predicted on again', async () => {
    const c = await begin({ partitions: 1 });
    const own = eventRecord(1, 1);
    await c.produce([
      { ...own, headers: { ...own.headers, ce_type: 'seldon.iris.default.response' } },
      { ...own, headers: { ...own.headers, ce_type: 'seldon.iris.default.error' } },
    ]);
    await c.start();
    await eventually('both are committed', async () => (await c.committed())[0] === 2);
    expect(c.predictor.counters.predictions).toBe(0);
    expect(c.log.records(c.output)).toEqual([]);
  });

  test("an answer over the output topic's size limit goes to the error topic; its neighbours do not", async () => {
    const c = await begin({ partitions: 3, outputConfig: { 'max.message.bytes': '20000' } });
    c.predictor.faults.statusFor = (body) => {
      if (body.includes('LARGE')) c.predictor.faults.bodyBytes = 30_000;
      else delete c.predictor.faults.bodyBytes;
      return undefined;
    };
    await c.send(0, 300, (n) => (n === 150 ? 'LARGE' : ''));
    await c.start();
    await c.answered(300);
    const [error, ...others] = c.log.records(c.errors);
    expect(others).toEqual([]);
    expect(error?.headers).toMatchObject({
      ce_id: '150',
      'seldon-error-code': 'OUTPUT_TOO_LARGE',
      'seldon-error-class': 'record',
    });
    // Nobody is written twice over it either.
    expect(c.log.records(c.output)).toHaveLength(299);
  });

  test('header values that are null or repeated do not hold anything up', async () => {
    const c = await begin({ partitions: 1 });
    const odd = { twice: ['a', 'b'], __proto__: 'p' } as Record<string, string | string[]>;
    await c.produce([
      { value: null, headers: { ...odd, nothing: '' } },
      { value: iris, headers: odd },
    ]);
    await c.start();
    await Promise.all([untilWritten(c, 'errors', 1), untilWritten(c, 'output', 1)]);
    expect(c.log.records(c.errors)[0]?.headers['twice']).toBe('a');
  });

  test('an input topic that does not exist yet is waited for', async () => {
    const c = await begin({ withoutInput: true });
    const adapter = await c.spawn();
    await eventually('it says what it waits for', () =>
      adapter.output().includes('waiting for topics'),
    );
    expect(adapter.output()).toContain(c.input);
    await createTopics(c.admin, [{ topic: c.input, numPartitions: 2 }]);
    await c.send(0, 20);
    await c.answered(20);
  });

  test('the start of every partition is committed at once, so that no autoscaler sees an invalid offset', async () => {
    const c = await begin({ partitions: 3 });
    await c.send(0, 3);
    setFaults(c.predictor, { hang: true });
    await c.start();
    await eventually('all partitions have an offset', async () =>
      (await c.committed()).every((offset) => offset === 0),
    );
  });

  test('KAFKA_OFFSET_RESET=latest leaves out what was there before', async () => {
    const c = await begin({ partitions: 1, environment: { KAFKA_OFFSET_RESET: 'latest' } });
    await c.send(0, 5);
    await c.start();
    await eventually('the end is committed', async () => (await c.committed())[0] === 5);
    await c.send(5, 8);
    await c.log.until('the new ones', () => c.log.records(c.output).length >= 3);
    expect(c.numbers(c.output)[0]).toEqual([5, 6, 7]);
  });

  test('lag reaches zero after transaction markers, which are no records', async () => {
    const c = await begin({ partitions: 1 });
    const producer = c.kafka.producer({
      transactionalId: c.input,
      maxInFlightRequests: 1,
      idempotent: true,
    });
    await producer.connect();
    for (const [n, end] of [
      [0, 'commit'],
      [1, 'abort'],
      [2, 'commit'],
      [3, 'abort'],
    ] as const) {
      const transaction = await producer.transaction();
      await transaction.send({ topic: c.input, messages: [eventRecord(n, 1)] });
      await transaction[end]();
    }
    await producer.disconnect();
    await c.start();
    await eventually('everything is committed, markers too', async () => {
      const [end] = await c.admin.fetchTopicOffsets(c.input);
      return (await c.committed())[0] === Number(end?.high);
    });
    expect(c.numbers(c.output)[0]).toEqual([0, 2]);
  });
});
