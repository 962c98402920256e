/** HTTP to the API server: kept-alive connections, deadlines, bounded answers, current credentials. */

import { Buffer } from 'node:buffer';
import { setMaxListeners } from 'node:events';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import type { Log, Schedule } from '../delivery/ports.ts';
import { KubernetesApiError } from './api-error.ts';
import { type CallScope, openScope, within } from './call-scope.ts';
import { type CallTarget, inWords } from './call-target.ts';
import type { Connection, ConnectionSource } from './connection.ts';
import { fromRefusal } from './refusal.ts';

export interface HttpCall {
  readonly target: CallTarget;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Whether twice is as good as once: it is sent again where its connection was lost. */
  readonly repeatable: boolean;
}

export interface TransportOptions {
  readonly userAgent: string;
  readonly requestTimeoutMs: number;
  readonly maxAnswerBytes: number;
}

export interface TransportDeps {
  readonly source: ConnectionSource;
  readonly schedule: Schedule;
  readonly log: Log;
}

export interface Transport {
  /** @returns the body of a success. @throws KubernetesApiError */
  readonly request: (call: HttpCall) => Promise<Buffer>;
  /**
   * Hands on the body as it comes; the call's deadline holds until the first of it, and `read` sets
   * later ones. When it settles, the connection is closed. @throws KubernetesApiError, what `read` throws
   */
  readonly stream: (
    call: HttpCall,
    read: (body: AsyncIterable<Buffer>, scope: CallScope) => Promise<void>,
  ) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Requests at once; more wait within their deadline. Watches have connections of their own. */
const maxConnections = 16;

/** After a network without answers: soon enough for what comes back, long enough for a busy server's TLS. */
const connectTimeoutMs = 5_000;

/** An error's body is looked at this far. */
const maxRefusalBytes = 256 * 1024;

type Answer = Dispatcher.ResponseData;

export function createTransport(options: TransportOptions, deps: TransportDeps): Transport {
  const { source, schedule, log } = deps;
  const closing = new AbortController();
  // One for each call under way.
  setMaxListeners(0, closing.signal);
  const agents = new Set<Dispatcher>();
  let pools: { readonly of: string; readonly requests: Dispatcher; readonly streams: Dispatcher };

  const open = (connection: Connection, connections: number | null): Dispatcher => {
    const connect = { ...connection.tls, timeout: connectTimeoutMs };
    const common = {
      connections,
      pipelining: 1,
      // Longer than between two renewals of a lease, shorter than what load balancers cut (60 s).
      keepAliveTimeout: 30_000,
      // The deadlines are the scopes'.
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    const { proxyUrl } = connection;
    const agent =
      proxyUrl === undefined
        ? new Agent({ ...common, connect })
        : new ProxyAgent({ ...common, uri: proxyUrl, requestTls: connect });
    agents.add(agent);
    return agent;
  };

  /** New TLS options need new connections; the old ones end with what runs on them. */
  const poolsFor = (connection: Connection) => {
    if (pools?.of === connection.fingerprint) return pools;
    const old = pools;
    pools = {
      of: connection.fingerprint,
      requests: open(connection, maxConnections),
      streams: open(connection, null),
    };
    for (const agent of old === undefined ? [] : [old.requests, old.streams]) {
      void agent.close().then(
        () => agents.delete(agent),
        () => agents.delete(agent),
      );
    }
    return pools;
  };

  const send = async (call: HttpCall, scope: CallScope, streaming: boolean): Promise<Answer> => {
    const connection = await within(scope, source.current());
    const { requests, streams } = poolsFor(connection);
    return (streaming ? streams : requests).request({
      origin: connection.origin,
      path: connection.basePath + call.path,
      method: call.method,
      headers: {
        ...connection.headers,
        accept: 'application/json',
        'user-agent': options.userAgent,
        ...(call.contentType !== undefined && { 'content-type': call.contentType }),
      },
      body: call.body ?? null,
      signal: scope.signal,
    });
  };

  /** Once more with new credentials after a 401, and where a kept-alive connection was gone. */
  const sendTwice = async (call: HttpCall, scope: CallScope, streaming: boolean) => {
    let answer: Answer;
    try {
      answer = await send(call, scope, streaming);
    } catch (error) {
      if (!call.repeatable || !isLostConnection(error) || scope.signal.aborted) throw error;
      answer = await send(call, scope, streaming);
    }
    if (answer.statusCode !== 401) return answer;
    log.info({ call: inWords(call.target) }, 'credentials were refused: reading them anew');
    source.renew();
    await answer.body.dump();
    return send(call, scope, streaming);
  };

  const refuse = async (call: HttpCall, answer: Answer): Promise<never> => {
    const { body } = await collect(answer, maxRefusalBytes);
    const retryAfter = answer.headers['retry-after'];
    throw fromRefusal(call.target, {
      status: answer.statusCode,
      body,
      retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter,
    });
  };

  const run = async <T>(call: HttpCall, work: (scope: CallScope) => Promise<T>): Promise<T> => {
    const timeoutMs = call.timeoutMs ?? options.requestTimeoutMs;
    const scope = openScope(timeoutMs, [call.signal, closing.signal], schedule);
    try {
      return await work(scope);
    } catch (error) {
      throw classify(call.target, error, scope);
    } finally {
      scope.close();
    }
  };

  return {
    request: (call) =>
      run(call, async (scope) => {
        const answer = await sendTwice(call, scope, false);
        if (answer.statusCode >= 300) return refuse(call, answer);
        const { body, whole } = await collect(answer, options.maxAnswerBytes);
        if (whole) return body;
        throw new KubernetesApiError(
          0,
          'AnswerTooLarge',
          `cannot ${call.target.verb} ${inWords(call.target)}: the answer is larger than ${options.maxAnswerBytes} bytes: ask for less at once`,
        );
      }),
    stream: (call, read) =>
      run(call, async (scope) => {
        const answer = await sendTwice(call, scope, true);
        if (answer.statusCode >= 300) return refuse(call, answer);
        try {
          await read(answer.body, scope);
        } finally {
          answer.body.destroy();
        }
      }),
    close: async () => {
      closing.abort();
      await Promise.all([...agents].map((agent) => agent.destroy()));
      agents.clear();
    },
  };
}

async function collect(
  answer: Answer,
  maxBytes: number,
): Promise<{ readonly body: Buffer; readonly whole: boolean }> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    // Leaving the loop destroys the body and its connection.
    if (bytes > maxBytes) return { body: Buffer.concat(chunks), whole: false };
    chunks.push(chunk);
  }
  return {
    body: chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks),
    whole: true,
  };
}

