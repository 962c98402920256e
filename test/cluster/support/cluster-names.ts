/**
 * Stands in for cluster DNS, kube-proxy and an ingress: a forwarding HTTP proxy (HTTP_PROXY) that
 * finds `<service>.<namespace>.svc.<domain>` among the ready pods of the Service.
 *
 * 1. Without a ready pod the connection is cut, as where nobody listens.
 * 2. A Service of type ExternalName is followed; whom was asked for stays in the Host header.
 * 3. Whoever speaks TLS to a Service is connected to it (CONNECT), and nothing is read.
 * 4. Any other name is an ingress's: the HTTPRoutes of the cluster say where it leads.
 */

import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { KubeClient, KubeObject } from '../../support/kube-client.ts';
import { portOf } from './container-process.ts';
import { findRoute, type HttpRoute } from './http-route.ts';
import type { Pod } from './pod.ts';

interface Service extends KubeObject {
  readonly spec: {
    readonly externalName?: string;
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly { readonly port: number; readonly targetPort?: number | string }[];
  };
}

interface List<T> {
  readonly items?: readonly T[];
}

export interface ClusterNames {
  /** What HTTP_PROXY is to be. */
  readonly url: string;
  close(): Promise<void>;
}

interface Place {
  readonly host: string;
  readonly port: number;
}

export async function startClusterNames(admin: KubeClient): Promise<ClusterNames> {
  let turn = 0;
  const placeOf = async (name: string, namespace: string, port: number): Promise<Place> => {
    const path = `/api/v1/namespaces/${namespace}`;
    const service = await admin.request<Service>('GET', `${path}/services/${name}`);
    const { externalName, selector, ports } = service.body.spec ?? {};
    const [other, place] = servicePart(externalName ?? '') ?? [];
    if (other !== undefined && place !== undefined) return placeOf(other, place, port);
    const found = ports?.find((one) => one.port === port);
    if (selector === undefined || found === undefined) {
      throw new Error(`no Service ${namespace}/${name} with a port ${port}`);
    }
    const labels = Object.entries(selector).map(([key, value]) => `${key}=${value}`);
    const query = `labelSelector=${encodeURIComponent(labels.join(','))}`;
    const pods = await admin.request<List<ReadyPod>>('GET', `${path}/pods?${query}`);
    const ready = (pods.body.items ?? []).filter(isReady);
    turn += 1;
    const pod = ready[turn % Math.max(1, ready.length)];
    if (pod === undefined) throw new Error(`no pod of ${namespace}/${name} is ready`);
    return { host: pod.status?.podIP ?? '', port: targetOf(pod, found.targetPort ?? port) };
  };

  const throughIngress = async (url: URL): Promise<URL> => {
    const path = '/apis/gateway.networking.k8s.io/v1/httproutes';
    const { body } = await admin.request<List<HttpRoute>>('GET', path);
    const routed = findRoute(body.items ?? [], url);
    if (routed === undefined) throw new Error(`no HTTPRoute for ${url}`);
    return routed;
  };

  const forward = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const asked = new URL(incoming.url ?? '');
    const url = servicePart(asked.hostname) === undefined ? await throughIngress(asked) : asked;
    const [name = '', namespace = ''] = servicePart(url.hostname) ?? [];
    const { host, port } = await placeOf(name, namespace, Number(url.port || '80'));
    const sent = request({
      host,
      port,
      method: incoming.method,
      path: `${url.pathname}${url.search}`,
      headers: { ...incoming.headers, host: url.host },
    });
    sent.once('response', (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.rawHeaders);
      response.pipe(outgoing);
    });
    sent.once('error', () => outgoing.destroy());
    outgoing.once('close', () => sent.destroy());
    incoming.pipe(sent);
  };

  const server = createServer((incoming, outgoing) => {
    forward(incoming, outgoing).catch(() => outgoing.destroy());
  });
  const tunnel = async (asked: string, client: Socket, head: Buffer): Promise<void> => {
    const url = new URL(`http://${asked}`);
    const [name = '', namespace = ''] = servicePart(url.hostname) ?? [];
    const server = connect(await placeOf(name, namespace, Number(url.port || '80')));
    server.once('connect', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      server.write(head);
      client.pipe(server).pipe(client);
    });
    for (const [one, other] of [[client, server] as const, [server, client] as const]) {
      one.on('error', () => other.destroy());
      one.once('close', () => other.destroy());
    }
  };
  server.on('connect', ({ url = '' }: IncomingMessage, client: Socket, head: Buffer) => {
    tunnel(url, client, head).catch(() => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Name and namespace, where it is a Service's. */
const servicePart = (host: string): readonly string[] | undefined =>
  /^([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\.|$)/.exec(host)?.slice(1, 3);

interface ReadyPod extends Pod {
  readonly status?: Pod['status'] & {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

const isReady = ({ metadata, status }: ReadyPod): boolean =>
  metadata.deletionTimestamp === undefined &&
  (status?.conditions ?? []).some((it) => it.type === 'Ready' && it.status === 'True');

function targetOf(pod: Pod, target: number | string): number {
  for (const container of pod.spec.containers) {
    const port = portOf(container, target);
    if (port !== undefined) return port;
  }
  throw new Error(`no container of ${pod.metadata.name} has a port ${target}`);
}
