import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { Partitioners } from 'kafkajs';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { findFreePort } from '../../src/demo/free-port.ts';
import { startKafkaBroker } from '../../src/demo/kafka-broker.ts';
import { decodeKafka } from '../../src/event/kafka-message.ts';
import { brokerOptions, kafkaOf, readTopic, uniqueTopic, useBroker } from '../support/broker.ts';
import { startProduce, temporaryFile } from '../support/run-produce.ts';
import { createTopics } from '../support/topic-records.ts';

const broker = await useBroker();
/** The ids and places that were printed. */
const placesIn = (lines: readonly string[]) =>
  lines.flatMap((line) => {
    const [, id, partition, offset] =
      /^sent (\S+) to partition (\d+) offset (\d+)$/.exec(line) ?? [];
    return id === undefined ? [] : [`${id} ${partition} ${offset}`];
  });

const topicArgs = (topic: string, ...more: string[]) => [
  ...['--kafka-broker', broker.brokers.join(','), '--topic', topic],
  ...more,
];

/** How many lines come within a second. */
async function countForASecond(sent: () => string[]): Promise<number> {
  const before = sent().length;
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  return sent().length - before;
}

describe.skipIf(broker.missing)('produce, to a topic', () => {
  test('prints where each event stands, and it stands there', async () => {
    const topic = await uniqueTopic(broker.admin, 3);
    const run = await startProduce(topicArgs(topic, '--rate', '2000', '--count', '1500'));
    expect(await run.done).toBe(0);
    const records = await readTopic(broker.brokers, topic, 1_500);
    const inTopic = records.map(
      ({ headers, partition, offset }) => `${headers['ce_id']} ${partition} ${offset}`,
    );
    expect(placesIn(run.lines).sort()).toEqual(inTopic.sort());
    expect(new Set(records.map(({ headers }) => headers['ce_id'])).size).toBe(1_500);
    const onPartition = (wanted: number) =>
      records.filter(({ partition }) => partition === wanted).length;
    expect([0, 1, 2].map(onPartition)).toEqual([500, 500, 500]);
    expect(run.lines.at(-1)).toMatch(/^Sent 1500, failed 0, in/);
  });

  test('sends the documented request as a CloudEvent, in binary and in structured mode', async () => {
    for (const form of ['binary', 'structured']) {
      const topic = await uniqueTopic(broker.admin, 1);
      await (await startProduce(topicArgs(topic, '--count', '1', '--form', form))).done;
      const [record] = await readTopic(broker.brokers, topic, 1);
      expect(record?.key).toBeNull();
      const decoded = decodeKafka(record?.headers, record?.bytes ?? null);
      expect(decoded).toMatchObject({
        kind: 'event',
        mode: form,
        event: {
          specversion: '1.0',
          type: 'seldon.iris-deployment.default.request',
          source: 'seldon.examples.streaming.produce',
          datacontenttype: 'application/json',
          data: Buffer.from('{"data":{"ndarray":[[1,2,3,4]]}}'),
        },
      });
    }
  });

  test('sends a raw payload byte for byte, without headers', async () => {
    const topic = await uniqueTopic(broker.admin, 1);
    const payload = Buffer.from('{ "n" : "{n}" }\n');
    const file = await temporaryFile(payload);
    const run = await startProduce(
      topicArgs(topic, '--form', 'raw', '--payload-file', file, '--count', '1'),
    );
    expect(await run.done).toBe(0);
    const [record] = await readTopic(broker.brokers, topic, 1);
    expect(record).toMatchObject({ bytes: payload, headers: {}, key: null });
    expect(run.sent()).toEqual(['sent #1 to partition 0 offset 0']);
  });

  test("puts keyed records on their key's partition, as every Kafka client does", async () => {
    const topic = await uniqueTopic(broker.admin, 3);
    const args = topicArgs(topic, '--key', 'customer-{n%10}', '--count', '200', '--rate', '1000');
    expect(await (await startProduce(args)).done).toBe(0);
    const partitionMetadata = [0, 1, 2].map((partitionId) => ({ partitionId, leader: 1 }));
    const partitionOf = Partitioners.DefaultPartitioner();
    const records = await readTopic(broker.brokers, topic, 200);
    expect(new Set(records.map(({ key }) => key)).size).toBe(10);
    for (const { key, partition } of records) {
      const message = { key, value: null };
      const metadata = partitionMetadata as Parameters<typeof partitionOf>[0]['partitionMetadata'];
      expect(partition).toBe(partitionOf({ topic, message, partitionMetadata: metadata }));
    }
  });

  test('changes its rate by a line, by SIGUSR1, and by a file, while it runs', async () => {
    const topic = await uniqueTopic(broker.admin, 3);
    const file = await temporaryFile('0');
    const run = await startProduce(topicArgs(topic, '--rate', '1,40', '--rate-file', file));
    await run.until(/^Rate: paused/);
    expect(await countForASecond(run.sent)).toBe(0);
    run.type('toggle');
    await run.until(/^Rate: 40 per second/);
    const fast = await countForASecond(run.sent);
    expect(fast).toBeGreaterThan(20);
    expect(fast).toBeLessThan(60);
    run.type('pause');
    await vi.waitFor(() => expect(run.lines.at(-1)).toMatch(/^sent|paused/));
    await countForASecond(run.sent);
    expect(await countForASecond(run.sent)).toBe(0);
    await writeFile(file, '25\n');
    await run.until(/^Rate: 25 per second/);
    expect(await countForASecond(run.sent)).toBeGreaterThan(10);
    run.type('what?');
    await run.until(/^Type a number of events per second/);
    run.type('quit');
    expect(await run.done).toBe(0);
    const total = run.sent().length;
    expect(run.lines.at(-1)).toMatch(`Sent ${total}, failed 0`);
    expect(placesIn(run.lines)).toHaveLength(total);
  });

  test('waits for a topic that does not exist, and says so', async () => {
    const topic = `test-${randomUUID()}`;
    const run = await startProduce(topicArgs(topic, '--count', '1'));
    await run.until(/^Waiting for topics: .*PRODUCE_TOPIC\) does not exist/);
    await createTopics(broker.admin, [{ topic }]);
    expect(await run.done).toBe(0);
    expect(await readTopic(broker.brokers, topic, 1)).toHaveLength(1);
  });

  test('says that Kafka cannot be reached, and can be stopped meanwhile', async () => {
    const port = await findFreePort();
    const run = await startProduce(['--kafka-broker', `127.0.0.1:${port}`, '--topic', 'in']);
    await run.until(/^Kafka at 127.0.0.1:\d+ cannot be reached: /);
    await run.stop();
    expect(await run.done).toBe(0);
  });

  test('refuses for good what the topic does not take, and then does not end well', async () => {
    const topic = await uniqueTopic(broker.admin, 1, { 'max.message.bytes': '2000' });
    const payload = JSON.stringify('x'.repeat(5_000));
    const run = await startProduce(topicArgs(topic, '--payload', payload, '--count', '2'));
    expect(await run.done).toBe(1);
    expect(run.lines.filter((line) => line.startsWith('failed'))).toEqual([
      expect.stringMatching(/^failed \S+: its record of about \d+ bytes is larger than topic/),
      expect.anything(),
    ]);
    expect(run.lines.at(-1)).toMatch(/^Sent 0, failed 2/);
  });

  test('writes as fast as it can, and loses none', async () => {
    const topic = await uniqueTopic(broker.admin, 3);
    const run = await startProduce(topicArgs(topic, '--rate', '1000000', '--count', '20000'));
    expect(await run.done).toBe(0);
    const offsets = await broker.admin.fetchTopicOffsets(topic);
    const count = offsets.reduce((sum, { offset }) => sum + Number(offset), 0);
    // What a partition refuses for a moment is written again, with what others had taken.
    const records = await readTopic(broker.brokers, topic, count);
    expect(new Set(records.map(({ headers }) => headers['ce_id'])).size).toBe(20_000);
  });
});

