/** One small JSON document of an issuer, on a connection of its own; redirects are not followed. */

import { Buffer } from 'node:buffer';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

export interface GetJsonOptions {
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Authorities in PEM, in place of those that Node knows. */
  readonly ca?: string | undefined;
  readonly bearer?: string | undefined;
}

/** @throws Error with what went wrong, without what was sent */
export function getJson(url: URL, options: GetJsonOptions): Promise<unknown> {
  const { timeoutMs, maxBytes, ca, bearer } = options;
  const headers = {
    // The Kubernetes API server has its keys as this type alone, and 406 for whoever asks otherwise.
    accept: 'application/json, application/jwk-set+json, */*;q=0.1',
    ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
  };
  const signal = AbortSignal.timeout(timeoutMs);
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void => {
      sent.destroy();
      reject(new Error(reason));
    };
    const failed = (error: Error): void =>
      fail(signal.aborted ? `no answer within ${timeoutMs} ms` : reasonOf(error));
    const sent = send(url, { headers, ca, signal, agent: false }, (answer) => {
      const { statusCode = 0 } = answer;
      answer.on('error', failed);
      if (statusCode !== 200) return fail(`it answered ${statusCode}`);
      const chunks: Buffer[] = [];
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxBytes) fail(`its answer is larger than ${maxBytes} bytes`);
        else chunks.push(chunk);
      });
      answer.on('end', () => {
        try {
          resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')));
        } catch {
          fail('its answer is no JSON');
        }
      });
      // One that breaks off does not end.
      answer.on('close', () => fail('its answer broke off'));
    });
    sent.on('error', failed);
    sent.end();
  });
}

function reasonOf(error: Error & { code?: string }): string {
  const { code, message } = error;
  return code === undefined || message.includes(code) ? message : `${message} (${code})`;
}
