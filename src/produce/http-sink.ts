/** POSTs messages to a URL, over kept-alive connections. Nothing is sent twice. */

import { type buildConnector, type Dispatcher, Pool } from 'undici';
import { describeAnswer, oneLine } from './answer.ts';
import { encodeRequest, type Message } from './message.ts';
import type { Sent, Sink } from './sink.ts';

export interface HttpSinkOptions {
  readonly url: URL;
  readonly requestTimeoutMs: number;
  /** Opens connections; undefined: as undici does. */
  readonly connect?: buildConnector.connector | undefined;
  /** For `Authorization: Bearer`, where there is one. */
  readonly token?: (() => string | undefined) | undefined;
}

const maxInFlight = 64;
const maxAnswerBytes = 1024 * 1024;
const tooLarge = new Error(`the answer is larger than ${maxAnswerBytes} bytes`);

/** Makes the sink; connections are opened as they are needed. */
export function createHttpSink(options: HttpSinkOptions): Sink {
  const { url, requestTimeoutMs, connect = { timeout: requestTimeoutMs } } = options;
  // Its query may hold what is nobody's business.
  const shown = url.origin + url.pathname;
  const pool = new Pool(url.origin, {
    connections: maxInFlight,
    pipelining: 1,
    headersTimeout: requestTimeoutMs,
    bodyTimeout: requestTimeoutMs,
    connect,
  });

  const send = async (message: Message): Promise<Sent> => {
    const { headers, body } = encodeRequest(message);
    const token = options.token?.();
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
    try {
      const response = await pool.request({
        path: url.pathname + url.search,
        method: 'POST',
        headers,
        body: body ?? null,
        responseHeaders: 'raw',
      });
      return describeAnswer(message.label, {
        status: response.statusCode,
        // By `responseHeaders` they are a list, whatever the types say.
        rawHeaders: response.headers as unknown as string[],
        body: await read(response.body),
      });
    } catch (error) {
      return { ok: false, line: `failed ${message.label}: ${shown}: ${reasonOf(error)}` };
    }
  };

  let closing: Promise<void> | undefined;
  return {
    maxInFlight,
    ready: () => Promise.resolve(),
    send,
    close: () => (closing ??= pool.destroy()),
  };
}

async function read(body: Dispatcher.ResponseData['body']): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) throw tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** An error of several addresses has no message of its own. */
function reasonOf(error: unknown): string {
  const { message, code } = error as { message?: unknown; code?: unknown };
  return oneLine(String(message || code || error));
}
