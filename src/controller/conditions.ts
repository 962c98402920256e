/** The conditions of a SeldonDeployment. docs/controller.md says what each means. */

import { recordOf } from './live-object.ts';

/** In managed mode. `Warnings` and `StatusContested` are there only while they are true. */
const managedTypes = [
  'Ready',
  'Accepted',
  'ResourcesApplied',
  'DeploymentsReady',
  'HttpReachable',
  'Warnings',
  'StatusContested',
] as const;

/** None of these is a type that Seldon's operator has: it keeps its own. */
const attachedTypes = ['Addressable', 'ResourcesApplied', 'Warnings', 'StatusContested'] as const;

export const conditionTypes = { managed: managedTypes, attached: attachedTypes } as const;

export type ConditionType = (typeof managedTypes)[number] | (typeof attachedTypes)[number];

export interface Condition {
  readonly type: ConditionType;
  readonly status: 'True' | 'False' | 'Unknown';
  /** CamelCase, for programs. */
  readonly reason: string;
  readonly message: string;
}

export interface WrittenCondition extends Condition {
  /** RFC 3339: when its status last changed. */
  readonly lastTransitionTime: string;
  readonly observedGeneration: number;
}

/** The API server refuses longer ones. */
const maxMessageLength = 32_768;

/** Gives every condition the time at which it took its status, which `previous` may know. */
export function written(
  conditions: readonly Condition[],
  previous: unknown,
  observedGeneration: number,
  nowRfc3339: string,
): WrittenCondition[] {
  const before = Array.isArray(previous) ? previous.map(recordOf) : [];
  return conditions.map((condition) => {
    const same = before.find(
      ({ type, status }) => type === condition.type && status === condition.status,
    );
    const since = same?.['lastTransitionTime'];
    return {
      ...condition,
      message: condition.message.slice(0, maxMessageLength),
      lastTransitionTime: typeof since === 'string' ? since : nowRfc3339,
      observedGeneration,
    };
  });
}
