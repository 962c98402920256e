import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { replaceInternals } from '../../../src/kafka/kafkajs-internals.ts';

const load = createRequire(import.meta.url);
const versions = load('kafkajs/src/protocol/requests/produce/index.js').protocol as (of: {
  version: number;
}) => (request: object) => {
  request: { apiVersion: number; encode: () => Promise<{ buf: unknown; buffer: Buffer }> };
};

/** As kafkajs' producer asks for it; version 7 is the highest it knows. */
const encoded = async (compression = 0) => {
  const messages = [{ key: 'k', value: Buffer.from('v'), headers: { h: 'x' } }];
  const topicData = [{ topic: 't', partitions: [{ partition: 0, messages }] }];
  const { request } = versions({ version: 7 })({ acks: -1, timeout: 1, compression, topicData });
  expect(request.apiVersion).toBe(7);
  return request.encode();
};

// In this order: kafkajs loads its encoder once.
test('kafkajs is built such that its encoder and its checksum can be replaced', async () => {
  expect(replaceInternals()).toBe(true);
  expect(replaceInternals()).toBe(true);
  const plain = await encoded();
  // kafkajs' own has room left behind what it wrote.
  expect(plain.buf).toBe(plain.buffer);
});

test('what ours does not know is still encoded by its own', async () => {
  const { buf, buffer } = await encoded(1);
  expect((buf as Buffer).length).toBeGreaterThan(buffer.length);
});

/** A batch of offsets 415 and 416 whose records compaction has taken away. */
function emptyBatch(): Buffer {
  const bytes = Buffer.alloc(4 + 61);
  bytes.writeInt32BE(61, 0);
  bytes.writeBigInt64BE(415n, 4);
  bytes.writeInt32BE(61 - 12, 12);
  bytes.writeInt8(2, 20);
  bytes.writeInt16BE(0x10, 25);
  bytes.writeInt32BE(1, 27);
  return bytes;
}

test('a batch without records moves the consumer on', async () => {
  expect(replaceInternals()).toBe(true);
  const Decoder = load('kafkajs/src/protocol/decoder.js') as new (bytes: Buffer) => object;
  const decode = load('kafkajs/src/protocol/requests/fetch/v4/decodeMessages.js') as (
    decoder: object,
  ) => Promise<object[]>;
  const Batch = load('kafkajs/src/consumer/batch.js') as new (
    ...args: [topic: string, fetchedOffset: string, data: object]
  ) => { messages: object[]; isEmptyDueToFiltering: () => boolean; lastOffset: () => string };
  const messages = await decode(new Decoder(emptyBatch()));
  const data = { partition: 0, highWatermark: '418', abortedTransactions: [], messages };
  for (const fetchedOffset of ['415', '416']) {
    const batch = new Batch('t', fetchedOffset, data);
    expect(batch.messages).toEqual([]);
    expect(batch.isEmptyDueToFiltering()).toBe(true);
    expect(batch.lastOffset()).toBe('416');
  }
});
