/**
 * Compression of record batches. kafkajs brings gzip alone and keeps its codecs in one table
 * for the whole process, which is filled here, once, for everything that reads or writes.
 *
 * C1 A library is loaded when the first batch needs it, so an adapter without compression holds none.
 * C2 A batch that cannot be decoded ends the consumer with the reason: kafkajs would repeat any other
 *    error for ever, and log it for debugging only.
 */

import { promisify } from 'node:util';
import zlib from 'node:zlib';
import kafkajs, { type CompressionTypes, type Kafka, type Producer } from 'kafkajs';
import { decodeSnappy, encodeSnappy } from './compression-snappy.ts';

/** What batches can be written with. */
export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

interface Codec {
  readonly compress: (encoder: { readonly buffer: Buffer }) => Promise<Uint8Array>;
  readonly decompress: (bytes: Buffer) => Promise<Uint8Array>;
}

/** kafkajs' CompressionTypes, which Node cannot import by name from its CommonJS. */
const typeOf: Readonly<Record<Compression, CompressionTypes>> = {
  none: 0,
  gzip: 1,
  snappy: 2,
  lz4: 3,
  zstd: 4,
};

/** kafkajs gives up at once on an error of this name, and on hardly any other (runner.js). */
const fatalToConsumer = 'KafkaJSNotImplemented';

/** A batch that cannot be read here, and what to do about it. */
export class CompressionError extends Error {
  override readonly name = fatalToConsumer;
}

const gzip: Codec = {
  compress: ({ buffer }) => promisify(zlib.gzip)(buffer),
  decompress: promisify(zlib.unzip),
};

const snappy: Codec = {
  compress: async ({ buffer }) => encodeSnappy(buffer, await import('snappy')),
  decompress: async (bytes) => decodeSnappy(bytes, await import('snappy')),
};

/** Kafka's lz4 is the standard frame, its blocks independent of each other: the Java client asks for that. */
const lz4: Codec = {
  compress: async ({ buffer }) => (await import('lz4-napi')).compressFrameSync(buffer),
  decompress: async (bytes) => (await import('lz4-napi')).decompressFrameSync(bytes),
};

type ZlibCall = (bytes: Uint8Array, done: (error: Error | null, result: Buffer) => void) => void;

/** Node has had it since 22.15, and our types are those of the oldest Node we run on. */
const { zstdCompress, zstdDecompress } = zlib as {
  readonly zstdCompress?: ZlibCall;
  readonly zstdDecompress?: ZlibCall;
};

const zstd: Codec | undefined =
  zstdCompress === undefined || zstdDecompress === undefined
    ? undefined
    : {
        compress: ({ buffer }) => promisify(zstdCompress)(buffer),
        decompress: promisify(zstdDecompress),
      };

const noZstd =
  'records compressed with zstd cannot be read or written by this Node ' +
  `(${process.versions.node}): run on Node 22.15 or later, or let producers compress with gzip, snappy or lz4`;

/** Of Node 20: it says what is missing instead. */
const missingZstd: Codec = {
  compress: () => Promise.reject(new CompressionError(noZstd)),
  decompress: () => Promise.reject(new CompressionError(noZstd)),
};

/** Tells of what is broken in our words, with the codec's name. */
const named = (name: Compression, codec: Codec): Codec => ({
  compress: codec.compress,
  decompress: async (bytes) => {
    try {
      return await codec.decompress(bytes);
    } catch (error) {
      if (error instanceof CompressionError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new CompressionError(
        `a batch that says it is compressed with ${name} cannot be decoded (${reason}): it is damaged, or its producer writes another framing`,
        { cause: error },
      );
    }
  },
});

/** Fills kafkajs' table; more than once does no harm. */
export function registerCodecs(): void {
  const codecs = {
    gzip: named('gzip', gzip),
    snappy: named('snappy', snappy),
    lz4: named('lz4', lz4),
    zstd: zstd === undefined ? missingZstd : named('zstd', zstd),
  };
  kafkajs.CompressionCodecs[typeOf.gzip as 1] = () => codecs.gzip;
  kafkajs.CompressionCodecs[typeOf.snappy as 2] = () => codecs.snappy;
  kafkajs.CompressionCodecs[typeOf.lz4 as 3] = () => codecs.lz4;
  kafkajs.CompressionCodecs[typeOf.zstd as 4] = () => codecs.zstd;
}

/** Makes every producer of this client compress what it writes, in transactions too. */
export function compressWith(kafka: Kafka, compression: Compression): Kafka {
  if (compression === 'none') return kafka;
  const type = typeOf[compression];
  const createProducer = kafka.producer.bind(kafka);
  kafka.producer = (config) => {
    const producer = createProducer(config);
    return {
      ...producer,
      ...compressing(producer, type),
      transaction: async () => {
        const transaction = await producer.transaction();
        return { ...transaction, ...compressing(transaction, type) };
      },
    };
  };
  return kafka;
}

const compressing = (
  { send, sendBatch }: Pick<Producer, 'send' | 'sendBatch'>,
  compression: CompressionTypes,
): Pick<Producer, 'send' | 'sendBatch'> => ({
  send: (record) => send({ compression, ...record }),
  sendBatch: (batch) => sendBatch({ compression, ...batch }),
});
