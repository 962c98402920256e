/** CRDs in a test's API server. */

import { vi } from 'vitest';
import type { Manifest } from '../../src/controller/render/manifest.ts';
import type { KubeClient, KubeObject } from './kube-server.ts';

interface Established extends KubeObject {
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
    await vi.waitFor(
      async () => {
        const { body } = await admin.request<Established>('GET', path);
        const met = body.status?.conditions?.filter(({ status }) => status === 'True') ?? [];
        if (met.some(({ type }) => type === 'Established')) return;
        throw new Error(`${crd.metadata.name} is not established: ${JSON.stringify(body.status)}`);
      },
      { timeout: 30_000, interval: 50 },
    );
  }
}