/** Codes of connections that were gone when, or before, the answer came. */
const lostCodes = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

const isLostConnection = (error: unknown): boolean => lostCodes.has(codeOf(error));

function codeOf(error: unknown): string {
  // Of undici's parser: it carries no code, and what the server sent.
  if (error instanceof Error && error.name === 'HTTPParserError') return 'HPE_INVALID';
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}

const isFromNetwork = (code: string): boolean =>
  /^(UND_ERR_|E[A-Z]|CERT_|ERR_TLS|ERR_SSL|HPE_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED)/.test(code);

/** What `read` throws stays what it is. */
function classify(target: CallTarget, error: unknown, scope: CallScope): unknown {
  if (error instanceof KubernetesApiError && scope.ended() === undefined) return error;
  const what = `cannot ${target.verb} ${inWords(target)}`;
  const ended = scope.ended();
  if (ended === 'Aborted') return new KubernetesApiError(0, ended, `${what}: called off`);
  if (ended === 'Timeout') {
    return new KubernetesApiError(
      0,
      ended,
      `${what}: nothing came from the API server in time: trying again later`,
    );
  }
  const code = codeOf(error);
  if (!isFromNetwork(code)) return error;
  const todo = adviceOn(code);
  return new KubernetesApiError(0, 'Unreachable', `${what}: ${todo} (${code})`);
}

function adviceOn(code: string): string {
  if (code.includes('ALERT'))
    return 'it refused our client certificate: check that of the kubeconfig';
  if (/CERT|SELF_SIGNED|UNABLE_TO_|DEPTH_ZERO/.test(code)) {
    return 'its certificate is not trusted: check the certificate authority of the kubeconfig';
  }
  return 'the API server cannot be reached: check its address and the network';
}
