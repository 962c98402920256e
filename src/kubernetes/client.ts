/**
 * The API server, as the controller uses it. Configuration and credentials are the Kubernetes
 * client library's; the requests are ours, over kept-alive connections.
 *
 * A1 Every request has a deadline and a largest answer; a watch has a longest silence.
 * A2 Credentials are read anew as they rotate; a 401 makes us ask for new ones once.
 * A3 No error holds a credential or what is in a Secret.
 */

import type { Buffer } from 'node:buffer';
import type { Log, Now, Schedule } from '../delivery/ports.ts';
import { isApiError, KubernetesApiError } from './api-error.ts';
import { type CallTarget, inWords, pathOf, targetOf, type Verb } from './call-target.ts';
import type { KubernetesClient, WriteOptions } from './calls.ts';
import { createConnectionSource } from './connection.ts';
import { decodeList, decodeObject, parseJson } from './decode-object.ts';
import { createDiscovery, decodeResources } from './discovery.ts';
import { type ApiResource, type KubeObject, type ObjectRef, refOf } from './kube-object.ts';
import { createTransport, type HttpCall } from './transport.ts';
import { readWatchStream } from './watch-stream.ts';

export interface KubernetesClientOptions {
  /** One file, or several as `KUBECONFIG` lists them; absent: the pod's service account, else `~/.kube/config`. */
  readonly kubeconfigPath?: string | undefined;
  /** The kubeconfig itself, instead of a file. */
  readonly kubeconfig?: string | undefined;
  /** Of the kubeconfig's contexts; absent: its current one. */
  readonly context?: string | undefined;
  readonly userAgent?: string;
  /** For one request with its answer, in ms; 30,000. */
  readonly requestTimeoutMs?: number;
  /** Largest answer to a request; 64 MiB. */
  readonly maxAnswerBytes?: number;
  /** Largest line of a watch; 16 MiB: etcd takes objects of 1.5 MiB. */
  readonly maxWatchLineBytes?: number;
}

export interface KubernetesClientDeps {
  readonly schedule: Schedule;
  readonly now: Now;
  readonly log: Log;
}

export type * from './calls.ts';

/**
 * Reads the configuration; connects at the first call.
 * @throws KubernetesApiError ConfigurationInvalid
 */
