/** The head of a call, as it goes out: what every call of a method says, and what this one adds. */

import { Buffer } from 'node:buffer';
import { AdapterError } from '../errors.ts';
import { encodeFields, fieldBytes, writeField } from '../http2/hpack/encoder.ts';
import { isMetadata, timeoutHeader } from '../inference/grpc-header.ts';

export interface GrpcHead {
  /** Encoded. */
  readonly block: Buffer;
  /** The content type of the message, which is not gRPC's own. */
  readonly contentType: string | undefined;
}

/** Methods are few; a caller that could name others without end would fill our memory with them. */
const maxMethods = 64;

/**
 * @returns makes the head of a call of `path`, with what of `headers` (alternating names and values)
 *   can go along. @throws AdapterError PAYLOAD_UNSUPPORTED
 */
export function createGrpcHead(
  url: URL,
): (path: string, timeoutMs: number, headers: readonly string[]) => GrpcHead {
  const scheme = url.protocol === 'grpcs:' ? 'https' : 'http';
  const base = url.pathname.replace(/\/$/, '');
  const methods = new Map<string, Buffer>();

  const common = (path: string): Buffer => {
    const known = methods.get(path);
    if (known !== undefined) return known;
    const block = encodeFields([
      ...[':method', 'POST', ':scheme', scheme, ':path', base + path, ':authority', url.host],
      ...['content-type', 'application/grpc', 'te', 'trailers', 'user-agent', 'seldon-eventing'],
    ]);
    if (methods.size < maxMethods) methods.set(path, block);
    return block;
  };

  return (path, timeoutMs, headers) => {
    const first = common(path);
    const timeout = timeoutHeader(timeoutMs);
    const metadata: string[] = [];
    let contentType: string | undefined;
    let bytes = first.length + fieldBytes(timeoutName, timeout);
    for (let i = 0; i + 1 < headers.length; i += 2) {
      const name = (headers[i] ?? '').toLowerCase();
      const value = headers[i + 1] ?? '';
      if (name === 'content-type') contentType = value;
      else if (name === 'content-encoding') refuseEncoding(value);
      else if (isMetadata(name, value)) {
        metadata.push(name, value);
        bytes += fieldBytes(name, value);
      }
    }
    const block = Buffer.allocUnsafe(bytes);
    first.copy(block);
    let end = writeField(block, first.length, timeoutName, timeout);
    for (let i = 0; i + 1 < metadata.length; i += 2) {
      end = writeField(block, end, metadata[i] ?? '', metadata[i + 1] ?? '');
    }
    return { block: block.subarray(0, end), contentType };
  };
}

const timeoutName = 'grpc-timeout';

function refuseEncoding(encoding: string): void {
  if (/^(?:identity)?$/i.test(encoding)) return;
  throw new AdapterError(
    'PAYLOAD_UNSUPPORTED',
    `the payload has the content encoding ${JSON.stringify(encoding.slice(0, 50))}, which gRPC does not carry; send it without`,
  );
}
