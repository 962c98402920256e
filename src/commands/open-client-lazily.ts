/** The client of a command that needs a cluster, loaded only then. */

import type { Parsed } from '../config/parse.ts';
import type { Log } from '../delivery/ports.ts';
import type { KubernetesClient } from '../kubernetes/client.ts';

/**
 * The Kubernetes library takes 60 MB of memory and half a second to load, which the adapter must not
 * pay. See {@link import('./open-client.ts').openClient}.
 */
export async function openClientLazily(
  kubeconfigPath: string | undefined,
  log: Log,
): Promise<Parsed<KubernetesClient>> {
  const { openClient } = await import('./open-client.ts');
  return openClient(kubeconfigPath, log);
}
