/** A Deployment for a component of a predictor, and the HPA that its `hpaSpec` asks for. */

import { createAutoscaler } from './autoscaler.ts';
import type { DrainSeconds } from './drain.ts';
import { deploymentAnnotations, podAnnotations, podLabels, podSelector } from './labels.ts';
import type { Manifest } from './manifest.ts';
import { ownedMetadata } from './owner.ts';
import type { PlannedComponent, PlannedPredictor } from './plan.ts';
import { createPod } from './pod.ts';

/** Who sets the number of replicas; KEDA, where both are asked for, as with Seldon. */
export const scalerOf = ({ component }: PlannedComponent): 'KEDA' | 'HPA' | undefined => {
  if (component.kedaSpec !== undefined) return 'KEDA';
  return component.hpaSpec === undefined ? undefined : 'HPA';
};

/** Makes the Deployment of a component. */
export function createDeployment(
  plan: PlannedPredictor,
  component: PlannedComponent,
  images: ReadonlyMap<string, string>,
  drain: DrainSeconds,
): Manifest {
  const { sdep, predictor } = plan;
  const labels = podLabels(plan, component);
  const annotations = deploymentAnnotations(sdep, predictor, component.component);
  const replicas = component.component.replicas ?? predictor.replicas ?? sdep.spec.replicas ?? 1;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: ownedMetadata(sdep, component.deployment, {
      labels: component.hasAdapter
        ? { 'seldon-deployment-contains-svcorch': 'true', ...labels }
        : labels,
      annotations,
    }),
    spec: {
      // Left to the scaler where there is one: setting it would undo what it did.
      ...(scalerOf(component) === undefined ? { replicas } : {}),
      selector: { matchLabels: podSelector(sdep, component.deployment) },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '10%' } },
      template: {
        metadata: { labels, annotations: podAnnotations(annotations) },
        spec: createPod(plan, component, images, drain),
      },
    },
  };
}

/** Makes the HPA of a component whose replicas one sets. */
export function createHpa(plan: PlannedPredictor, component: PlannedComponent): Manifest[] {
  const { hpaSpec } = component.component;
  if (hpaSpec === undefined || scalerOf(component) !== 'HPA') return [];
  return [createAutoscaler(plan.sdep, component.deployment, hpaSpec)];
}
