import { randomBytes } from 'node:crypto';
import kafkajs, { type Kafka, type RecordMetadata } from 'kafkajs';
import * as snappy from 'snappy';
import { describe, expect, test } from 'vitest';
import { CompressionError, compressWith, registerCodecs } from '../../../src/kafka/compression.ts';
import { decodeSnappy, encodeSnappy } from '../../../src/kafka/compression-snappy.ts';

const texts: Buffer[] = ['', 'a', 'iris '.repeat(20_000)].map((text) => Buffer.from(text));
const samples: Buffer[] = [...texts, randomBytes(100_000)];

/** As snappy-java writes it: blocks of 32 KB. */
function asJavaWrites(bytes: Buffer): Buffer {
  const parts: Buffer[] = [Buffer.from('82534e41505059000000000100000001', 'hex')];
  for (let at = 0; at < bytes.length; at += 32_768) {
    const block = snappy.compressSync(bytes.subarray(at, at + 32_768));
    const length = Buffer.alloc(4);
    length.writeInt32BE(block.length);
    parts.push(length, block);
  }
  return Buffer.concat(parts);
}

describe('Snappy as Kafka clients frame it', () => {
  test.each(samples)('what is written is read (sample %#)', (bytes) => {
    expect(decodeSnappy(encodeSnappy(bytes, snappy), snappy).equals(bytes)).toBe(true);
  });

  test.each(samples)('the many blocks of the Java client are read (sample %#)', (bytes) => {
    expect(decodeSnappy(asJavaWrites(bytes), snappy).equals(bytes)).toBe(true);
  });

  test.each(samples)('a bare block, as librdkafka writes it, is read (sample %#)', (bytes) => {
    expect(decodeSnappy(snappy.compressSync(bytes), snappy).equals(bytes)).toBe(true);
  });

  test('a stream that ends within a block, or within its length, is refused wherever it ends', () => {
    const whole = asJavaWrites(randomBytes(40_000));
    const ends = [17, 19, 20, 21, 100, whole.length - 1];
    for (const end of ends) {
      expect(() => decodeSnappy(whole.subarray(0, end), snappy)).toThrow(/cut short/);
    }
  });

  test('a negative length is refused', () => {
    const stream = asJavaWrites(Buffer.from('abc'));
    stream.writeInt32BE(-5, 16);
    expect(() => decodeSnappy(stream, snappy)).toThrow(/cut short/);
  });
});

describe('the codecs that kafkajs is given', () => {
  registerCodecs();
  const codecs = Object.entries({ gzip: 1, snappy: 2, lz4: 3 } as const);

  test.each(codecs)('%s writes what it reads', async (_name, type) => {
    const { compress, decompress } = kafkajs.CompressionCodecs[type]();
    for (const buffer of samples) {
      expect(Buffer.from(await decompress(await compress({ buffer }))).equals(buffer)).toBe(true);
    }
  });

  test.each([...codecs, ['zstd', 4]] as const)(
    'a damaged batch of %s is told of by an error that ends the consumer',
    async (name, type) => {
      const { decompress } = kafkajs.CompressionCodecs[type]();
      const error: unknown = await decompress(Buffer.from('no such thing')).catch(
        (e: unknown) => e,
      );
      expect(error).toBeInstanceOf(CompressionError);
      // What kafkajs' runner gives up on, instead of repeating it for ever.
      expect(error).toMatchObject({ name: 'KafkaJSNotImplemented' });
      expect(String(error)).toContain(name);
    },
  );
});

describe('a client that compresses', () => {
  const called: unknown[] = [];
  const note = async (what: object): Promise<RecordMetadata[]> => {
    called.push(what);
    return [];
  };
  const fake = {
    producer: () => ({
      send: note,
      sendBatch: note,
      transaction: async () => ({ send: note, sendBatch: note }),
    }),
  } as unknown as Kafka;

  test('compresses everything that it writes, in transactions too', async () => {
    const producer = compressWith(fake, 'lz4').producer();
    const transaction = await producer.transaction();
    await producer.send({ topic: 'a', messages: [] });
    await producer.sendBatch({ topicMessages: [] });
    await transaction.send({ topic: 'b', messages: [] });
    await transaction.sendBatch({ topicMessages: [] });
    expect(called).toHaveLength(4);
    for (const one of called) expect(one).toMatchObject({ compression: 3 });
  });
});
