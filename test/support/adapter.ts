/**
 * An adapter in this process, wired as the `adapter` command wires it, in front of a predictor.
 *
 *     const adapter = useAdapter({ SELDON_PROTOCOL: 'v2' });          // one for the file
 *     const adapter = await openAdapter({ MAX_CONCURRENCY: '2' });    // one for the test
 *     adapter.iris.faults.status = 503;
 *     const answer = await send(`${adapter.url}/`, { headers: ceHeaders(), body: irisPayloads.v2 });
 *
 * 1. Settings are environment variables, read by parseAdapterConfig as in production.
 * 2. Everything listens on 127.0.0.1 and a free port, and is closed when the test or file ends.
 * 3. The log is captured, not printed.
 */

import { Buffer } from 'node:buffer';
import { type IncomingHttpHeaders, request } from 'node:http';
import { request as requestSecure } from 'node:https';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, onTestFinished } from 'vitest';
import { type RunningAdapter, startAdapter } from '../../src/commands/start-adapter.ts';
import { type AdapterConfig, parseAdapterConfig } from '../../src/config/adapter.ts';
import type { Log } from '../../src/delivery/ports.ts';
import { createIrisPredictor, type IrisPredictor } from '../../src/demo/iris/predictor.ts';
import type { ProtocolName } from '../../src/inference/protocol.ts';

type Settings = Readonly<Record<string, string>>;

export const protocolNames = ['seldon', 'tensorflow', 'v2'] as const;

/** One row of Fisher's, as each protocol asks for a prediction on it. */
export const irisPayloads: Readonly<Record<ProtocolName, string>> = {
  seldon: '{"data":{"ndarray":[[5.1,3.5,1.4,0.2]]}}',
  tensorflow: '{"instances":[[5.1,3.5,1.4,0.2]]}',
  v2: '{"inputs":[{"name":"predict","shape":[1,4],"datatype":"FP64","data":[5.1,3.5,1.4,0.2]}]}',
};

/** The path of the adapter on which each protocol predicts. */
export const predictionPaths: Readonly<Record<ProtocolName, string>> = {
  seldon: '/api/v1.0/predictions',
  tensorflow: '/v1/models/iris:predict',
  v2: '/v2/models/iris/infer',
};

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

export interface TestAdapter {
  readonly url: string;
  readonly port: number;
  /** Of the gRPC server; 0 where it is off. */
  readonly grpcPort: number;
  readonly iris: IrisPredictor;
  readonly log: LogLine[];
  readonly stop: () => Promise<void>;
}

/** What the adapter is told unless a test says otherwise. */
const defaults: Settings = {
  SELDON_DEPLOYMENT_ID: 'iris',
  SELDON_NAMESPACE: 'tests',
  MODEL_NAME: 'iris',
  HTTP_HOST: '127.0.0.1',
  HTTP_PORT: '0',
  DRAIN_DELAY_MS: '0',
  DRAIN_TIMEOUT_MS: '2000',
  READINESS_INTERVAL_MS: '50',
};

/** The settings as the command would have them; throws where they are wrong. */
export function testConfig(settings: Settings): AdapterConfig {
  const parsed = parseAdapterConfig([], { ...defaults, ...settings });
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return parsed.values;
}

/** A log that keeps its lines. */
export function capturingLog(): { readonly log: Log; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at = (level: LogLine['level']) => (fields: object, message: string) => {
    lines.push({ level, fields: { ...fields }, message });
  };
  return {
    log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    lines,
  };
}

/** Starts both; `PREDICTOR_URL` among the settings puts the adapter before another predictor. */
async function start(settings: Settings): Promise<TestAdapter> {
  const iris = await createIrisPredictor();
  const { log, lines } = capturingLog();
  let running: RunningAdapter;
  try {
    running = await startAdapter(testConfig({ PREDICTOR_URL: iris.url, ...settings }), log);
  } catch (error) {
    await iris.close();
    throw error;
  }
  return {
    url: running.url,
    port: Number(new URL(running.url).port),
    grpcPort: running.grpcPort ?? 0,
    iris,
    log: lines,
    stop: running.stop,
  };
}

async function close(adapter: TestAdapter): Promise<void> {
  // The predictor goes first: what hangs in it must not hold up the drain.
  await adapter.iris.close();
  await adapter.stop();
}

