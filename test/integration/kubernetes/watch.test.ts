import type { Buffer } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import type { WatchEvent } from '../../../src/kubernetes/client.ts';
import { createKubernetesClient, type KubernetesClient } from '../../../src/kubernetes/client.ts';
import { createReflector, type Reflector } from '../../../src/kubernetes/reflector.ts';
import { useKubeServer } from '../../support/kube-server.ts';

const kube = await useKubeServer();
const configMaps = { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true };
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const schedule = (ms: number, action: () => void) => {
  const timer = setTimeout(action, ms);
  return () => clearTimeout(timer);
};
const now = (): number => performance.now();

const toClose: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0)) await close();
});

function client(
  kubeconfig?: string,
  more: { readonly requestTimeoutMs?: number } = {},
): KubernetesClient {
  const given =
    kubeconfig === undefined ? { kubeconfigPath: kube.kubeconfigPath() } : { kubeconfig };
  const made = createKubernetesClient({ ...given, ...more }, { schedule, now, log: silent });
  toClose.unshift(made.close);
  return made;
}

function follow(
  namespace: string,
  own: KubernetesClient,
  more: { readonly pageSize?: number; readonly idleMs?: number } = {},
) {
  const changes: string[] = [];
  const counts = new Map<string, number>();
  const reflector: Reflector = createReflector(
    { resource: configMaps, namespace, resyncMs: 0, ...more },
    {
      client: own,
      schedule,
      now,
      random: Math.random,
      log: silent,
      onChange: (key, kind) => changes.push(`${kind} ${key.split('/')[1]}`),
      count: (event) => counts.set(event, (counts.get(event) ?? 0) + 1),
    },
  );
  toClose.unshift(reflector.close);
  reflector.start();
  const names = (): string[] =>
    reflector
      .list()
      .map(({ metadata }) => metadata.name)
      .filter((name) => name !== 'kube-root-ca.crt')
      .sort();
  return { reflector, changes, counts, names };
}

const put = async (namespace: string, name: string, data: object = {}): Promise<void> => {
  const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name }, data };
  const { status } = await kube.admin.apply(manifest);
  expect(status).toBeLessThan(300);
};
const remove = async (namespace: string, name: string): Promise<void> => {
  await kube.admin.request('DELETE', `/api/v1/namespaces/${namespace}/configmaps/${name}`);
};
const eventually = (check: () => void | Promise<void>, timeout = 30_000): Promise<void> =>
  vi.waitFor(check, { timeout, interval: 20 });

