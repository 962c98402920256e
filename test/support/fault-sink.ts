/** A stand-in for a sink that misbehaves, over a real socket; it keeps all that came. */

import { Buffer } from 'node:buffer';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { decodeHttp } from '../../src/event/http-message.ts';

/** What it does with a request; `hang` never answers, `reset` cuts the connection. */
export type SinkAct =
  | number
  | 'hang'
  | 'reset'
  | {
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: string;
      /** The body never ends. */
      readonly endless?: true;
    };

export interface Taken {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** What it says it is: an event's id, or what is wrong with it. */
  readonly id: string;
}

export interface FaultSink {
  readonly url: string;
  readonly taken: Taken[];
  /** Most requests at once. */
  readonly most: () => number;
}

/**
 * @param act by the running number of the request, from 1; it may wait
 * @param tls certificate chain and key, for https
 */
export async function openFaultSink(
  act: (n: number, taken: Taken) => SinkAct | Promise<SinkAct> = () => 202,
  tls?: { readonly cert: string; readonly key: string },
): Promise<FaultSink> {
  const taken: Taken[] = [];
  let running = 0;
  let most = 0;
  const listener: RequestListener = (request, response) => {
    running += 1;
    most = Math.max(most, running);
    response.on('close', () => {
      running -= 1;
    });
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url: path, headers } = request;
      const body = Buffer.concat(chunks);
      const message = decodeHttp(request.rawHeaders, body);
      const id = message.kind === 'event' ? message.event.id : JSON.stringify(message);
      const one = { method, path, headers, text: body.toString(), id };
      taken.push(one);
      void Promise.resolve(act(taken.length, one)).then((does) => {
        if (does === 'hang') return;
        if (does === 'reset') {
          request.socket.resetAndDestroy();
          return;
        }
        const answer = typeof does === 'number' ? { status: does } : does;
        response.writeHead(answer.status, answer.headers);
        if (answer.endless) response.write('and so on');
        else response.end(answer.body);
      });
    });
  };
  const server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  const url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  return { url, taken, most: () => most };
}
