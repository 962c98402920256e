/** A TCP proxy in front of a Kafka broker that can withhold requests of one kind. */

import { connect, createServer, type Socket } from 'node:net';
import { findFreePort } from '../../src/demo/free-port.ts';

export interface KafkaProxy {
  /** What clients are to be given. */
  readonly address: string;
  /** For {@link startKafkaBroker}: a listener for the proxy, advertised as the proxy. */
  readonly properties: Readonly<Record<string, string>>;
  /** Requests of these kinds are not forwarded, so they are never answered. */
  readonly withhold: (apiKeys: readonly number[]) => void;
  /** How many were withheld. */
  readonly withheld: () => number;
  readonly close: () => Promise<void>;
}

/** https://kafka.apache.org/protocol#protocol_api_keys */
export const apiKey = { fetch: 1, offsetFetch: 9 } as const;

/** Listens before the broker does, since the broker must know where. */
export async function startKafkaProxy(): Promise<KafkaProxy> {
  const brokerPort = await findFreePort();
  const sockets = new Set<Socket>();
  let kinds: readonly number[] = [];
  let count = 0;

  const forward = (near: Socket, far: Socket): void => {
    let rest = Buffer.alloc(0);
    near.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      // A request: its length (int32), its kind (int16), and the rest.
      while (rest.length >= 6 && rest.length >= 4 + rest.readInt32BE(0)) {
        const end = 4 + rest.readInt32BE(0);
        if (kinds.includes(rest.readInt16BE(4))) count += 1;
        else far.write(rest.subarray(0, end));
        rest = rest.subarray(end);
      }
    });
  };
  const server = createServer((near) => {
    const far = connect(brokerPort, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      socket.on('error', () => socket.destroy());
    }
    forward(near, far);
    far.pipe(near);
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
      kinds = apiKeys;
    },
    withheld: () => count,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
