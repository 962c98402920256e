/** The conditions of a SeldonDeployment in managed mode, from what was rendered, applied and seen. */

import type { Condition } from './conditions.ts';
import { recordOf } from './live-object.ts';
import type { Finding } from './render/finding.ts';
import type { Observed } from './status.ts';

/** What `Ready` is made of; HTTP is not part of it, since zero replicas may be what was asked for. */
export const requirements: ReadonlySet<string> = new Set([
  'Accepted',
  'ResourcesApplied',
  'DeploymentsReady',
]);

export const partConditions = (observed: Observed): Condition[] => [
  acceptedOf(observed),
  appliedOf(observed),
  deploymentsReadyOf(observed),
  httpReachableOf(observed),
];

export const readyOf = (unmet: Condition | undefined): Condition =>
  unmet === undefined
    ? { type: 'Ready', status: 'True', reason: 'Ready', message: '' }
    : { ...unmet, type: 'Ready' };

function acceptedOf({ problems }: Observed): Condition {
  const [first] = problems;
  return first === undefined
    ? { type: 'Accepted', status: 'True', reason: 'Valid', message: '' }
    : { type: 'Accepted', status: 'False', reason: first.reason, message: told(problems) };
}

function appliedOf({ problems, obstacles }: Observed): Condition {
  const type = 'ResourcesApplied';
  if (problems.length > 0) {
    return {
      type,
      status: 'False',
      reason: 'NotAccepted',
      message: 'nothing is made of it until the SeldonDeployment is accepted',
    };
  }
  if (obstacles === undefined) {
    return { type, status: 'Unknown', reason: 'Applying', message: '' };
  }
  const [first] = obstacles;
  return first === undefined
    ? { type, status: 'True', reason: 'Applied', message: '' }
    : { type, status: 'False', reason: first.reason, message: told(obstacles) };
}

function deploymentsReadyOf({ deployments }: Observed): Condition {
  const type = 'DeploymentsReady';
  const unready = deployments.filter(({ state }) => state !== 'Available');
  const failed = unready.some(({ state }) => state === 'Failed');
  if (deployments.length === 0) {
    return { type, status: 'Unknown', reason: 'NoDeployments', message: 'there are none yet' };
  }
  if (unready.length === 0) return { type, status: 'True', reason: 'Available', message: '' };
  const message = unready.map(({ name, message }) => `${name}: ${message}`).join('; ');
  return { type, status: 'False', reason: failed ? 'Failed' : 'Progressing', message };
}

function httpReachableOf(observed: Observed): Condition {
  const { deployments, addressed, scaledByOthers, problems } = observed;
  const type = 'HttpReachable';
  if (problems.length > 0) return asBefore(type, observed);
  const behind = deployments.filter(({ name }) => addressed.includes(name));
  if (behind.length > 0 && behind.every(({ available }) => available > 0)) {
    return { type, status: 'True', reason: 'PodsAvailable', message: '' };
  }
  const asleep = behind.filter(({ wanted }) => wanted === 0).map(({ name }) => name);
  if (asleep.length === 0) {
    return { type, status: 'False', reason: 'NoPodAvailable', message: 'no pod is available yet' };
  }
  const byOthers = asleep.some((name) => scaledByOthers.includes(name));
  const message = byOthers
    ? `${asleep.join(', ')} is scaled to zero until records arrive on Kafka: HTTP requests reach nobody. Send events by way of a KafkaSink, or set minReplicaCount to 1`
    : `${asleep.join(', ')} has no replicas: HTTP requests reach nobody`;
  return { type, status: 'False', reason: 'ScaledToZero', message };
}

/** Where the resource is not accepted, what runs is not looked at: it goes on as it was. */
function asBefore(type: Condition['type'], { previous }: Observed): Condition {
  const { conditions } = recordOf(previous);
  const before = Array.isArray(conditions)
    ? conditions.map(recordOf).find((condition) => condition['type'] === type)
    : undefined;
  const status = before?.['status'];
  return {
    type,
    status: status === 'True' || status === 'False' ? status : 'Unknown',
    reason: typeof before?.['reason'] === 'string' ? before['reason'] : 'NotAccepted',
    message: typeof before?.['message'] === 'string' ? before['message'] : '',
  };
}

/** What is there only while there is reason to. */
export function remarks({ warnings, contested }: Observed): Condition[] {
  const [first] = warnings;
  return [
    ...(first === undefined
      ? []
      : [
          {
            type: 'Warnings',
            status: 'True',
            reason: first.reason,
            message: told(warnings),
          } as const,
        ]),
    ...(contested === undefined
      ? []
      : [{ type: 'StatusContested', status: 'True', ...contested } as const]),
  ];
}

const told = (findings: readonly Finding[]): string =>
  findings.map(({ message }) => message).join('; ');
