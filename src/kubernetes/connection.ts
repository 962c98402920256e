/**
 * Where the API server is and what we show it: address, headers, TLS. Read anew as tokens,
 * certificates and authorities rotate.
 */

import { createHash } from 'node:crypto';
import type { RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import type { Now } from '../delivery/ports.ts';
import { KubernetesApiError } from './api-error.ts';
import { type KubeconfigChoice, loadKubeconfig } from './kubeconfig.ts';

/** What `tls.connect` takes, of what a kubeconfig can say. */
export interface TlsOptions {
  readonly ca?: RequestOptions['ca'];
  readonly cert?: RequestOptions['cert'];
  readonly key?: RequestOptions['key'];
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

export interface Connection {
  readonly origin: string;
  /** Before every path, where the server stands behind one; without a slash at its end. */
  readonly basePath: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsOptions;
  readonly proxyUrl: string | undefined;
  /** The same for the same address and TLS options: connections may be shared. */
  readonly fingerprint: string;
}

export interface ConnectionSource {
  readonly defaultNamespace: string | undefined;
  /** @throws KubernetesApiError CredentialsUnavailable, ConfigurationInvalid */
  readonly current: () => Promise<Connection>;
  /** The credentials were refused: read everything again, from the beginning. */
  readonly renew: () => void;
}

/** Files are looked at this often: sooner than the minute that client-go takes, and not per request. */
const rereadMs = 10_000;

/** Plugins start a process; they keep what they got until it expires, and a 401 asks again. */
const rereadExecMs = 60_000;

/** @throws KubernetesApiError ConfigurationInvalid */
export function createConnectionSource(choice: KubeconfigChoice, now: Now): ConnectionSource {
  let config: KubeConfig | undefined = loadKubeconfig(choice);
  const defaultNamespace = config.getContextObject(config.getCurrentContext())?.namespace;
  let latest: { readonly at: number; readonly connection: Connection } | undefined;
  let reading: Promise<Connection> | undefined;
  let renewals = 0;

  const read = async (): Promise<Connection> => {
    const renewal = renewals;
    config ??= loadKubeconfig(choice);
    tellExecPlugin(config);
    const connection = await readConnection(config);
    if (renewal === renewals) latest = { at: now(), connection };
    return connection;
  };

  return {
    defaultNamespace: defaultNamespace?.trim() || undefined,
    current: () => {
      const keepMs = config?.getCurrentUser()?.exec ? rereadExecMs : rereadMs;
      if (latest !== undefined && now() - latest.at < keepMs) {
        return Promise.resolve(latest.connection);
      }
      if (reading === undefined) {
        const mine = read().finally(() => {
          if (reading === mine) reading = undefined;
        });
        reading = mine;
      }
      return reading;
    },
    renew: () => {
      renewals += 1;
      latest = undefined;
      reading = undefined;
      config = undefined;
    },
  };
}

async function readConnection(config: KubeConfig): Promise<Connection> {
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw unavailable('the kubeconfig names no cluster', 'correct it');
  const options: RequestOptions = {};
  try {
    await config.applyToHTTPSOptions(options);
  } catch (error) {
    throw unavailable(whyNot(config, error), 'see to it that they can be read; we try again');
  }
  const url = new URL(cluster.server);
  const headers = headersOf(options);
  if (url.protocol === 'http:' && headers['authorization'] !== undefined && !isLoopback(url)) {
    throw unavailable(
      `credentials are not sent over plain HTTP to ${url.host}`,
      'use the https address of the API server',
    );
  }
  const { ca, cert, key, servername, rejectUnauthorized } = options;
  const tls: TlsOptions = {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(servername !== undefined && { servername }),
    ...(url.protocol === 'https:' && rejectUnauthorized !== undefined && { rejectUnauthorized }),
  };
  const { proxyUrl } = cluster;
  if (proxyUrl !== undefined && !/^https?:/.test(proxyUrl)) {
    throw unavailable(
      'the proxy-url of the cluster is not an http or https address',
      'use one that is',
    );
  }
  return {
    origin: url.origin,
    basePath: url.pathname.replace(/\/+$/, ''),
    headers,
    tls,
    proxyUrl,
    fingerprint: createHash('sha256')
      .update(JSON.stringify([url.origin, proxyUrl, tls]))
      .digest('base64'),
  };
}

/** Names in lower case; without the line end that many a token file has. */
function headersOf(options: RequestOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (typeof value === 'string') headers[name.toLowerCase()] = value.trim();
  }
  if (typeof options.auth === 'string') {
    headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  }
  return headers;
}

/** What a plugin printed may be a credential: only the plugin is named, never its output. */
function whyNot(config: KubeConfig, error: unknown): string {
  const exec: unknown = config.getCurrentUser()?.exec;
  if (exec !== undefined && exec !== null) {
    const { command } = exec as { readonly command?: unknown };
    return `the credential plugin ${JSON.stringify(command ?? '')} of the kubeconfig failed`;
  }
  const { code, path } = error as NodeJS.ErrnoException;
  if (code !== undefined) return `the credentials' file ${path ?? ''} cannot be read (${code})`;
  return 'the credentials of the kubeconfig cannot be read';
}

/** Plugins that follow client.authentication.k8s.io expect this variable; the library leaves it out. */
function tellExecPlugin(config: KubeConfig): void {
  const exec: unknown = config.getCurrentUser()?.exec;
  if (typeof exec !== 'object' || exec === null) return;
  const plugin = exec as { apiVersion?: string; env?: { name: string; value: string }[] };
  const name = 'KUBERNETES_EXEC_INFO';
  if (plugin.env?.some((variable) => variable.name === name)) return;
  const value = JSON.stringify({
    apiVersion: plugin.apiVersion ?? 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    spec: { interactive: false },
  });
  plugin.env = [...(plugin.env ?? []), { name, value }];
}

const isLoopback = ({ hostname }: URL): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname);

const unavailable = (what: string, todo: string): KubernetesApiError =>
  new KubernetesApiError(0, 'CredentialsUnavailable', `${what}: ${todo}`);
