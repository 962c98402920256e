/** What curl does in a pod over TLS: a POST to a name of the cluster, which the proxy connects. */

import { request as requestHttp } from 'node:http';
import { request } from 'node:https';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect } from 'node:tls';
import type { Answer } from './in-cluster.ts';

export interface TlsPost {
  readonly proxyUrl: string;
  readonly url: string;
  /** Whom the server's certificate must be of. */
  readonly ca: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export async function postTls({ proxyUrl, url, ca, headers, body }: TlsPost): Promise<Answer> {
  const { host, hostname } = new URL(url);
  const socket = connect({ socket: await tunnel(proxyUrl, host), servername: hostname, ca });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    const sent = request(url, { method: 'POST', headers, createConnection: () => socket });
    sent.once('error', reject);
    sent.once('response', (response) => {
      const { statusCode: status = 0, headers: given } = response;
      text(response).then((told) => {
        socket.destroy();
        resolve({ status, headers: given, body: told });
      }, reject);
    });
    sent.end(body);
  });
}

const tunnel = (proxyUrl: string, place: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const sent = requestHttp(proxyUrl, { method: 'CONNECT', path: place });
    sent.once('connect', (_response, socket: Socket) => resolve(socket));
    sent.once('error', reject);
    sent.end();
  });