export function createKubernetesClient(
  options: KubernetesClientOptions,
  deps: KubernetesClientDeps,
): KubernetesClient {
  const { schedule, now, log } = deps;
  const source = createConnectionSource(options, now);
  const transport = createTransport(
    {
      userAgent: options.userAgent ?? 'seldon-eventing',
      requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
      maxAnswerBytes: options.maxAnswerBytes ?? 64 * 1024 * 1024,
    },
    { source, schedule, log },
  );
  const discovery = createDiscovery({
    now,
    fetch: async (apiVersion) => {
      const target: CallTarget = { verb: 'discover', apiVersion, plural: '' };
      try {
        const call = { target, method: 'GET', path: pathOf(target), repeatable: true } as const;
        return decodeResources(apiVersion, parseJson(target, await transport.request(call)));
      } catch (error) {
        if (isApiError(error, 404)) return undefined;
        throw error;
      }
    },
  });

  const find = async (verb: Verb, ref: ObjectRef): Promise<ApiResource> => {
    const { apiVersion, kind, namespace, name } = ref;
    const found = await discovery.find(apiVersion, kind);
    if (found !== undefined) return found;
    const words = inWords({ verb, apiVersion, plural: kind, namespace, name });
    throw new KubernetesApiError(
      404,
      'KindUnknown',
      `cannot ${verb} ${words}: the cluster serves no ${kind} of ${apiVersion}: install its CRD`,
    );
  };

  /** One that turns out not to be served is looked for again next time. */
  const ask = async (call: HttpCall): Promise<Buffer> => {
    try {
      return await transport.request(call);
    } catch (error) {
      if (isApiError(error, 404, 'KindUnknown')) discovery.forget(call.target.apiVersion);
      throw error;
    }
  };

  const write = async (
    verb: 'create' | 'update' | 'patch',
    ref: ObjectRef,
    body: object,
    sent: WriteOptions & Pick<HttpCall, 'contentType' | 'repeatable'>,
    query: Query = {},
  ): Promise<KubeObject> => {
    const target = targetOf(verb, await find(verb, ref), ref, sent.subresource);
    const { fieldManager, dryRun, timeoutMs, signal, repeatable, contentType } = sent;
    const path = pathOf(verb === 'create' ? { ...target, name: undefined } : target);
    const answer = await ask({
      target,
      method: methods[verb],
      path: path + queryOf({ ...query, fieldManager, dryRun: dryRun === true ? 'All' : undefined }),
      body: JSON.stringify(body),
      contentType: contentType ?? 'application/json',
      timeoutMs,
      signal,
      repeatable,
    });
    return decodeObject(target, answer);
  };

  return {
    get: async (ref, { timeoutMs, signal } = {}) => {
      const resource = await discovery.find(ref.apiVersion, ref.kind);
      if (resource === undefined) return undefined;
      const target = targetOf('get', resource, ref);
      const path = pathOf(target);
      try {
        const call = { target, method: 'GET', path, timeoutMs, signal, repeatable: true } as const;
        return decodeObject(target, await ask(call));
      } catch (error) {
        if (isApiError(error, 404)) return undefined;
        throw error;
      }
    },
    list: async (resource, { timeoutMs, signal, namespace, ...query } = {}) => {
      const target = targetOf('list', resource, { namespace });
      const path = pathOf(target) + queryOf(query);
      const call = { target, method: 'GET', path, timeoutMs, signal, repeatable: true } as const;
      return decodeList(target, resource, await ask(call));
    },
    watch: async (resource, watched, onEvent, signal) => {
      const { namespace, idleMs, ...query } = watched;
      const target = targetOf('watch', resource, { namespace });
      const path =
        pathOf(target) + queryOf({ ...query, watch: 'true', allowWatchBookmarks: 'true' });
      const stream = {
        target,
        resource,
        maxLineBytes: options.maxWatchLineBytes ?? 16 * 1024 * 1024,
        idleMs,
      };
      const timeoutMs = options.requestTimeoutMs ?? watchAnswerMs;
      const call = { target, method: 'GET', path, signal, timeoutMs, repeatable: false } as const;
      await transport.stream(call, (body, scope) => readWatchStream(stream, body, scope, onEvent));
    },
    apply: async (manifest, applied) => {
      const { force, fieldValidation } = applied;
      const contentType = 'application/apply-patch+yaml';
      const query = { force: force === true ? 'true' : undefined, fieldValidation };
      const sent = { ...applied, contentType, repeatable: true };
      return write('patch', refOf(manifest), manifest, sent, query);
    },
    create: (object, sent = {}) =>
      write('create', refOf(object), object, { ...sent, repeatable: false }),
    // With the version it saw: done twice, the second would be a conflict.
    replace: (object, sent = {}) =>
      write('update', refOf(object), object, { ...sent, repeatable: false }),
    patchMerge: (ref, patch, sent = {}) => {
      const contentType = 'application/merge-patch+json';
      return write('patch', ref, patch, { ...sent, contentType, repeatable: true });
    },
    remove: async (ref, { propagation, preconditions, timeoutMs, signal } = {}) => {
      const resource = await discovery.find(ref.apiVersion, ref.kind);
      if (resource === undefined) return false;
      const target = targetOf('delete', resource, ref);
      const path = pathOf(target);
      const body = JSON.stringify({
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        ...(propagation !== undefined && { propagationPolicy: propagation }),
        ...(preconditions !== undefined && { preconditions }),
      });
      const contentType = 'application/json';
      const asked = {
        target,
        method: 'DELETE',
        path,
        body,
        contentType,
        timeoutMs,
        signal,
      } as const;
      try {
        await ask({ ...asked, repeatable: true });
        return true;
      } catch (error) {
        if (isApiError(error, 404)) return false;
        throw error;
      }
    },
    discover: (apiVersion, kind) => discovery.find(apiVersion, kind),
    defaultNamespace: source.defaultNamespace,
    close: () => transport.close(),
  };
}

/** A watch is answered at once, before there is any event; a server that lags behind waits 3 s. */
const watchAnswerMs = 10_000;

const methods = { create: 'POST', update: 'PUT', patch: 'PATCH' } as const;

type Query = Readonly<Record<string, string | number | undefined>>;

function queryOf(query: Query): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') given.set(name, String(value));
  }
  return given.size === 0 ? '' : `?${given}`;
}
