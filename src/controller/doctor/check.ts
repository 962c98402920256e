/** One thing that was looked at, and what came of it. */

import { some } from './reading.ts';
import type { Looked } from './snapshot.ts';

/** In the order of the chain: docs/doctor.md. */
export const parts = [
  'SeldonDeployment',
  'Controller',
  'Trigger',
  'ClusterRole',
  'Address',
  'Service',
  'Pods',
  'Predictor',
  'Kafka settings',
  'Scaling',
  'Kafka',
] as const;

export type Part = (typeof parts)[number];

export type CheckState =
  | 'fine'
  /** To know; nothing is wrong. */
  | 'note'
  /** Works, but something should be known. */
  | 'warning'
  | 'fault'
  /** Nothing is known of it: never to be taken for fine. */
  | 'unseen';

export interface Evidence {
  /** `Trigger team-a/iris`. */
  readonly object: string;
  /** `status.subscriberUri`. */
  readonly field: string;
  readonly value: string;
}

/** Each stands in docs/doctor.md, which a test checks. */
export const checkIds = {
  crd: 'SeldonDeployment',
  resource: 'SeldonDeployment',
  accepted: 'SeldonDeployment',
  references: 'SeldonDeployment',
  applied: 'SeldonDeployment',
  warnings: 'SeldonDeployment',
  contested: 'SeldonDeployment',
  observed: 'Controller',
  lease: 'Controller',
  knative: 'Trigger',
  trigger: 'Trigger',
  'trigger-address': 'Trigger',
  'trigger-filter': 'Trigger',
  'dead-letter': 'Trigger',
  broker: 'Trigger',
  'cluster-role': 'ClusterRole',
  address: 'Address',
  service: 'Service',
  'service-port': 'Service',
  selector: 'Service',
  endpoints: 'Service',
  deployments: 'Pods',
  'scaled-to-zero': 'Pods',
  pods: 'Pods',
  predictor: 'Predictor',
  'kafka-settings': 'Kafka settings',
  keda: 'Scaling',
  'scaled-object': 'Scaling',
  'scale-trigger': 'Scaling',
  'trigger-authentication': 'Scaling',
  'max-replicas': 'Scaling',
  hpa: 'Scaling',
  kafka: 'Kafka',
  topics: 'Kafka',
  permissions: 'Kafka',
  group: 'Kafka',
  offsets: 'Kafka',
  lag: 'Kafka',
} as const satisfies Readonly<Record<string, Part>>;

export type CheckId = keyof typeof checkIds;

export interface Check {
  readonly id: CheckId;
  readonly part: Part;
  readonly state: CheckState;
  readonly told: string;
  readonly evidence: readonly Evidence[];
  /** What to do; of every fault and warning. */
  readonly todo: string | undefined;
  /** Checks whose faults, where there are any, are the cause of this one. */
  readonly follows: readonly CheckId[];
}

interface Extra {
  readonly evidence?: readonly Evidence[];
  readonly follows?: readonly CheckId[];
}

const make = (
  id: CheckId,
  state: CheckState,
  told: string,
  todo: string | undefined,
  { evidence = [], follows = [] }: Extra,
): Check => ({ id, part: checkIds[id], state, told, todo, evidence, follows });

export const fine = (id: CheckId, told: string, extra: Extra = {}): Check =>
  make(id, 'fine', told, undefined, extra);
export const note = (id: CheckId, told: string, extra: Extra = {}): Check =>
  make(id, 'note', told, undefined, extra);
export const warning = (id: CheckId, told: string, todo: string, extra: Extra = {}): Check =>
  make(id, 'warning', told, todo, extra);
export const fault = (id: CheckId, told: string, todo: string, extra: Extra = {}): Check =>
  make(id, 'fault', told, todo, extra);

/** There is to be a `kind` of each of these names; no fault where there are no names. */
export const absent = (
  id: CheckId,
  kind: string,
  names: readonly string[],
  todo: string,
  follows: readonly CheckId[],
): Check[] =>
  names.length === 0 ? [] : [fault(id, `there is no ${kind} ${some(names)}`, todo, { follows })];

/** @param what was to be looked at: `Triggers` */
export const unseen = (id: CheckId, what: string, reason: string): Check =>
  make(id, 'unseen', `${what}: not looked at: ${reason}`, undefined, {});

export const evidence = (object: string, field: string, value: unknown): Evidence => ({
  object,
  field,
  value: typeof value === 'string' ? value : (JSON.stringify(value) ?? 'not set'),
});

/** What a look that found nothing comes to, where the thing could not be looked at. */
export const ifUnseen = <T>(id: CheckId, what: string, looked: Looked<T>): Check[] =>
  looked.kind === 'unseen' ? [unseen(id, what, looked.reason)] : [];