/** An adapter for the running test. */
export async function openAdapter(settings: Settings = {}): Promise<TestAdapter> {
  const adapter = await start(settings);
  onTestFinished(() => close(adapter));
  return adapter;
}

/**
 * An adapter for all tests of the file or `describe`; each begins without faults.
 * @param settings a function where they are known only when hooks run, such as a predictor's URL
 */
export function useAdapter(settings: Settings | (() => Settings) = {}): TestAdapter {
  let adapter: TestAdapter | undefined;
  const here = (): TestAdapter => {
    if (adapter === undefined) throw new Error('the adapter is there only within tests and hooks');
    return adapter;
  };
  beforeAll(async () => {
    adapter = await start(typeof settings === 'function' ? settings() : settings);
    // What is told of the predictor at the start is not what a test set off.
    const { log } = adapter;
    while (!log.some(({ message }) => message.startsWith('the predictor is'))) await sleep(5);
    log.length = 0;
  });
  afterEach(() => {
    const { iris, log } = here();
    for (const name of Object.keys(iris.faults))
      delete iris.faults[name as keyof typeof iris.faults];
    log.length = 0;
  });
  afterAll(() => adapter && close(adapter));
  return {
    get url() {
      return here().url;
    },
    get port() {
      return here().port;
    },
    get grpcPort() {
      return here().grpcPort;
    },
    get iris() {
      return here().iris;
    },
    get log() {
      return here().log;
    },
    stop: () => here().stop(),
  };
}

/** Attributes of a binary-mode request; those set to undefined are left out. */
export function ceHeaders(more: Readonly<Record<string, string | undefined>> = {}): Settings {
  const headers = {
    'ce-specversion': '1.0',
    'ce-id': 'event-1',
    'ce-source': '/tests',
    'ce-type': 'test.request',
    'content-type': 'application/json',
    ...more,
  };
  return Object.fromEntries(
    Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly text: string;
  /** The body as JSON. */
  readonly json: <T = Record<string, unknown>>() => T;
}

export interface SendOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** Pieces are sent chunked. */
  readonly body?: string | Uint8Array | readonly Uint8Array[];
  /** Over HTTPS: PEM of the authority that is trusted. */
  readonly ca?: string | undefined;
}

/** One request on a connection of its own; POST unless told otherwise. */
export function send(url: string, options: SendOptions = {}): Promise<Answer> {
  const { method = 'POST', headers = {}, body, ca } = options;
  const begin = ca === undefined ? request : requestSecure;
  return new Promise((resolve, reject) => {
    const outgoing = begin(url, { method, headers, ca, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const bytes = Buffer.concat(chunks);
        const text = bytes.toString('utf8');
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          rawHeaders: incoming.rawHeaders,
          body: bytes,
          text,
          json: () => JSON.parse(text),
        });
      });
    });
    outgoing.on('error', reject);
    if (Array.isArray(body)) {
      for (const piece of body) outgoing.write(piece);
      outgoing.end();
    } else outgoing.end(body as string | Uint8Array | undefined);
  });
}

export const get = (url: string): Promise<Answer> => send(url, { method: 'GET' });

export interface RawAnswer {
  /** All that came back, as latin1. */
  readonly text: string;
  readonly status: number;
  /** Lines of the first answer's head, without the status line. */
  readonly headerLines: readonly string[];
  readonly body: string;
  /** False where the server kept the connection open until we gave up. */
  readonly closed: boolean;
}

/**
 * Sends exactly these bytes and collects what comes back until the server closes; so a valid
 * request must say `Connection: close`. After `patienceMs` it gives up waiting.
 */
export async function rawRequest(
  port: number,
  bytes: string | Uint8Array,
  patienceMs = 10_000,
): Promise<RawAnswer> {
  const socket = connect({ port, host: '127.0.0.1' });
  const chunks: Buffer[] = [];
  const closed = new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), patienceMs);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
  socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  const ended = await closed;
  socket.destroy();
  return { ...parseRaw(Buffer.concat(chunks).toString('latin1')), closed: ended };
}

function parseRaw(text: string): Omit<RawAnswer, 'closed'> {
  const headEnd = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...headerLines] = text.slice(0, headEnd < 0 ? 0 : headEnd).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1] ?? 0);
  return { text, status, headerLines, body: headEnd < 0 ? '' : text.slice(headEnd + 4) };
}

/** A connection that stays open: for what happens between two writes. */
export async function openSocket(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

/** Waits until `condition` holds; the test's own timeout is the limit. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(10);
}
