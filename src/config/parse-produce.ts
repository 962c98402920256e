/** What must hold between the settings of the `produce` command, and what follows from them. */

import { requestType } from '../event/names.ts';
import { kafkaSecurityConflicts } from './kafka-security-rules.ts';
import { type Conflict, type Environment, type Parsed, parseSettings } from './parse.ts';
import { produceSettings } from './produce.ts';
import type { ValuesOf } from './setting.ts';

type ProduceValues = ValuesOf<typeof produceSettings>;

export type ProduceTarget =
  | { readonly kind: 'topic'; readonly brokers: readonly string[]; readonly topic: string }
  /** One that is bound is shown the token that was mounted for it. */
  | { readonly kind: 'sink'; readonly url: URL; readonly isBound: boolean };

export interface ProduceConfig extends Omit<ProduceValues, 'type'> {
  readonly target: ProduceTarget;
  readonly type: string;
}

/** Parses and checks everything; all problems are told together. */
export function parseProduceConfig(
  args: readonly string[],
  environment: Environment,
): Parsed<ProduceConfig> {
  const parsed = parseSettings(produceSettings, args, environment, conflicts);
  if (!parsed.ok) return { ok: false, problems: parsed.problems };
  const { values } = parsed;
  const target = targetOf(values);
  if (typeof target === 'string') return { ok: false, problems: [target] };
  const type = values.type ?? requestType({ ...values, predictor: 'default' });
  return { ok: true, values: Object.freeze({ ...values, target, type }) };
}

/** @returns the one target, or why it is not one */
function targetOf({ brokers, topic, sink, boundSink }: ProduceValues): ProduceTarget | string {
  if (sink !== undefined) {
    if (topic === undefined) return { kind: 'sink', url: sink, isBound: false };
    return 'PRODUCE_SINK and PRODUCE_TOPIC (or KAFKA_INPUT_TOPIC) are both set: events go to one of them, unset the other';
  }
  if (brokers !== undefined && topic !== undefined) return { kind: 'topic', brokers, topic };
  if (brokers !== undefined) return 'PRODUCE_TOPIC is not set: it names the topic to write to';
  if (topic !== undefined) return `KAFKA_BROKER is not set: it says where the topic ${topic} is`;
  if (boundSink !== undefined) return { kind: 'sink', url: boundSink, isBound: true };
  return 'there is nothing to send to: set KAFKA_BROKER and PRODUCE_TOPIC, or PRODUCE_SINK, or K_SINK';
}

const conflicts: readonly Conflict<typeof produceSettings>[] = [
  ...kafkaSecurityConflicts,
  {
    between: ['brokers', 'topic', 'sink', 'boundSink'],
    problem: (values) => {
      const target = targetOf(values);
      return typeof target === 'string' ? target : undefined;
    },
  },
  {
    between: ['payload', 'payloadFile'],
    problem: ({ payload, payloadFile }) =>
      payload !== undefined && payloadFile !== undefined
        ? 'PRODUCE_PAYLOAD and PRODUCE_PAYLOAD_FILE are both set: unset one'
        : undefined,
  },
  {
    between: ['key', 'brokers', 'topic', 'sink', 'boundSink'],
    problem: (values) => {
      const target = targetOf(values);
      if (values.key === undefined || typeof target === 'string' || target.kind === 'topic') return;
      const name = target.isBound ? 'K_SINK' : 'PRODUCE_SINK';
      return `PRODUCE_KEY is set, but what is sent to ${name} has no key: unset one`;
    },
  },
];
