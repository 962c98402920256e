/**
 * The one place that puts something else for a part of kafkajs: the encoder of Produce requests and
 * the checksum of record batches, which cost more than all else that it does
 * (docs/decisions/0020), the decoder of record batches, which forgets those without records, and
 * how connections begin. Modules are replaced before kafkajs loads them, which it does when it first
 * writes; where it is not built as expected nothing is replaced, and its own parts go on. The version
 * is pinned, and a test notices.
 */

import { createRequire } from 'node:module';
import { crc32c } from './crc32c.ts';
import { encodeProduce, type ProduceRequest } from './encode-produce.ts';

/** What kafkajs makes of a request before it is encoded. */
interface RequestToEncode {
  readonly encode: () => Promise<unknown>;
}

type CreateProduce = (request: ProduceRequest) => RequestToEncode;

/** As much of a decoded record batch as we look at. */
interface DecodedBatch {
  readonly firstOffset: string;
  readonly lastOffsetDelta: number;
  readonly firstTimestamp: string;
  readonly records: readonly object[];
}

type DecodeBatch = (decoder: unknown) => Promise<DecodedBatch>;

const protocol = 'kafkajs/src/protocol';
const paths = {
  checksum: `${protocol}/recordBatch/crc32C/index.js`,
  /** Later versions are made from it. */
  produce: `${protocol}/requests/produce/v3/request.js`,
  recordBatch: `${protocol}/recordBatch/v0/decoder.js`,
  connection: 'kafkajs/src/network/connection.js',
} as const;

const marked = Symbol('replaced by seldon-eventing');

/**
 * Replaces what can be replaced; again, and it does nothing.
 * @returns whether everything is replaced, as far as we can see
 */
export function replaceInternals(): boolean {
  const load = createRequire(import.meta.url);
  return [
    replace(load, paths.checksum, () => (bytes: Uint8Array) => crc32c(bytes)),
    replace(load, paths.produce, (own) => inOneBuffer(own as CreateProduce)),
    replace(load, paths.recordBatch, (own) => neverEmpty(own as DecodeBatch)),
    beginEmpty(load),
  ].every(Boolean);
}

function replace(load: NodeJS.Require, path: string, make: (own: unknown) => object): boolean {
  try {
    const own: unknown = load(path);
    if (typeof own !== 'function') return false;
    if (marked in own) return true;
    const module = load.cache[load.resolve(path)];
    if (module === undefined) return false;
    module.exports = Object.assign(make(own), { [marked]: true });
    return true;
  } catch {
    return false;
  }
}

/** As much of kafkajs' connections as we look at. */
interface Connection {
  readonly isConnected: () => boolean;
  connect: () => Promise<unknown>;
  chunks: Buffer[];
  bytesBuffered: number;
  bytesNeeded: number;
}

/** Every answer begins with its length. */
const lengthBytes = 4;

/**
 * Where a connection breaks in the middle of an answer, kafkajs takes what the next one brings for
 * the rest of it, and from then on finds no answer in anything: fetches end in timeouts for ever.
 */
function beginEmpty(load: NodeJS.Require): boolean {
  try {
    const { prototype } = load(paths.connection) as { readonly prototype: Connection };
    const { connect } = prototype;
    if (marked in connect) return true;
    prototype.connect = Object.assign(
      function fromTheStart(this: Connection): Promise<unknown> {
        if (!this.isConnected()) {
          this.chunks = [];
          this.bytesBuffered = 0;
          this.bytesNeeded = lengthBytes;
        }
        return connect.call(this);
      },
      { [marked]: true },
    );
    return true;
  } catch {
    return false;
  }
}

const inOneBuffer =
  (own: CreateProduce): CreateProduce =>
  (request) => {
    const made = own(request);
    return {
      ...made,
      encode: async () => {
        const body = encodeProduce(request, Date.now());
        return body === undefined ? made.encode() : asEncoder(body);
      },
    };
  };

/**
 * Compaction keeps the last batch of a producer though all its records are gone. Where a fetch brings
 * nothing else, as at the end of a segment, kafkajs sees no records, stays where it is and fetches the
 * same for ever. So such a batch gets a control record at its end, which kafkajs passes over.
 */
const neverEmpty =
  (own: DecodeBatch): DecodeBatch =>
  async (decoder) => {
    const batch = await own(decoder);
    if (batch.records.length > 0) return batch;
    const { records: _, ...batchContext } = batch;
    const offset = String(BigInt(batch.firstOffset) + BigInt(batch.lastOffsetDelta));
    const control = {
      ...{ magicByte: 2, attributes: 0, timestamp: batch.firstTimestamp, offset },
      ...{ key: null, value: null, headers: {}, isControlRecord: true, batchContext },
    };
    return { ...batch, records: [control] };
  };

/** As much of kafkajs' Encoder as is asked of what was encoded. */
const asEncoder = (buffer: Buffer) => ({ buf: buffer, buffer, size: () => buffer.length });
