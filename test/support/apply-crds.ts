/** CRDs in a test's API server. */

import { vi } from 'vitest';
import type { Manifest } from '../../src/controller/render/manifest.ts';
import type { KubeClient, KubeObject } from './kube-server.ts';

interface Crd extends KubeObject {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly served: boolean }[];
  };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/**
 * Applies them and waits until their kinds are served.
 *
 * @throws what the API server has against one, or does not come round to within 30 s
 */
export async function applyCrds(admin: KubeClient, crds: readonly Manifest[]): Promise<void> {
  for (const crd of crds) {
    const { status, body } = await admin.apply<{ readonly message?: string }>(crd);
    if (status >= 300) throw new Error(`${crd.metadata.name}: ${body.message}`);
  }
  for (const crd of crds) {
    const path = await admin.pathOf(crd);
    const wait = { timeout: 30_000, interval: 50 };
    const { spec } = await vi.waitFor(async () => {
      const { body } = await admin.request<Crd>('GET', path);
      const met = body.status?.conditions?.filter(({ status }) => status === 'True') ?? [];
      if (met.some(({ type }) => type === 'Established')) return body;
      throw new Error(`${crd.metadata.name} is not established: ${JSON.stringify(body.status)}`);
    }, wait);
    // Discovery follows the condition by a moment, in a queue of its own.
    for (const { name } of spec.versions.filter(({ served }) => served)) {
      const apiVersion = `${spec.group}/${name}`;
      const object = { apiVersion, kind: spec.names.kind, metadata: { name: 'any' } };
      await vi.waitFor(() => admin.pathOf(object), wait);
    }
  }
}
