/** A sink for copies of payloads: it keeps what came, over a real socket. */

import { Buffer } from 'node:buffer';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Copy {
  readonly path: string;
  readonly headers: Readonly<IncomingHttpHeaders>;
  readonly text: string;
  readonly bytes: Buffer;
}

export interface Sink {
  readonly url: string;
  readonly copies: Copy[];
}

/** @param answers whether it answers at all; it takes what comes either way */
export async function openSink(
  answers: (copy: Copy) => number | undefined = () => 200,
): Promise<Sink> {
  const copies: Copy[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { url: path = '', headers } = request;
      const bytes = Buffer.concat(chunks);
      const copy = { path, headers, text: bytes.toString(), bytes };
      copies.push(copy);
      const status = answers(copy);
      if (status !== undefined) response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, copies };
}
