/** An HTTP/2 server that knows frames only: what it is sent in header blocks is read by the decoder. */

import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createHpackDecoder } from '../../../../src/http2/hpack/decoder.ts';
import { encodeFields } from '../../../../src/http2/hpack/encoder.ts';

/** RFC 9113 §6. */
const types = { headers: 1, settings: 4, continuation: 9 } as const;
const flags = { ack: 1, endStream: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const;
const prefaceBytes = 24;
const headerTableSize = 1;

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

const frame = (type: number, flagsSet: number, stream: number, payload: Buffer): Buffer => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flagsSet;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
};

const settings = (tableBytes: number): Buffer => {
  const payload = Buffer.alloc(6);
  payload.writeUInt16BE(headerTableSize, 0);
  payload.writeUInt32BE(tableBytes, 2);
  return frame(types.settings, 0, 0, payload);
};

/** What a HEADERS frame has of its block (§6.2). */
function fragment({ flags: set, payload }: Frame): Buffer {
  const padded = (set & flags.padded) !== 0;
  const start = (padded ? 1 : 0) + ((set & flags.priority) !== 0 ? 5 : 0);
  return payload.subarray(start, payload.length - (padded ? (payload[0] ?? 0) : 0));
}

async function* framesOf(socket: Socket): AsyncGenerator<Frame> {
  let rest: Buffer = Buffer.alloc(0);
  let begun = false;
  for await (const chunk of socket) {
    rest = Buffer.concat([rest, chunk as Buffer]);
    if (!begun && rest.length >= prefaceBytes) {
      rest = rest.subarray(prefaceBytes);
      begun = true;
    }
    while (begun && rest.length >= 9) {
      const end = 9 + rest.readUIntBE(0, 3);
      if (rest.length < end) break;
      const payload = rest.subarray(9, end);
      yield { type: rest[3] ?? 0, flags: rest[4] ?? 0, stream: rest.readUInt32BE(5), payload };
      rest = rest.subarray(end);
    }
  }
}

/**
 * A server that answers each request with the fields that `answer` makes of its own. It allows the client
 * a dynamic table of `tableSizes[0]` octets, and with each answer the next of them, round and round.
 * `blocks` are all header blocks as they came.
 */
export async function startRawPeer(
  answer: (fields: string[]) => string[],
  tableSizes: readonly number[],
) {
  const blocks: Buffer[] = [];
  const faults: unknown[] = [];
  const sockets = new Set<Socket>();

  async function serve(socket: Socket): Promise<void> {
    const decoder = createHpackDecoder({ maxTableBytes: 4096, maxListBytes: 1_000_000 });
    let parts: Buffer[] = [];
    let answered = 0;
    socket.write(settings(tableSizes[0] ?? 4096));
    for await (const read of framesOf(socket)) {
      if (read.type === types.settings && (read.flags & flags.ack) === 0) {
        socket.write(frame(types.settings, flags.ack, 0, Buffer.alloc(0)));
      }
      if (read.type === types.headers) parts = [fragment(read)];
      else if (read.type === types.continuation) parts.push(read.payload);
      else continue;
      if ((read.flags & flags.endHeaders) === 0) continue;
      const block = Buffer.concat(parts);
      blocks.push(block);
      const head = encodeFields(answer(decoder.decode(block)));
      answered += 1;
      const next = tableSizes[answered % tableSizes.length] ?? 4096;
      if (tableSizes.length > 1) socket.write(settings(next));
      socket.write(frame(types.headers, flags.endHeaders | flags.endStream, read.stream, head));
    }
  }

  const server = createServer((socket) => {
    sockets.add(socket);
    serve(socket).catch((fault: unknown) => {
      faults.push(fault);
      socket.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    blocks,
    /** What decoding failed with. */
    faults,
    async stop(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
