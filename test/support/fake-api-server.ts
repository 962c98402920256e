/**
 * A stand-in for an API server that can fail as a real one cannot be made to: over real sockets, of
 * one kind (SeldonDeployments), with lists in pages, watches from a version, and history.
 */

import { Buffer } from 'node:buffer';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach } from 'vitest';
import type { ApiResource, KubeObject } from '../../src/kubernetes/kube-object.ts';

export const sdepResource: ApiResource = {
  apiVersion: 'machinelearning.seldon.io/v1',
  kind: 'SeldonDeployment',
  plural: 'seldondeployments',
  namespaced: true,
};

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<IncomingMessage['headers']>;
  readonly body: string;
  /** By the process's monotonic clock, in ms. */
  readonly at: number;
}

export interface FakeWatch {
  /** The n-th that was opened, from 1. */
  readonly nth: number;
  readonly query: URLSearchParams;
  readonly event: (type: string, object: unknown) => void;
  readonly bytes: (bytes: Uint8Array | string) => void;
  /** In order, as a server does whose time is up. */
  readonly end: () => void;
  /** As a network does. */
  readonly cut: () => void;
}

/** @returns whether it has answered (or lets the client hang) */
export type Answering = (request: FakeRequest, response: ServerResponse) => boolean;

export interface FakeApiServer {
  readonly url: string;
  /** The text of a kubeconfig. */
  readonly kubeconfig: string;
  /** Every request so far, in their order. */
  readonly requests: FakeRequest[];
  readonly lists: () => readonly FakeRequest[];
  readonly watches: () => readonly FakeRequest[];
  /** Watches open now, and the most that ever were at once. */
  readonly openWatches: () => readonly FakeWatch[];
  readonly mostWatches: () => number;
  readonly connections: () => number;
  /** Creates or changes an object, and tells the watches. @param quiet: the watches miss it */
  readonly put: (name: string, fields?: object, quiet?: boolean) => KubeObject;
  readonly remove: (name: string, quiet?: boolean) => void;
  readonly version: () => string;
  /** History before now is forgotten: watches and continuations from before get 410. */
  readonly compact: () => void;
  /** Set it to answer otherwise. */
  answer: Answering;
  /** Set it to act on each new watch, after what has changed since its version was sent. */
  onWatch: (watch: FakeWatch) => void;
  /** Refuses connections, and cuts those that are open, until `start`. */
  readonly stop: () => Promise<void>;
  readonly start: () => Promise<void>;
}

interface Change {
  readonly version: number;
  readonly type: string;
  readonly object: KubeObject;
}

/** One for each test of the file. */
export function useFakeApiServer(): FakeApiServer {
  let made: ReturnType<typeof make>;
  let port = 0;
  beforeEach(async () => {
    port = 0;
    made = make();
    await start();
  });
  afterEach(() => stop());
  const start = async (): Promise<void> => {
    const { server } = made;
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  };
  const stop = async (): Promise<void> => {
    const { server } = made;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  const url = (): string => `http://127.0.0.1:${port}`;
  return {
    get url() {
      return url();
    },
    get kubeconfig() {
      return kubeconfigFor(url());
    },
    get requests() {
      return made.requests;
    },
    lists: () => made.requests.filter((r) => isList(r)),
    watches: () => made.requests.filter((r) => isWatch(r)),
    openWatches: () => [...made.open],
    mostWatches: () => made.most(),
    connections: () => made.connections.size,
    put: (...given) => made.put(...given),
    remove: (...given) => made.remove(...given),
    version: () => made.version(),
    compact: () => made.compact(),
    get answer() {
      return made.script.answer;
    },
    set answer(answer) {
      made.script.answer = answer;
    },
    get onWatch() {
      return made.script.onWatch;
    },
    set onWatch(onWatch) {
      made.script.onWatch = onWatch;
    },
    stop,
    start,
  };
}

export const kubeconfigFor = (server: string, user: object = { token: 'a-secret-token' }): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'fake', cluster: { server } }],
    users: [{ name: 'somebody', user }],
    contexts: [
      { name: 'fake', context: { cluster: 'fake', user: 'somebody', namespace: 'team-a' } },
    ],
    'current-context': 'fake',
  });

/** Kubernetes' way of refusing. */
export function refuse(
  response: ServerResponse,
  code: number,
  reason: string,
  more: { readonly message?: string; readonly details?: object; readonly retryAfter?: string } = {},
): true {
  const { message = `fake ${reason}`, details, retryAfter } = more;
  if (retryAfter !== undefined) response.setHeader('Retry-After', retryAfter);
  json(response, code, {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    code,
    reason,
    message,
    details,
  });
  return true;
}

export const statusObject = (code: number, reason: string): object => ({
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  code,
  reason,
  message: `fake ${reason}`,
});

export const isList = (r: FakeRequest): boolean =>
  r.method === 'GET' && r.path.endsWith(`/${sdepResource.plural}`) && !r.query.has('watch');
export const isWatch = (r: FakeRequest): boolean => r.query.get('watch') === 'true';

