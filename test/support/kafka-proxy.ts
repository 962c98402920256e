/** A TCP proxy in front of a Kafka broker that can withhold requests, or lose their answers. */

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
  /** How many were withheld, or had their answers lost. */
  readonly suppressed: () => number;
  readonly close: () => Promise<void>;
}

/** https://kafka.apache.org/protocol#protocol_api_keys */
export const apiKey = { produce: 0, fetch: 1 } as const;

/** Listens before the broker does, since the broker must know where. */
export async function startKafkaProxy(): Promise<KafkaProxy> {
  const brokerPort = await findFreePort();
  const sockets = new Set<Socket>();
  let withheld: readonly number[] = [];
  let unanswered: readonly number[] = [];
  let suppressed = 0;

  const join = (near: Socket, far: Socket): void => {
    const lost = new Set<number>();
    onFrame(near, (request) => {
      // After the length: what it asks for (int16), in which version (int16), its number (int32).
      const kind = request.readInt16BE(4);
      if (withheld.includes(kind) || unanswered.includes(kind)) suppressed += 1;
      if (withheld.includes(kind)) return;
      if (unanswered.includes(kind)) lost.add(request.readInt32BE(8));
      far.write(request);
    });
    // After the length: the number of the request.
    onFrame(far, (answer) => {
      if (!lost.delete(answer.readInt32BE(4))) near.write(answer);
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
