/**
 * The one place that puts something else for a part of kafkajs: the encoder of Produce requests and
 * the checksum of record batches, which cost more than all else that it does
 * (docs/decisions/0020). Modules are replaced before kafkajs loads them, which it does when it first
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

const protocol = 'kafkajs/src/protocol';
const paths = {
  checksum: `${protocol}/recordBatch/crc32C/index.js`,
  /** Later versions are made from it. */
  produce: `${protocol}/requests/produce/v3/request.js`,
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

/** As much of kafkajs' Encoder as is asked of what was encoded. */
const asEncoder = (buffer: Buffer) => ({ buf: buffer, buffer, size: () => buffer.length });
