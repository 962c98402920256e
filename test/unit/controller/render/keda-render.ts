/** Renders one Kafka scale trigger, and picks out what the suites look at. */

import { expect } from 'vitest';
import { renderScaling } from '../../../../src/controller/render/keda-scaling.ts';
import type { Manifest } from '../../../../src/controller/render/manifest.ts';
import type {
  KedaSpec,
  ScaleTrigger,
} from '../../../../src/controller/render/seldon-deployment.ts';
import { deploymentOf, type Env, scaled, sdepOf, topics } from './kafka-sdep.ts';

export const renderTrigger = (
  trigger: ScaleTrigger,
  env: Env = topics,
  deployment: Manifest = deploymentOf(),
  spec: KedaSpec = {},
) => {
  const only = scaled({ minReplicaCount: 1, ...spec, triggers: [trigger] }, env);
  const { objects, warnings, problems } = renderScaling(sdepOf([only]), only, 0, deployment);
  expect(problems).toEqual([]);
  const scaledObject = objects.find(({ kind }) => kind === 'ScaledObject');
  const triggers = (scaledObject?.['spec'] as KedaSpec | undefined)?.triggers;
  return {
    trigger: triggers?.[0],
    metadata: triggers?.[0]?.metadata,
    authentication: objects.find(({ kind }) => kind === 'TriggerAuthentication')?.['spec'],
    warnings,
    reasons: warnings.map(({ reason }) => reason),
  };
};
