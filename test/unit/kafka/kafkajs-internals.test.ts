import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import { beforeAll, expect, test } from 'vitest';
import { replaceInternals } from '../../../src/kafka/kafkajs-internals.ts';
import { plainSocketFactory } from '../../../src/kafka/security/socket-factory.ts';

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

// kafkajs loads its encoder once.
beforeAll(() => {
  replaceInternals();
});

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

test('a connection that broke in the middle of an answer is begun anew, and its answers are found', async () => {
  expect(replaceInternals()).toBe(true);
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    const isFirst = connections === 1;
    socket.on('data', (request) => {
      const answer = Buffer.alloc(12);
      answer.writeInt32BE(isFirst ? 1_000 : 8);
      // The number of the request stands behind its length, its kind and its version.
      request.copy(answer, 4, 8, 12);
      answer.writeInt32BE(42, 8);
      socket.write(answer);
      if (isFirst) socket.end();
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const connection = connectionTo(port);
  try {
    await connection.connect();
    await expect(connection.send(question)).rejects.toThrow('Closed connection');
    await connection.connect();
    expect(await connection.send(question)).toEqual({ answer: 42 });
    expect(connections).toBe(2);
  } finally {
    await connection.disconnect();
    server.close();
  }
});

interface Connection {
  readonly connect: () => Promise<unknown>;
  readonly send: (request: object) => Promise<unknown>;
  readonly disconnect: () => Promise<unknown>;
}

const question = {
  request: {
    ...{ apiKey: 3, apiName: 'Metadata', apiVersion: 0 },
    encode: async () => ({ buf: Buffer.alloc(0), buffer: Buffer.alloc(0) }),
  },
  response: {
    decode: async (payload: Buffer) => ({ answer: payload.readInt32BE() }),
    parse: async (data: object) => data,
  },
};

function connectionTo(port: number): Connection {
  const Connection = load('kafkajs/src/network/connection.js') as new (of: object) => Connection;
  const logger = { info() {}, error() {}, warn() {}, debug() {}, namespace: () => logger };
  return new Connection({
    ...{ host: '127.0.0.1', port, logger, clientId: 'test', requestTimeout: 2_000 },
    ...{ connectionTimeout: 2_000, enforceRequestTimeout: true, socketFactory: plainSocketFactory },
  });
}
