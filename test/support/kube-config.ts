/** Kubeconfig files for tests. */

import { writeFile } from 'node:fs/promises';
import { type Cluster, KubeConfig } from '@kubernetes/client-node';

/** Writes a file with one context, whose user has this token. */
export async function writeKubeconfig(
  file: string,
  cluster: Cluster,
  token: string,
): Promise<void> {
  const config = new KubeConfig();
  config.loadFromClusterAndUser(cluster, { name: 'token', token });
  await writeFile(file, config.exportConfig(), { mode: 0o600 });
}

/** The cluster of the current context. */
export function clusterOf(kubeconfigFile: string): Cluster {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigFile);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error(`${kubeconfigFile} has no current context with a cluster`);
  return cluster;
}
