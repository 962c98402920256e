/** Manifests into the cluster, in the order in which they need each other. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Manifest } from '../../../src/controller/render/manifest.ts';
import type { KubeClient } from '../../support/kube-client.ts';

/** Kinds that others need, in order; all others come after them. */
const first = ['Namespace', 'CustomResourceDefinition', 'ServiceAccount', 'ConfigMap', 'Secret'];

const rankOf = ({ kind }: Manifest): number => {
  const rank = first.indexOf(kind);
  return rank < 0 ? first.length : rank;
};

/**
 * Server-side applies all of them; waits until the kinds that are new are served.
 *
 * @throws what the API server has against one
 */
export async function applyAll(admin: KubeClient, manifests: readonly Manifest[]): Promise<void> {
  for (const manifest of [...manifests].sort((a, b) => rankOf(a) - rankOf(b))) {
    await applyOne(admin, manifest);
  }
}

/** @throws what the API server has against it */
export async function applyOne(admin: KubeClient, manifest: Manifest): Promise<void> {
  const { kind, metadata } = manifest;
  let problem = '';
  // A kind whose CRD has just come is served within a second.
  for (let attempt = 0; attempt < 100; attempt += 1) {
    try {
      const answer = await admin.apply<{ readonly message?: string }>(manifest);
      if (answer.status < 300) return;
      problem = answer.body.message ?? String(answer.status);
      if (answer.status !== 404) break;
    } catch (error) {
      problem = String(error);
    }
    await sleep(100);
  }
  throw new Error(`${kind} ${metadata.namespace ?? ''}/${metadata.name}: ${problem}`);
}
