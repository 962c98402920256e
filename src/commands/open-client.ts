/**
 * The client of a command: a kubeconfig that is no good is a wrong setting. Commands import this file
 * when they need a cluster: the Kubernetes library takes half a second to load, which --help, for one,
 * must not wait for.
 */

import type { Parsed } from '../config/parse.ts';
import type { Log } from '../delivery/ports.ts';
import { KubernetesApiError } from '../kubernetes/api-error.ts';
import { createKubernetesClient, type KubernetesClient } from '../kubernetes/client.ts';
import { now, schedule } from './clock.ts';

/**
 * @param kubeconfigPath what KUBECONFIG says, if anything
 * @param context of the kubeconfig; absent: its current one
 */
export function openClient(
  kubeconfigPath: string | undefined,
  log: Log,
  context?: string,
): Parsed<KubernetesClient> {
  try {
    const options = { kubeconfigPath, context, userAgent: 'seldon-eventing' };
    return { ok: true, values: createKubernetesClient(options, { schedule, now, log }) };
  } catch (error) {
    if (!(error instanceof KubernetesApiError)) throw error;
    return { ok: false, problems: [error.message] };
  }
}
