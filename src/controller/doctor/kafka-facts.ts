/** What Kafka itself said of a predictor's topics and group. */

export interface KafkaFacts {
  readonly brokers: readonly string[];
  /** Why it could not be asked at all; undefined where it answered. */
  readonly unreachable: string | undefined;
  readonly topics: readonly TopicFacts[];
  readonly group: GroupFacts;
}

export type TopicRole = 'input' | 'output' | 'error';

export interface TopicFacts {
  readonly role: TopicRole;
  readonly name: string;
  /** Undefined where it could not be seen, or is not there. */
  readonly partitions: number | undefined;
  /** In words that follow the topic's name. */
  readonly problem: string | undefined;
  /** What we may do with it (`READ`, `WRITE`, …); undefined where the broker does not tell. */
  readonly operations: readonly string[] | undefined;
}

export interface GroupFacts {
  readonly name: string;
  /** Such as `Stable`, `Empty`, `Dead` (there is none); undefined where it could not be asked. */
  readonly state: string | undefined;
  readonly members: number;
  readonly problem: string | undefined;
  readonly operations: readonly string[] | undefined;
  /** Of the input topic; empty where they could not be asked. */
  readonly positions: readonly PositionFacts[];
}

export interface PositionFacts {
  readonly partition: number;
  /** -1: none is committed. */
  readonly committed: number;
  readonly low: number;
  readonly high: number;
}
