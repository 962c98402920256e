/** What reconciling a SeldonDeployment would change, found by dry runs on the API server. */

import type { KubernetesClient } from '../kubernetes/client.ts';
import { type KubeObject, keyOf, refOf } from '../kubernetes/kube-object.ts';
import { fieldManager, withHash } from './applied.ts';
import { childKinds } from './kinds.ts';
import { unifiedDiff } from './line-diff.ts';
import { controllerUidOf } from './live-object.ts';
import type { Manifest } from './render/manifest.ts';
import type { Rendered } from './render/rendered.ts';
import { shown } from './shown.ts';

export type DiffClient = Pick<KubernetesClient, 'get' | 'list' | 'apply' | 'discover'>;

/**
 * @param live the SeldonDeployment in the cluster; undefined where it is not there yet
 * @param yaml writes objects as text
 * @returns lines as `diff -u` writes them, object by object; empty where nothing would change
 * @throws KubernetesApiError
 */
export async function diffWithCluster(
  client: DiffClient,
  live: KubeObject | undefined,
  rendered: Rendered,
  yaml: (objects: readonly object[]) => string,
): Promise<string[]> {
  const lines: string[] = [];
  const compare = (what: string, before: KubeObject | undefined, after: KubeObject | undefined) => {
    const text = (object: KubeObject | undefined) =>
      object === undefined ? '' : yaml([shown(object)]);
    const hunks = unifiedDiff(text(before), text(after));
    if (hunks.length === 0) return;
    const name = (object: KubeObject | undefined) => (object === undefined ? '/dev/null' : what);
    lines.push(`--- ${name(before)}`, `+++ ${name(after)}`, ...hunks);
  };
  for (const object of rendered.objects) {
    const before = await client.get(refOf(object));
    const after = await client.apply(withHash(object), { fieldManager, force: true, dryRun: true });
    compare(nameOf(object), before, after);
  }
  const wanted = new Set(rendered.objects.map(nameOf));
  for (const child of live === undefined ? [] : await childrenOf(client, live)) {
    if (!wanted.has(nameOf(child))) compare(nameOf(child), child, undefined);
  }
  return lines;
}

const nameOf = (object: KubeObject | Manifest): string => `${object.kind} ${keyOf(object)}`;

async function childrenOf(client: DiffClient, owner: KubeObject): Promise<KubeObject[]> {
  const children: KubeObject[] = [];
  for (const { apiVersion, kind } of childKinds.managed) {
    const resource = await client.discover(apiVersion, kind);
    if (resource === undefined) continue;
    const page = await client.list(resource, {
      namespace: owner.metadata.namespace,
      labelSelector: 'app.kubernetes.io/managed-by=seldon-eventing',
    });
    const own = page.items.filter((item) => controllerUidOf(item) === owner.metadata.uid);
    children.push(...own.filter(({ metadata }) => metadata.deletionTimestamp === undefined));
  }
  return children;
}
