/**
 * A TCP proxy in front of a Kafka broker that can withhold requests, lose their answers, end
 * connections at them, and hide APIs that the broker has.
 */

import { connect, createServer, type Socket } from 'node:net';
import { findFreePort } from '../../src/demo/free-port.ts';

export interface KafkaProxy {
  /** What clients are to be given. */
  readonly address: string;
  /** For {@link startKafkaBroker}: a listener for the proxy, advertised as the proxy. */
  readonly properties: Readonly<Record<string, string>>;
  /** Requests of these kinds are not forwarded, so they are never answered. */
  readonly withhold: (apiKeys: readonly number[]) => void;
  /** Requests of these kinds reach the broker, and their answers nobody. */
  readonly loseAnswers: (apiKeys: readonly number[]) => void;
  /** Asked at each request whether, and when, its connection ends; undefined: never again. */
  readonly cutAt: (pick: ((apiKey: number) => Cut | undefined) | undefined) => void;
  /** Ends every connection that stands. */
  readonly cutAll: () => void;
  /** These are left out of what the broker says that it can do. */
  readonly hide: (apiKeys: readonly number[]) => void;
  /** How many were withheld, or had their answers lost. */
  readonly suppressed: () => number;
  readonly close: () => Promise<void>;
}

/** https://kafka.apache.org/protocol#protocol_api_keys */
export const apiKey = {
  produce: 0,
  fetch: 1,
  apiVersions: 18,
  initProducerId: 22,
  addPartitionsToTxn: 24,
  addOffsetsToTxn: 25,
  endTxn: 26,
  txnOffsetCommit: 28,
} as const;

/** `before`: the broker never sees the request; `after`: the client never sees the answer. */
export type Cut = 'before' | 'after';

/** Listens before the broker does, since the broker must know where. */
export async function startKafkaProxy(): Promise<KafkaProxy> {
  const brokerPort = await findFreePort();
  const sockets = new Set<Socket>();
  let withheld: readonly number[] = [];
  let unanswered: readonly number[] = [];
  let suppressed = 0;
  let pickCut: ((apiKey: number) => Cut | undefined) | undefined;
  let hidden: readonly number[] = [];

  const join = (near: Socket, far: Socket): void => {
    const lost = new Set<number>();
    const last = new Set<number>();
    const capabilities = new Set<number>();
    const end = (): void => {
      near.resetAndDestroy();
      far.destroy();
    };
    onFrame(near, (request) => {
      // After the length: what it asks for (int16), in which version (int16), its number (int32).
      const kind = request.readInt16BE(4);
      if (withheld.includes(kind) || unanswered.includes(kind)) suppressed += 1;
      if (withheld.includes(kind)) return;
      if (unanswered.includes(kind)) lost.add(request.readInt32BE(8));
      const cut = pickCut?.(kind);
      if (cut === 'before') return end();
      if (cut === 'after') last.add(request.readInt32BE(8));
      if (kind === apiKey.apiVersions) capabilities.add(request.readInt32BE(8));
      far.write(request);
    });
    // After the length: the number of the request.
    onFrame(far, (answer) => {
      const id = answer.readInt32BE(4);
      if (last.has(id)) return end();
      const shown = capabilities.delete(id) ? withoutApis(answer, hidden) : answer;
      if (!lost.delete(id)) near.write(shown);
    });
  };
  const server = createServer((near) => {
    const far = connect(brokerPort, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      socket.on('error', () => socket.destroy());
    }
    join(near, far);
    near.once('close', () => far.destroy());
    far.once('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    address: `127.0.0.1:${port}`,
    properties: {
      listeners: `PROXIED://127.0.0.1:${brokerPort}`,
      'advertised.listeners': `PROXIED://127.0.0.1:${port}`,
      'listener.security.protocol.map': 'PROXIED:PLAINTEXT',
    },
    withhold: (apiKeys) => {
      withheld = apiKeys;
    },
    loseAnswers: (apiKeys) => {
      unanswered = apiKeys;
    },
    cutAt: (pick) => {
      pickCut = pick;
    },
    cutAll: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    hide: (apiKeys) => {
      hidden = apiKeys;
    },
    suppressed: () => suppressed,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Everything on the wire begins with its length (int32). */
function onFrame(socket: Socket, take: (frame: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      const end = 4 + rest.readInt32BE(0);
      take(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
  });
}

/** Of versions 0 to 2: length, number, error, how many, then key, least and greatest version of each. */
function withoutApis(answer: Buffer, hidden: readonly number[]): Buffer {
  if (hidden.length === 0) return answer;
  const [countAt, firstAt, size] = [10, 14, 6];
  const entries = Array.from({ length: answer.readInt32BE(countAt) }, (_, i) =>
    answer.subarray(firstAt + i * size, firstAt + (i + 1) * size),
  );
  const kept = entries.filter((entry) => !hidden.includes(entry.readInt16BE(0)));
  const head = Buffer.from(answer.subarray(0, firstAt));
  head.writeInt32BE(kept.length, countAt);
  const result = Buffer.concat([head, ...kept, answer.subarray(firstAt + entries.length * size)]);
  result.writeInt32BE(result.length - 4, 0);
  return result;
}