/** Between the client and the API server, to cut what runs through it. */
async function useRelay() {
  const kubeconfig = parse(await readFile(kube.kubeconfigPath(), 'utf8'));
  const [{ cluster }] = kubeconfig.clusters;
  const target = new URL(cluster.server);
  const sockets = new Set<Socket>();
  /** Bytes still go to the server, and none come back: what a half-open connection looks like. */
  let deaf = false;
  const relay: Server = createServer((near) => {
    const far = connectTcp(Number(target.port), target.hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far);
    far.on('data', (bytes: Buffer) => deaf || near.write(bytes));
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  toClose.push(async () => {
    cut();
    await new Promise((resolve) => relay.close(resolve));
  });
  const { port } = relay.address() as { readonly port: number };
  // The certificate is for the address, whatever the port.
  cluster.server = `https://${target.hostname}:${port}`;
  const setDeaf = (value: boolean): void => {
    deaf = value;
  };
  return { kubeconfig: stringify(kubeconfig), cut, setDeaf };
}

describe.skipIf(kube.missing)('list and watch on a real API server', () => {
  test('pages, then every change, managedFields left out', async () => {
    const namespace = await kube.createNamespace();
    for (let i = 0; i < 7; i += 1) await put(namespace, `c${i}`, { n: String(i) });
    const { reflector, names, changes } = follow(namespace, client(), { pageSize: 3 });
    await reflector.synced();
    expect(names()).toEqual(['c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6']);
    await put(namespace, 'c0', { n: 'größer – 数据 – 🙂' });
    await put(namespace, 'new');
    await remove(namespace, 'c1');
    await eventually(() => expect(changes).toContain('deleted c1'));
    expect(changes).toContain('modified c0');
    expect(changes).toContain('added new');
    const stored = reflector.get(`${namespace}/c0`);
    expect(stored).toMatchObject({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      data: { n: 'größer – 数据 – 🙂' },
    });
    expect(stored?.metadata).not.toHaveProperty('managedFields');
  });

  test('a watch is ended by the server when its time is up, in order', async () => {
    const namespace = await kube.createNamespace();
    const own = client();
    const { resourceVersion } = await own.list(configMaps, { namespace });
    const events: WatchEvent[] = [];
    const { signal } = new AbortController();
    const asked = { namespace, resourceVersion, timeoutSeconds: 3 };
    const ended = own.watch(configMaps, asked, (event) => events.push(event), signal);
    await put(namespace, 'c');
    await ended;
    expect(events.map(({ type }) => type)).toContain('ADDED');
  });

  test.skipIf(!kube.restartable)(
    'a version from before the history, and one ahead of it, are followed by a new list',
    async () => {
      const namespace = await kube.createNamespace();
      await kube.restart();
      const own = client();
      const { signal } = new AbortController();
      const watchFrom = (resourceVersion: string) =>
        own.watch(configMaps, { namespace, resourceVersion, timeoutSeconds: 5 }, () => {}, signal);
      await expect(watchFrom('1')).rejects.toMatchObject({ status: 410 });
      for (const wrong of ['1', '9000000000']) {
        let first = true;
        // What is ahead is not refused: nothing comes. Two seconds instead of two and a half minutes.
        const misled: KubernetesClient = {
          ...own,
          list: async (...asked) => {
            const page = await own.list(...asked);
            const resourceVersion = first ? wrong : page.resourceVersion;
            first = false;
            return { ...page, resourceVersion };
          },
        };
        const { names, counts } = follow(namespace, misled, { idleMs: 2_000 });
        await eventually(() => expect(counts.get('listed')).toBe(2));
        await put(namespace, `after-${wrong}`);
        await eventually(() => expect(names()).toContain(`after-${wrong}`));
      }
    },
  );

  test('a watch cut again and again: every change arrives, and one watch is open at a time', async () => {
    const namespace = await kube.createNamespace();
    const { kubeconfig, cut } = await useRelay();
    const { reflector, names, changes, counts } = follow(namespace, client(kubeconfig));
    await reflector.synced();
    for (let i = 0; i < 20; i += 1) {
      await put(namespace, `c${i}`);
      if (i % 2 === 0) cut();
      if (i > 5) await remove(namespace, `c${i - 6}`);
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    await eventually(() => expect(names()).toEqual(['c14', 'c15', 'c16', 'c17', 'c18', 'c19']));
    for (let i = 0; i < 20; i += 1)
      expect(changes.filter((c) => c === `added c${i}`)).toHaveLength(1);
    expect(counts.get('listed')).toBe(1);
    expect(counts.get('handler_failed')).toBeUndefined();
  });

  test('a connection that has gone deaf is noticed by its silence', async () => {
    const namespace = await kube.createNamespace();
    const { kubeconfig, setDeaf } = await useRelay();
    const own = client(kubeconfig, { requestTimeoutMs: 2_000 });
    const { reflector, names } = follow(namespace, own, { idleMs: 2_000 });
    await reflector.synced();
    await put(namespace, 'before');
    await eventually(() => expect(names()).toEqual(['before']));
    setDeaf(true);
    await put(namespace, 'unheard');
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(names()).toEqual(['before']);
    setDeaf(false);
    await eventually(() => expect(names()).toEqual(['before', 'unheard']), 60_000);
  });

  test.skipIf(!kube.restartable)(
    'the API server killed and restarted, twice: what changed meanwhile and after is found',
    async () => {
      const namespace = await kube.createNamespace();
      const { reflector, names } = follow(namespace, client());
      await reflector.synced();
      for (const round of ['one', 'two']) {
        await put(namespace, `before-${round}`);
        await eventually(() => expect(names()).toContain(`before-${round}`));
        await kube.stopApiServer();
        await new Promise((resolve) => setTimeout(resolve, 3_000));
        await kube.startApiServer();
        await put(namespace, `after-${round}`);
        await remove(namespace, `before-${round}`);
        await eventually(() => expect(names()).toContain(`after-${round}`));
        await eventually(() => expect(names()).not.toContain(`before-${round}`));
      }
    },
  );

  test('a thousand objects: all of them, in pages', async () => {
    const namespace = await kube.createNamespace();
    const own = client();
    const data = { text: 'x'.repeat(2_000) };
    const all = Array.from({ length: 1_000 }, (_, i) => `c${i}`);
    for (let i = 0; i < all.length; i += 50) {
      await Promise.all(
        all.slice(i, i + 50).map((name) =>
          own.create({
            apiVersion: 'v1',
            kind: 'ConfigMap',
            metadata: { namespace, name },
            data,
          }),
        ),
      );
    }
    const followed = follow(namespace, own);
    await followed.reflector.synced();
    expect(followed.names()).toHaveLength(1_000);
  });
});
