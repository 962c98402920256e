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
