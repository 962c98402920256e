/** The status of a SeldonDeployment, from what was rendered, applied and seen. */

import { type Condition, type WrittenCondition, written } from './conditions.ts';
import type { DeploymentView } from './deployment-view.ts';
import { recordOf } from './live-object.ts';
import { partConditions, readyOf, remarks, requirements } from './managed-conditions.ts';
import type { Finding } from './render/finding.ts';
import type { Address } from './render/rendered.ts';

export interface Observed {
  /** Selects the pods of all predictors. */
  readonly selector: string;
  readonly generation: number;
  /** The status as it is. */
  readonly previous: unknown;
  /** What is wrong with the SeldonDeployment itself; nothing is made of it where there is any. */
  readonly problems: readonly Finding[];
  readonly warnings: readonly Finding[];
  /** Empty where they could not be told. */
  readonly addresses: readonly Address[];
  /** Undefined before anything was tried; else what kept objects from being applied. */
  readonly obstacles: readonly Finding[] | undefined;
  readonly deployments: readonly DeploymentView[];
  /** Names of the Deployments of the first predictor: those that its address leads to. */
  readonly addressed: readonly string[];
  /** Names of those that KEDA or an HPA scales. */
  readonly scaledByOthers: readonly string[];
  /** Another writer that keeps undoing ours. */
  readonly contested: Finding | undefined;
  readonly nowRfc3339: string;
}

/** An address without a name. */
export type Place = Omit<Address, 'name'>;

export interface AddressFields {
  readonly address?: Place;
  readonly addressable?: Place;
  readonly addresses?: readonly Address[];
}

export interface Status extends AddressFields {
  readonly conditions: readonly WrittenCondition[];
  readonly observedGeneration: number;
  readonly state: 'Creating' | 'Available' | 'Failed';
  readonly description: string;
  readonly replicas: number;
  /** For the scale subresource: selects the pods of all predictors. */
  readonly selector: string;
  readonly deploymentStatus: Readonly<Record<string, DeploymentStatus>>;
}

/** Seldon's own shape. */
export interface DeploymentStatus {
  readonly availableReplicas: number;
  readonly replicas: number;
  readonly status: 'Available' | 'Creating' | 'Failed';
  readonly description?: string;
}

/** All of the status that is ours; what is not in it is to be removed. */
export function statusOf(observed: Observed): Status {
  const { deployments, previous, generation, nowRfc3339 } = observed;
  const parts = partConditions(observed);
  const unmet = parts.find(({ type, status }) => requirements.has(type) && status !== 'True');
  const conditions = [readyOf(unmet), ...parts, ...remarks(observed)];
  return {
    ...addressFields(observed.addresses, previous),
    conditions: written(conditions, recordOf(previous)['conditions'], generation, nowRfc3339),
    observedGeneration: generation,
    state: stateOf(observed, unmet),
    description: unmet === undefined ? '' : `${unmet.reason}: ${unmet.message}`,
    replicas: deployments.reduce((sum, { replicas }) => sum + replicas, 0),
    selector: observed.selector,
    deploymentStatus: Object.fromEntries(deployments.map(deploymentStatus)),
  };
}

function stateOf({ deployments, problems, obstacles }: Observed, unmet: Condition | undefined) {
  if (unmet === undefined) return 'Available';
  const failed = deployments.some(({ state }) => state === 'Failed');
  return failed || problems.length > 0 || (obstacles ?? []).length > 0 ? 'Failed' : 'Creating';
}

const deploymentStatus = (view: DeploymentView): [string, DeploymentStatus] => [
  view.name,
  {
    availableReplicas: view.available,
    replicas: view.wanted ?? 0,
    status: view.state,
    ...(view.message !== '' && { description: view.message }),
  },
];

export const placeOf = ({ name: _, ...place }: Address): Place => place;

/**
 * The addresses as every reader wants them. Where they cannot be told, the last ones stay: a
 * Trigger would otherwise lose its subscriber over a mistake in a later edit.
 */
export function addressFields(addresses: readonly Address[], previous: unknown): AddressFields {
  const [first] = addresses;
  if (first !== undefined) {
    const place = placeOf(first);
    return { address: place, addressable: place, addresses };
  }
  const { address, addressable, addresses: named } = recordOf(previous) as AddressFields;
  return {
    ...(address !== undefined && { address }),
    ...(addressable !== undefined && { addressable }),
    ...(named !== undefined && { addresses: named }),
  };
}