function make() {
  const objects = new Map<string, KubeObject>();
  const history: Change[] = [];
  const snapshots = new Map<string, { readonly version: number; readonly items: KubeObject[] }>();
  const requests: FakeRequest[] = [];
  const open = new Set<FakeWatch>();
  const connections = new Set<unknown>();
  const script: { answer: Answering; onWatch: (watch: FakeWatch) => void } = {
    answer: () => false,
    onWatch: () => {},
  };
  let version = 100;
  let compacted = 0;
  let most = 0;
  let watchCount = 0;

  const publish = (type: string, object: KubeObject, quiet: boolean): void => {
    history.push({ version, type, object });
    if (!quiet) for (const watch of open) watch.event(type, object);
  };
  const put = (name: string, fields: object = {}, quiet = false): KubeObject => {
    version += 1;
    const known = objects.get(name);
    const metadata = {
      name,
      namespace: 'team-a',
      uid: known?.metadata.uid ?? `uid-${version}`,
      resourceVersion: String(version),
      managedFields: [{ manager: 'somebody' }],
    };
    const { apiVersion, kind } = sdepResource;
    const object = { apiVersion, kind, metadata, ...fields };
    objects.set(name, object);
    publish(known === undefined ? 'ADDED' : 'MODIFIED', object, quiet);
    return object;
  };
  const remove = (name: string, quiet = false): void => {
    const object = objects.get(name);
    if (object === undefined) return;
    version += 1;
    objects.delete(name);
    const metadata = { ...object.metadata, resourceVersion: String(version) };
    publish('DELETED', { ...object, metadata }, quiet);
  };

  const list = ({ query }: FakeRequest, response: ServerResponse): void => {
    const token = query.get('continue');
    const limit = Number(query.get('limit') ?? 0) || Number.POSITIVE_INFINITY;
    const [id = '', offset = '0'] = token?.split(':') ?? [`s${snapshots.size}`];
    if (token === null) snapshots.set(id, { version, items: [...objects.values()] });
    const snapshot = snapshots.get(id);
    if (snapshot === undefined || snapshot.version < compacted) {
      refuse(response, 410, 'Expired', { message: 'the provided continue parameter is too old' });
      return;
    }
    const from = Number(offset);
    // As real lists: items have neither apiVersion nor kind.
    const page = snapshot.items.slice(from, from + limit);
    const items = page.map(({ apiVersion: _, kind: __, ...item }) => item);
    const left = snapshot.items.length - from - page.length;
    const more =
      left > 0 ? { continue: `${id}:${from + page.length}`, remainingItemCount: left } : {};
    const metadata = { resourceVersion: String(snapshot.version), ...more };
    json(response, 200, {
      kind: 'SeldonDeploymentList',
      apiVersion: sdepResource.apiVersion,
      metadata,
      items,
    });
  };

  const watch = ({ query }: FakeRequest, response: ServerResponse): void => {
    const from = Number(query.get('resourceVersion'));
    if (from < compacted) {
      refuse(response, 410, 'Expired', { message: 'too old resource version' });
      return;
    }
    watchCount += 1;
    const write = (bytes: Uint8Array | string): void => {
      if (!response.writableEnded && !response.destroyed) response.write(bytes);
    };
    const opened: FakeWatch = {
      nth: watchCount,
      query,
      event: (type, object) => write(`${JSON.stringify({ type, object })}\n`),
      bytes: write,
      end: () => void response.end(),
      cut: () => void response.socket?.destroy(),
    };
    open.add(opened);
    most = Math.max(most, open.size);
    response.on('close', () => open.delete(opened));
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.flushHeaders();
    for (const change of history)
      if (change.version > from) opened.event(change.type, change.object);
    script.onWatch(opened);
  };

  const get = ({ path }: FakeRequest, response: ServerResponse): void => {
    const name = path.split('/').at(-1) ?? '';
    const object = objects.get(name);
    if (object !== undefined) json(response, 200, object);
    else refuse(response, 404, 'NotFound', { details: { name, kind: sdepResource.plural } });
  };

  const serve = (request: FakeRequest, response: ServerResponse): void => {
    if (script.answer(request, response)) return;
    if (isWatch(request)) watch(request, response);
    else if (isList(request)) list(request, response);
    else if (request.path === `/apis/${sdepResource.apiVersion}`) {
      const { kind, plural, namespaced } = sdepResource;
      const resources = [
        { name: plural, kind, namespaced },
        { name: `${plural}/status`, kind, namespaced },
      ];
      json(response, 200, { kind: 'APIResourceList', resources });
    } else if (request.method === 'GET' && request.path.includes(`/${sdepResource.plural}/`)) {
      get(request, response);
    } else response.writeHead(404, { 'Content-Type': 'text/plain' }).end('404 page not found\n');
  };

  const server: Server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { pathname, searchParams } = new URL(incoming.url ?? '', 'http://fake');
      const { method = '', headers } = incoming;
      const body = Buffer.concat(chunks).toString('utf8');
      const at = performance.now();
      const request = { method, path: pathname, query: searchParams, headers, body, at };
      requests.push(request);
      serve(request, response);
    });
  });
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
  });
  const compact = (): void => {
    version += 1;
    compacted = version;
  };
  return {
    server,
    requests,
    open,
    connections,
    script,
    put,
    remove,
    compact,
    most: () => most,
    version: () => String(version),
  };
}

export function json(response: ServerResponse, code: number, value: unknown): void {
  response.writeHead(code, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
}
