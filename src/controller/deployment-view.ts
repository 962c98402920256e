/** What the status of a Deployment comes to. */

import type { KubeObject } from '../kubernetes/kube-object.ts';
import { recordOf } from './live-object.ts';

export interface DeploymentView {
  readonly name: string;
  /** Pods there should be; undefined where the Deployment is not there yet. */
  readonly wanted: number | undefined;
  /** Pods there are. */
  readonly replicas: number;
  readonly available: number;
  readonly state: 'Available' | 'Creating' | 'Failed';
  /** Why it is not available; in the Deployment's own words where it has any. */
  readonly message: string;
}

/** @param live undefined where it is not there */
export function viewDeployment(name: string, live: KubeObject | undefined): DeploymentView {
  const spec = recordOf(live?.['spec']);
  const status = recordOf(live?.['status']);
  const counts = {
    name,
    wanted: live === undefined ? undefined : count(spec['replicas'] ?? 1),
    replicas: count(status['replicas']),
    available: count(status['availableReplicas']),
  };
  if (live === undefined) return { ...counts, state: 'Creating', message: 'it is not there yet' };
  const observed = count(status['observedGeneration']) >= (live.metadata.generation ?? 0);
  if (!observed) return { ...counts, state: 'Creating', message: 'its change is being rolled out' };
  const failure = failureOf(status['conditions']);
  if (failure !== undefined) return { ...counts, state: 'Failed', message: failure };
  if (conditionOf(status['conditions'], 'Available')?.['status'] === 'True') {
    return { ...counts, state: 'Available', message: '' };
  }
  const message = `${counts.available} of ${counts.wanted} pods are available`;
  return { ...counts, state: 'Creating', message };
}

function failureOf(conditions: unknown): string | undefined {
  const progressing = conditionOf(conditions, 'Progressing');
  const stuck = progressing?.['status'] === 'False' ? progressing : undefined;
  const refused = conditionOf(conditions, 'ReplicaFailure');
  const failed = refused?.['status'] === 'True' ? refused : stuck;
  if (failed === undefined) return undefined;
  return `${failed['reason']}: ${failed['message']}`;
}

const conditionOf = (
  conditions: unknown,
  type: string,
): Readonly<Record<string, unknown>> | undefined =>
  Array.isArray(conditions)
    ? conditions.map(recordOf).find((condition) => condition['type'] === type)
    : undefined;

const count = (value: unknown): number => (typeof value === 'number' ? value : 0);
