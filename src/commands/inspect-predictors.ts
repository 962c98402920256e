/** Asks Kafka about every predictor that consumes a topic. */

import type { DoctorConfig } from '../config/doctor.ts';
import type { KafkaFacts, TopicRole } from '../controller/doctor/kafka-facts.ts';
import type { KafkaPredictor } from '../controller/doctor/subject.ts';
import type { KafkaValue } from '../controller/render/kafka-settings.ts';
import { createKafkaClient } from '../kafka/client.ts';
import { inspectKafka } from '../kafka/inspect/inspect.ts';
import { schedule } from './clock.ts';
import { kafkaSecurityOf } from './kafka-security.ts';

const ignore = (): void => undefined;
/** What kafkajs logs is told in our own words. */
const silent = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** @returns by predictor; those whose brokers, topic or group cannot be known here are left out */
export async function inspectPredictors(
  config: DoctorConfig,
  predictors: readonly KafkaPredictor[],
): Promise<ReadonlyMap<string, KafkaFacts>> {
  const found = await Promise.all(
    predictors.map(async (predictor) => {
      const facts = await inspectPredictor(config, predictor);
      return facts === undefined ? [] : [[predictor.name, facts] as const];
    }),
  );
  return new Map(found.flat());
}

async function inspectPredictor(
  config: DoctorConfig,
  { settings }: KafkaPredictor,
): Promise<KafkaFacts | undefined> {
  const brokers = config.brokers ?? brokersIn(settings.brokers.known);
  const group = settings.group.known;
  const topics = [
    ...topicOf('input', settings.inputTopic),
    ...topicOf('output', settings.outputTopic),
    ...topicOf('error', settings.errorTopic),
  ];
  const isKnown = topics.some(({ role }) => role === 'input');
  if (brokers === undefined || group === undefined || !isKnown) return undefined;
  const { requestTimeoutMs } = config;
  const security = kafkaSecurityOf(config, silent);
  const client = { brokers, clientId: 'seldon-eventing.doctor', requestTimeoutMs, security };
  const kafka = createKafkaClient(client, silent);
  return { brokers, ...(await inspectKafka({ topics, group }, { kafka, schedule })) };
}

const topicOf = (role: TopicRole, value: KafkaValue | undefined) =>
  value?.known === undefined ? [] : [{ role, name: value.known }];

function brokersIn(text: string | undefined): string[] | undefined {
  const brokers = (text ?? '').split(',').flatMap((broker) => broker.trim() || []);
  return brokers.length === 0 ? undefined : brokers;
}