describe.skipIf(broker.missing)('produce, while the broker is killed', () => {
  test('says so, goes on when it is back, and what it printed stands in the topic', async () => {
    const own = await startKafkaBroker(brokerOptions);
    onTestFinished(() => own.close());
    const admin = kafkaOf(own.brokers).admin();
    await admin.connect();
    const topic = await uniqueTopic(admin, 3);
    await admin.disconnect();
    const target = ['--kafka-broker', own.brokers.join(','), '--topic', topic];
    const run = await startProduce([...target, '--rate', '100', '--count', '500']);
    await vi.waitFor(() => expect(run.sent().length).toBeGreaterThan(50), 20_000);
    await own.kill();
    await run.until(/^Topic .* cannot be written to: .* records wait, and are tried again/);
    await own.start();
    expect(await run.done).toBe(0);
    expect(run.lines).toContainEqual(expect.stringMatching(/^Topic .* can be written to again/));
    const printed = placesIn(run.lines);
    expect(printed).toHaveLength(500);
    const ids = (records: readonly { headers: Readonly<Record<string, string>> }[]) =>
      new Set(records.map(({ headers }) => headers['ce_id']));
    const records = await readTopic(own.brokers, topic, (read) => ids(read).size === 500);
    const inTopic = new Set(records.map((r) => `${r.headers['ce_id']} ${r.partition} ${r.offset}`));
    expect(printed.filter((place) => !inTopic.has(place))).toEqual([]);
  });
});
