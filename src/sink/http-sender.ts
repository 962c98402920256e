/**
 * POSTs events to a sink in binary mode, over kept-alive connections (CloudEvents HTTP binding §3.1).
 *
 * 1. Redirects are not followed, and nothing of an answer's body is used.
 * 2. The address is the setting's, never one that came with a request.
 * 3. What it trusts and its token are looked at again and again: both may change.
 */

import { buildConnector, type Dispatcher, errors, Pool } from 'undici';
import { retryAfterMs } from '../delivery/retry-after.ts';
import type { SendToSink, SinkAnswer, SinkMessage } from '../delivery/sink-delivery.ts';
import { isHttpSafe } from '../delivery/trace-headers.ts';
import { encodeHttp } from '../event/http-message.ts';

export interface HttpSenderOptions {
  readonly url: URL;
  readonly connections: number;
  readonly connectTimeoutMs: number;
}

export interface HttpSenderDeps {
  /** PEM of the authorities that its certificate may come from; undefined: those that Node knows. */
  readonly authorities: () => readonly string[] | undefined;
  /** For `Authorization: Bearer`; undefined: none is sent. */
  readonly token: () => string | undefined;
}

export interface HttpSender {
  readonly send: SendToSink;
  readonly close: () => Promise<void>;
}

/** A server that closes an idle connection just as it is used costs an attempt. */
const keepAliveMs = 1_500;
/** What is read of an answer, and for how long, so that its connection can be used again. */
const maxAnswerBytes = 64 * 1_024;
const answerMs = 250;

export function createHttpSender(options: HttpSenderOptions, deps: HttpSenderDeps): HttpSender {
  const { url } = options;
  const path = url.pathname + url.search;
  const pool = new Pool(url.origin, {
    connections: options.connections,
    pipelining: 1,
    keepAliveTimeout: keepAliveMs,
    connect: createConnector(options.connectTimeoutMs, deps.authorities),
    // Every attempt has a timer of its own.
    headersTimeout: 0,
    bodyTimeout: 0,
  });

  const send: SendToSink = async (message, timeoutMs) => {
    const signal = AbortSignal.timeout(Math.ceil(timeoutMs));
    const headers = headersOf(message, deps.token());
    const body = message.event.data ?? null;
    try {
      const answer = await pool.request({ method: 'POST', path, headers, body, signal });
      const soon = AbortSignal.timeout(answerMs);
      void answer.body.dump({ limit: maxAnswerBytes, signal: soon }).catch(() => undefined);
      return answered(answer);
    } catch (error) {
      return unanswered(error, signal);
    }
  };

  let closing: Promise<void> | undefined;
  return { send, close: () => (closing ??= pool.destroy()) };
}

function answered({ statusCode: status, headers }: Dispatcher.ResponseData): SinkAnswer {
  const retryAfter = headers['retry-after'];
  const told = Array.isArray(retryAfter) ? retryAfter[0] : retryAfter;
  return { kind: 'answered', status, retryAfterMs: retryAfterMs(told, Date.now()) };
}

function unanswered(error: unknown, signal: AbortSignal): SinkAnswer {
  // An error of several addresses has no message of its own.
  const { message, code } = error as { message?: unknown; code?: unknown };
  if (signal.aborted && !(error instanceof errors.ConnectTimeoutError)) return { kind: 'silent' };
  return { kind: 'unreached', reason: String(message || code || error) };
}

function headersOf(
  { event, puid, protoName }: SinkMessage,
  token: string | undefined,
): Record<string, string> {
  const { headers } = encodeHttp(event, 'binary');
  if (isHttpSafe(puid)) headers['seldon-puid'] = puid;
  if (protoName !== undefined) headers['proto-name'] = protoName;
  for (const name of ['traceparent', 'tracestate'] as const) {
    const value = event.attributes.get(name);
    if (typeof value === 'string' && isHttpSafe(value)) headers[name] = value;
  }
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
  return headers;
}

/** A connector for as long as the authorities are the same. */
export function createConnector(
  timeout: number,
  authorities: HttpSenderDeps['authorities'],
): buildConnector.connector {
  let known: readonly string[] | undefined;
  let connector = buildConnector({ timeout });
  return (options, callback) => {
    const ca = authorities();
    if (ca !== known) {
      known = ca;
      connector = buildConnector({ timeout, ...(ca !== undefined && { ca: [...ca] }) });
    }
    connector(options, callback);
  };
}
