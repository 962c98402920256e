/** What `doctor` looked at, as it was found: objects of any shape, and what could not be looked at. */

import type { PlainObject } from '../render/canonical.ts';
import type { KafkaFacts } from './kafka-facts.ts';

export type Looked<T> =
  | { readonly kind: 'seen'; readonly value: T }
  | { readonly kind: 'absent' }
  /** The cluster has no such kind: its CRD is not installed. */
  | { readonly kind: 'unserved' }
  /** Forbidden, or it failed: nothing is known. In words that follow "not looked at: ". */
  | { readonly kind: 'unseen'; readonly reason: string };

export const seen = <T>(value: T): Looked<T> => ({ kind: 'seen', value });

export type Objects = readonly PlainObject[];

export interface Snapshot {
  readonly namespace: string;
  readonly name: string;
  /** Milliseconds since 1970, by the clock of whoever looks. */
  readonly nowMs: number;
  readonly resource: Looked<PlainObject>;
  readonly lease: Looked<PlainObject>;
  readonly leaseNamespace: string;
  readonly leaseName: string;
  readonly triggers: Looked<Objects>;
  /** Why Triggers of other namespaces were not looked at; undefined where they were. */
  readonly triggersElsewhere: string | undefined;
  /** By `namespace/name`: those that Triggers of ours name. */
  readonly brokers: ReadonlyMap<string, Looked<PlainObject>>;
  /** Those with Knative's label for what is addressable. */
  readonly clusterRoles: Looked<Objects>;
  /** By `namespace/name`: those that addresses lead to. */
  readonly services: ReadonlyMap<string, Looked<PlainObject>>;
  /** Likewise: the EndpointSlices of each. */
  readonly endpointSlices: ReadonlyMap<string, Looked<Objects>>;
  readonly deployments: Looked<Objects>;
  readonly pods: Looked<Objects>;
  /** By `Secret name` or `ConfigMap name`: the names of its keys, never a value. */
  readonly keys: ReadonlyMap<string, Looked<readonly string[]>>;
  /** Of the namespace. */
  readonly scaledObjects: Looked<Objects>;
  readonly hpas: Looked<Objects>;
  /** By name. */
  readonly triggerAuthentications: ReadonlyMap<string, Looked<PlainObject>>;
  /** By predictor; undefined where Kafka itself was not asked. */
  readonly kafka: ReadonlyMap<string, KafkaFacts> | undefined;
}
