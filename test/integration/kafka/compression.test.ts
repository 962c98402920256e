/**
 * Compression both ways, with codecs that are not ours on the other side: the broker itself, which
 * is the Java client's code and writes batches anew where its topic asks for another codec, and
 * librdkafka by kcat.
 */

import zlib from 'node:zlib';
import kafkajs from 'kafkajs';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { parseAdapterConfig } from '../../../src/config/adapter.ts';
import { useBroker } from '../../support/broker.ts';
import {
  eventually,
  type KafkaCase,
  outputsOf,
  untilWritten,
  useKafkaCases,
} from '../../support/kafka-case.ts';
import { kcat, kcatMissing } from '../../support/kcat.ts';
import { useRecordingPredictor } from '../../support/recording-predictor.ts';
import { createTopics } from '../../support/topic-records.ts';

const broker = await useBroker();
const zstd = 'zstdCompress' in zlib;
const codecs = ['gzip', 'snappy', 'lz4', ...(zstd ? ['zstd'] : [])];
const typeOf = { gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const;
const iris = '{"data":{"ndarray":[[5.1,3.5,1.4,0.2]]}}';

/** An input topic whose broker writes every batch anew with this codec. */
async function recompressedInput(c: KafkaCase, codec: string): Promise<void> {
  const configEntries = [{ name: 'compression.type', value: codec }];
  await createTopics(c.admin, [{ topic: c.input, numPartitions: 2, configEntries }]);
}

/** Counts the batches of this codec that are decoded in this process from now on. */
function countDecoded(codec: string): () => number {
  const type = typeOf[codec as 'gzip'];
  const make = kafkajs.CompressionCodecs[type];
  const decompress = vi.fn(make().decompress);
  kafkajs.CompressionCodecs[type] = () => ({ ...make(), decompress });
  onTestFinished(() => {
    kafkajs.CompressionCodecs[type] = make;
  });
  return () => decompress.mock.calls.length;
}

/** Payloads that fill several of Snappy's blocks. */
const large = (n: number): string => `${n}-`.repeat(20_000);

describe.skipIf(broker.missing)('compressed records', () => {
  const begin = useKafkaCases(broker);

  test.each(codecs)('that Java compressed with %s are predicted on', async (codec) => {
    const c = await begin({ withoutInput: true });
    await recompressedInput(c, codec);
    await c.start();
    const decoded = countDecoded(codec);
    await c.send(0, 12, large);
    await c.answered(12);
    expect(outputsOf(c).toSorted((a, b) => a - b)).toEqual([...Array(12).keys()]);
    expect(decoded()).toBeGreaterThan(0);
  });

  test.each(codecs)('that we write with %s are read by Java', async (codec) => {
    const c = await begin({
      environment: { KAFKA_COMPRESSION: codec },
      outputConfig: { 'compression.type': 'uncompressed' },
    });
    c.predictor.faults.bodyBytes = 200_000;
    await c.start();
    await c.send(0, 20);
    await c.answered(20);
    expect(outputsOf(c).toSorted((a, b) => a - b)).toEqual([...Array(20).keys()]);
    for (const { value } of c.log.records(c.output)) {
      expect(JSON.parse(String(value))).toHaveProperty('data.ndarray');
      expect(value?.byteLength).toBe(200_000);
    }
  });

  test.each(codecs)('of %s are smaller: what was too large fits', async (codec) => {
    const c = await begin({
      environment: { KAFKA_COMPRESSION: codec },
      outputConfig: { 'max.message.bytes': '20000' },
    });
    c.predictor.faults.bodyBytes = 30_000;
    await c.start();
    await c.send(0, 10);
    await c.answered(10);
    expect(c.log.records(c.errors)).toEqual([]);
  });

  test.each(codecs)('go to the error topic with %s too, bytes as they came', async (codec) => {
    const c = await begin({ environment: { KAFKA_COMPRESSION: codec } });
    const value = Buffer.from([0xff, 0x00, 0xfe]);
    await c.produce([{ value, key: 'k' }]);
    await c.start();
    await untilWritten(c, 'errors', 1);
    expect(c.log.records(c.errors)[0]).toMatchObject({ key: 'k', value });
  });

  test.skipIf(zstd)(
    'of zstd hold everything up, loudly, on a Node that cannot read them',
    async () => {
      const c = await begin({ withoutInput: true });
      await recompressedInput(c, 'zstd');
      const adapter = await c.spawn();
      await c.send(0, 10);
      const told = (): string[] =>
        adapter
          .output()
          .split('\n')
          .filter((line) => line.includes('records cannot be decoded'));
      await eventually('it says so', () => told().length > 0);
      expect(told()).toHaveLength(1);
      expect(told()[0]).toMatch(/zstd.*Node 22\.15 or later/);
      expect(JSON.parse(told()[0] ?? '{}')).toMatchObject({ level: 'error' });
      const health = await (await fetch(`${adapter.url}/readyz?verbose`)).text();
      expect(health).toContain('zstd');
      // Nothing is passed over; where the start position is not committed yet there is none, -1.
      expect((await c.committed()).filter((offset) => offset > 0)).toEqual([]);
      expect([...c.log.records(c.output), ...c.log.records(c.errors)]).toEqual([]);
    },
  );
});

test.skipIf(zstd)('KAFKA_COMPRESSION=zstd is refused at the start by a Node without it', () => {
  const environment = { SELDON_DEPLOYMENT_ID: 'iris', PREDICTOR_URL: 'http://127.0.0.1:1' };
  const parsed = parseAdapterConfig([], { ...environment, KAFKA_COMPRESSION: 'zstd' });
  expect(parsed).toMatchObject({
    ok: false,
    problems: [expect.stringMatching(/^KAFKA_COMPRESSION: zstd needs Node 22\.15/)],
  });
});

describe.skipIf(broker.missing || kcatMissing())('compressed records of librdkafka', () => {
  const begin = useKafkaCases(broker);

  test.each(codecs)('are read, and ours by it (%s)', async (codec) => {
    const c = await begin({ environment: { KAFKA_COMPRESSION: codec } });
    await c.start();
    const decoded = countDecoded(codec);
    const at = ['-b', broker.brokers.join(',')];
    const values = Array.from({ length: 50 }, () => iris).join('\n');
    await kcat([...at, '-P', '-t', c.input, '-z', codec, '-X', 'linger.ms=200'], values);
    await untilWritten(c, 'output', 50);
    expect(decoded()).toBeGreaterThan(0);
    const read = await kcat([...at, '-C', '-t', c.output, '-o', 'beginning', '-e', '-q']);
    const lines = read.toString().trimEnd().split('\n');
    expect(lines).toHaveLength(50);
    for (const line of lines) expect(JSON.parse(line)).toHaveProperty('data.ndarray');
  });
});

describe.skipIf(broker.missing)('values framed by a schema registry', () => {
  const begin = useKafkaCases(broker);
  const predictor = useRecordingPredictor();
  /** Magic byte 0, the schema's id, then Avro: bytes that are no text at all. */
  const framed = Buffer.from([0, 0, 0, 1, 7, 2, 0xff, 0xfe, 0, 0x80]);

  test('reach the predictor byte for byte, and its answer the output topic', async () => {
    const answer = Buffer.from([0, 0, 0, 1, 8, 0xff, 0, 0xc0]);
    const c = await begin({ partitions: 1, environment: { PREDICTOR_URL: predictor.url } });
    predictor.answer = (_call, response) => {
      response.setHeader('Content-Type', 'application/octet-stream');
      response.end(answer);
    };
    await c.produce([{ value: framed }]);
    await c.start();
    await untilWritten(c, 'output', 1);
    expect(predictor.calls.map(({ body }) => body)).toEqual([framed]);
    expect(c.log.records(c.output)[0]?.value).toEqual(answer);
  });

  test('stand in the error topic byte for byte where they are refused', async () => {
    const c = await begin({ partitions: 1 });
    await c.produce([{ value: framed, key: 'k' }]);
    await c.start();
    await untilWritten(c, 'errors', 1);
    expect(c.log.records(c.errors)[0]).toMatchObject({ key: 'k', value: framed });
  });
});
