/** The walk-through in a namespace of a test's own, beside the walk-through itself. */

import { join } from 'node:path';
import type { Manifest } from '../../../src/controller/render/manifest.ts';
import { knativeDir } from '../../support/config-dir.ts';
import type { InCluster } from './in-cluster.ts';

/** What somebody does who works in another namespace than `default`. */
export const movedTo =
  (namespace: string) =>
  (manifest: Manifest): Manifest =>
    JSON.parse(
      JSON.stringify(manifest).replaceAll('"namespace":"default"', `"namespace":"${namespace}"`),
    );

/** Makes the namespace, and in it the Broker, the model and the request Trigger, all Ready. */
export async function setUpWalkThrough(cluster: InCluster, namespace: string): Promise<void> {
  const apply = (name: string) =>
    cluster.applyFile(join(knativeDir, `${name}.yaml`), movedTo(namespace));
  const ready = (apiVersion: string, kind: string, name: string) =>
    cluster.becomes({ apiVersion, kind, metadata: { name, namespace } }, 'Ready');
  await cluster.admin.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await apply('dead-letters');
  await apply('broker');
  await ready('eventing.knative.dev/v1', 'Broker', 'default');
  await apply('seldon-deployment');
  // Knative waits ever longer between its looks at a Trigger whose subscriber has no address yet.
  await ready('machinelearning.seldon.io/v1', 'SeldonDeployment', 'iris-deployment');
  await apply('trigger');
  await ready('eventing.knative.dev/v1', 'Trigger', 'seldon-eventing-sklearn-trigger');
}
