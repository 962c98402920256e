/**
 * Calls a predictor over REST: a pool of kept-alive connections, a timeout for each call, a bound
 * on what is read. Bodies pass through as bytes.
 */

import { buildConnector, Pool } from 'undici';
import type { CallPredictor, PredictionAnswer, PredictionCall } from '../delivery/ports.ts';
import { createAnswerCollector } from './answer-collector.ts';
import { readTlsFiles, type TlsFiles } from './tls-files.ts';

export interface RestClientOptions {
  /** Base address; its path, if any, stands before every call's. */
  readonly url: URL;
  /** Most connections: as many as calls may be made at once. */
  readonly connections: number;
  readonly connectTimeoutMs: number;
  /** For https. */
  readonly tls: TlsFiles;
  /** Larger answers are refused. */
  readonly maxAnswerBytes: number;
  /** For messages: what says where it is. */
  readonly setting?: string;
}

export interface RestClient {
  readonly call: CallPredictor;
  /** Asks by GET; the call's body is not sent. */
  readonly ask: CallPredictor;
  /** What a GET of `path` (below the base address) answers. */
  readonly probe: (path: string, timeoutMs: number) => Promise<PredictionAnswer>;
  readonly close: () => Promise<void>;
}

/**
 * A server that closes an idle connection just as we use it costs that call. Python servers close
 * after 2 s (gunicorn's default) without saying so; those that say so are heeded.
 */
const keepAliveMs = 1_500;

/** Makes a client; connections are opened as they are needed. */
export function createRestClient(options: RestClientOptions): RestClient {
  const { url, maxAnswerBytes, setting = 'PREDICTOR_URL' } = options;
  const pool = new Pool(url.origin, {
    connections: options.connections,
    pipelining: 1,
    keepAliveTimeout: keepAliveMs,
    connect: connectorOf(options),
    // Every call has a timer of its own, exact to the millisecond; the pool's are not.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const basePath = url.pathname.replace(/\/$/, '');

  const send = (method: 'GET' | 'POST', call: PredictionCall): Promise<PredictionAnswer> =>
    new Promise((resolve, reject) => {
      const where = url.origin + basePath + call.path;
      const { timeoutMs } = call;
      const handler = createAnswerCollector({
        where,
        setting,
        timeoutMs,
        maxAnswerBytes,
        resolve,
        reject,
      });
      pool.dispatch(
        {
          path: basePath + call.path,
          method,
          headers: call.headers as string[],
          body: method === 'POST' ? call.body : null,
        },
        handler,
      );
    });

  let closing: Promise<void> | undefined;
  return {
    call: (call) => send('POST', call),
    ask: (call) => send('GET', call),
    probe: (path, timeoutMs) => send('GET', { path, headers: [], body: empty, timeoutMs }),
    close: () => {
      closing ??= pool.destroy();
      return closing;
    },
  };
}

/** Files of certificates are read for every connection; without any, undici's own connector does. */
function connectorOf({ connectTimeoutMs: timeout, tls }: RestClientOptions) {
  if (Object.values(tls).every((file) => file === undefined)) return { timeout };
  const connect: buildConnector.connector = (options, callback) => {
    let connector: buildConnector.connector;
    try {
      connector = buildConnector({ timeout, ...readTlsFiles(tls) });
    } catch (error) {
      callback(error instanceof Error ? error : new Error(String(error)), null);
      return;
    }
    connector(options, callback);
  };
  return connect;
}

const empty = new Uint8Array();
