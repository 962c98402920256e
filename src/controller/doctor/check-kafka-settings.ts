/** What the adapters will consume, by the settings of the SeldonDeployment. */

import type { KafkaValue } from '../render/kafka-settings.ts';
import { type Check, evidence, note } from './check.ts';
import { at } from './reading.ts';
import type { KafkaPredictor, Subject } from './subject.ts';

export function checkKafkaSettings(subject: Subject): Check[] {
  if (subject.kafka.length === 0) {
    const isKafka = at(subject.resource, 'spec', 'serverType') === 'kafka';
    // What it lacks is told by its condition.
    return isKafka ? [] : [note('kafka-settings', 'it consumes no topic: HTTP only')];
  }
  return subject.kafka.map(({ name, settings }) => {
    const { brokers, inputTopic, outputTopic, errorTopic, group, workers } = settings;
    const told = `predictor ${name} reads topic ${shown(inputTopic)} as group ${shown(group)}, writes to ${shown(outputTopic)}, errors to ${shown(errorTopic)}`;
    const object = `predictor ${name}`;
    return note('kafka-settings', told, {
      evidence: [
        evidence(object, 'KAFKA_BROKER', shown(brokers)),
        evidence(object, 'KAFKA_WORKERS', shown(workers)),
        evidence(object, 'KAFKA_SECURITY_PROTOCOL', shown(settings.securityProtocol)),
      ],
    });
  });
}

const shown = (value: KafkaValue<string | number> | undefined): string => {
  if (value === undefined) return 'nothing';
  if (value.known !== undefined) return String(value.known);
  return `what ${value.variable ?? 'its variable'} says in the pod`;
};

/** The predictor whose adapter stands in a Deployment; the only one, where that is not known. */
export const predictorOf = (deployment: string, { kafka }: Subject): KafkaPredictor | undefined =>
  kafka.find((each) => each.deployment === deployment) ??
  (kafka.length === 1 ? kafka[0] : undefined);
