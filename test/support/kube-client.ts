/**
 * A plain HTTPS client of a Kubernetes API server, so that our own client is not its own judge.
 * It throws only where there is no answer; a refusal is an answer.
 */

import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import { text } from 'node:stream/consumers';
import { KubeConfig } from '@kubernetes/client-node';
import type { Manifest } from '../../src/controller/render/manifest.ts';

/** An object as the API server gives it; fields beside these are its kind's own. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation?: number;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly managedFields?: readonly { readonly manager?: string; readonly operation?: string }[];
  };
  readonly [field: string]: unknown;
}

export interface KubeAnswer<T> {
  readonly status: number;
  /** Parsed where it is JSON, else the text. A refusal is a `Status` with a `message`. */
  readonly body: T;
}

export interface ApplyOptions {
  /** Default `test`. */
  readonly fieldManager?: string;
  /** Default true. */
  readonly force?: boolean;
  readonly dryRun?: boolean;
  /** Such as `status`. */
  readonly subresource?: string;
}

export interface KubeClient {
  /**
   * @param path with its query, such as `/api/v1/namespaces/x/configmaps?limit=5`
   * @param body an object goes as JSON, a string as it is
   * @param contentType default `application/json`, for PATCH a merge patch
   */
  request<T = KubeObject>(
    method: string,
    path: string,
    body?: unknown,
    contentType?: string,
  ): Promise<KubeAnswer<T>>;
  /** Server-side apply of an object of whatever kind the server knows. */
  apply<T = KubeObject>(manifest: Manifest, options?: ApplyOptions): Promise<KubeAnswer<T>>;
  /** The path of an object, found by discovery; throws where the server does not know the kind. */
  pathOf(manifest: Manifest): Promise<string>;
  close(): void;
}

interface ApiResource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** A client for the current context. */
export async function createKubeClient(kubeconfigFile: string): Promise<KubeClient> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigFile);
  const server = config.getCurrentCluster()?.server ?? '';
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const { ca, cert, key, servername, rejectUnauthorized = true } = options;
  const agent = new Agent({ keepAlive: true, ca, cert, key, servername, rejectUnauthorized });

  const request: KubeClient['request'] = (method, path, body, contentType) =>
    new Promise((resolve, reject) => {
      const type = contentType ?? (method === 'PATCH' ? mergePatch : 'application/json');
      const content = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
      const headers = {
        ...options.headers,
        'content-type': type,
        accept: 'application/json',
        // Without it Node frames no body of a DELETE: its bytes would begin the next request.
        ...(content !== undefined && { 'content-length': Buffer.byteLength(content) }),
      };
      const url = server.replace(/\/$/, '') + path;
      const sent = httpsRequest(url, { method, agent, headers, auth: options.auth ?? null });
      sent.once('error', reject);
      sent.once('response', (response) => {
        const { statusCode: status = 0 } = response;
        text(response).then((body) => resolve({ status, body: parse(body) }), reject);
      });
      sent.end(content);
    });

  const pathOf = async ({ apiVersion, kind, metadata }: Manifest) => {
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const known = await request<{ resources?: readonly ApiResource[] }>('GET', root);
    const resource = known.body.resources?.find((r) => r.kind === kind && !r.name.includes('/'));
    if (resource === undefined) throw new Error(`the API server knows no ${kind} of ${apiVersion}`);
    const within = resource.namespaced ? `/namespaces/${metadata.namespace ?? 'default'}` : '';
    return `${root}${within}/${resource.name}/${metadata.name}`;
  };

  return {
    request,
    pathOf,
    async apply(manifest, { fieldManager = 'test', force = true, dryRun, subresource } = {}) {
      const query = new URLSearchParams({ fieldManager, force: String(force) });
      if (dryRun) query.set('dryRun', 'All');
      const path = (await pathOf(manifest)) + (subresource === undefined ? '' : `/${subresource}`);
      return request('PATCH', `${path}?${query}`, manifest, applyPatch);
    },
    close: () => agent.destroy(),
  };
}

export const mergePatch = 'application/merge-patch+json';
/** JSON is YAML too. */
export const applyPatch = 'application/apply-patch+yaml';

function parse<T>(text: string): T {
  try {
    return JSON.parse(text);
  } catch {
    return text as T;
  }
}
