/** What can be asked of the API server: the client's port, and its options and answers. */

import type { ApiResource, KubeObject, ObjectRef } from './kube-object.ts';

/** For one call only. */
export interface CallOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface ListOptions extends CallOptions {
  /** Absent: all namespaces. */
  readonly namespace?: string | undefined;
  /** Largest page; absent: everything at once. */
  readonly limit?: number | undefined;
  /** From the page before. */
  readonly continue?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

export interface ListPage {
  /** With `apiVersion` and `kind`, which lists leave out. */
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
  /** Where there are more pages. */
  readonly continue: string | undefined;
}

export interface WatchOptions {
  /** Changes after this version. */
  readonly resourceVersion: string;
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  /** After so long the server ends it. */
  readonly timeoutSeconds?: number;
  /** After so long without a byte we end it as `Timeout`, in ms. */
  readonly idleMs?: number;
}

export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: KubeObject }
  /** Nothing older than this is to come. */
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string }
  /** A line that is no event, skipped: something was missed. */
  | { readonly type: 'UNREADABLE'; readonly problem: string };

export interface WriteOptions extends CallOptions {
  readonly fieldManager?: string;
  /** Checked and defaulted by the server, not stored. */
  readonly dryRun?: boolean;
  readonly subresource?: 'status' | 'scale';
}

export interface ApplyOptions extends WriteOptions {
  readonly fieldManager: string;
  /** Takes fields that another manager owns. */
  readonly force?: boolean;
  /** `Strict` refuses fields that the kind does not know; the server's default is to warn. */
  readonly fieldValidation?: 'Strict' | 'Warn' | 'Ignore';
}

export interface RemoveOptions extends CallOptions {
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
  /** Removes this very object or version only; else a conflict (409). */
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

/** Every call rejects with a KubernetesApiError. */
export interface KubernetesClient {
  /** @returns undefined where there is none, or the cluster does not serve the kind */
  readonly get: (ref: ObjectRef, options?: CallOptions) => Promise<KubeObject | undefined>;
  /** One page. Rejects with 410 where `continue` has expired. */
  readonly list: (resource: ApiResource, options?: ListOptions) => Promise<ListPage>;
  /**
   * Calls `onEvent` for each change until the server ends the watch (resolves) or something fails
   * (rejects; 410 where the version is too old, whichever way the server says so). What `onEvent`
   * throws ends the watch and is thrown. When it settles, its connection is closed.
   */
  readonly watch: (
    resource: ApiResource,
    options: WatchOptions,
    onEvent: (event: WatchEvent) => void,
    signal: AbortSignal,
  ) => Promise<void>;
  /** Server-side apply. */
  readonly apply: (manifest: KubeObject, options: ApplyOptions) => Promise<KubeObject>;
  readonly create: (object: KubeObject, options?: WriteOptions) => Promise<KubeObject>;
  /** Rejects with 409 where `metadata.resourceVersion` is not the current one. */
  readonly replace: (object: KubeObject, options?: WriteOptions) => Promise<KubeObject>;
  /** JSON merge patch (RFC 7386). */
  readonly patchMerge: (
    ref: ObjectRef,
    patch: object,
    options?: WriteOptions,
  ) => Promise<KubeObject>;
  /** @returns false where there was nothing to remove */
  readonly remove: (ref: ObjectRef, options?: RemoveOptions) => Promise<boolean>;
  /**
   * How the cluster serves a kind; remembered once found, asked again (at most every few seconds)
   * while it is absent.
   * @returns undefined where it does not serve it
   */
  readonly discover: (apiVersion: string, kind: string) => Promise<ApiResource | undefined>;
  /** The namespace of the kubeconfig's context, or of the pod. */
  readonly defaultNamespace: string | undefined;
  /** Calls off what is under way. */
  readonly close: () => Promise<void>;
}
