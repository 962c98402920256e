/** An event-display with its page, and those who look on and send to it, over real sockets. */

import { once } from 'node:events';
import { type ClientRequest, get, type IncomingMessage } from 'node:http';
import type { PageOptions } from '../../src/display/page/routes.ts';
import type { Row } from '../../src/display/page/row.ts';
import { createDisplay, type Display } from '../../src/display/server.ts';

/** Starts one that prints nothing and holds a thousand events. */
export const startDisplay = (page: Partial<PageOptions> = {}): Promise<Display> =>
  createDisplay({
    host: '127.0.0.1',
    port: 0,
    print() {},
    maxBodyBytes: 10 * 1024 * 1024,
    page: {
      maxEvents: 1_000,
      maxHeldBytes: 32 * 1024 * 1024,
      hosts: [],
      sinks: () => [],
      metricsUrls: () => [],
      ...page,
    },
  });

export interface SentEvent {
  readonly id: string;
  readonly type?: string;
  readonly source?: string;
  readonly data?: string | Uint8Array;
  readonly contentType?: string;
  /** Further `ce-` headers. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** POSTs an event in binary mode; values go into headers percent-encoded. */
export async function post(url: string, event: SentEvent): Promise<Response> {
  const { id, type = 't', source = 's', data, contentType = 'application/json' } = event;
  const headers: Record<string, string> = { 'ce-specversion': '1.0', 'content-type': contentType };
  for (const [name, value] of Object.entries({ id, type, source, ...event.attributes })) {
    headers[`ce-${name}`] = encodeURIComponent(value);
  }
  const body = typeof data === 'string' ? data : data && Buffer.from(data);
  return fetch(url, { method: 'POST', headers, body: body ?? null });
}

/** POSTs events numbered from `from`, in one batch. */
export async function postBatch(url: string, from: number, count: number): Promise<void> {
  const events = Array.from({ length: count }, (_, index) => ({
    specversion: '1.0',
    id: `${from + index}`,
    type: 'seldon.iris-deployment.default.response',
    source: 'seldon.iris-deployment.default',
    datacontenttype: 'application/json',
    data: { n: from + index, ndarray: [[0.1, 0.2, 0.7]] },
  }));
  const headers = { 'content-type': 'application/cloudevents-batch+json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(events) });
  if (response.status !== 202) throw new Error(`${response.status}: ${await response.text()}`);
}

export interface News {
  readonly total: number;
  readonly missed: number;
  readonly rows: readonly Row[];
}

/** One who looks on, as a browser's EventSource does. */
export interface Viewer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** Everything told so far, by the name of its event. */
  readonly told: (event: string) => readonly unknown[];
  readonly news: () => readonly News[];
  readonly rows: () => readonly Row[];
  readonly lastId: () => string;
  /** Resolves when the condition holds after something was told. */
  readonly until: (condition: () => boolean) => Promise<void>;
  readonly pause: () => void;
  readonly resume: () => void;
  readonly close: () => Promise<void>;
}

/** Opens the stream of events. */
export async function openViewer(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Viewer> {
  const request: ClientRequest = get(`${url}/page/events`, { headers, agent: false });
  request.on('error', () => undefined);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const told: { event: string; id: string; data: unknown }[] = [];
  const waiting = new Set<() => void>();
  let rest = '';
  response.setEncoding('utf8');
  response.on('error', () => undefined);
  response.on('data', (chunk: string) => {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = block.split('\n').map((line) => line.split(/: (.*)/s));
      const field = (name: string) => fields.find(([key]) => key === name)?.[1] ?? '';
      if (field('event') === '') continue;
      told.push({ event: field('event'), id: field('id'), data: JSON.parse(field('data')) });
    }
    for (const look of waiting) look();
  });
  const of = (event: string) => told.filter((one) => one.event === event).map(({ data }) => data);
  const news = () => of('rows') as News[];
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    told: of,
    news,
    rows: () => news().flatMap(({ rows }) => rows),
    lastId: () => told.findLast(({ id }) => id !== '')?.id ?? '',
    until: (condition) =>
      new Promise((resolve) => {
        const look = () => {
          if (!condition()) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    close: () =>
      new Promise((resolve) => {
        if (response.closed) resolve();
        response.once('close', resolve);
        request.destroy();
      }),
  };
}
