/** Requests over TLS, each on a connection of its own. */

import { type RequestOptions, request } from 'node:https';
import type { TLSSocket } from 'node:tls';

export interface HttpsAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** Whom the server says it is. */
  readonly serverName: string;
}

/** @param options with `ca`, and `cert` and `key` where the client shows a certificate */
export const sendHttps = (
  url: string,
  options: RequestOptions = {},
  body?: string,
): Promise<HttpsAnswer> =>
  new Promise((resolve, reject) => {
    const sent = request(url, { agent: false, ...options }, (response) => {
      const serverName = String((response.socket as TLSSocket).getPeerCertificate().subject.CN);
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response;
        resolve({ status, headers, text, serverName });
      });
      response.on('error', reject);
    });
    sent.on('error', reject).end(body);
  });
