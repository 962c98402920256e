/**
 * Predictors of one SeldonDeployment that read one topic. Each has a group of its own, so each would
 * answer every record, were their `traffic` not made shares of it (design.md §3.6).
 */

import { sharesOf, type TrafficShare } from '../../delivery/traffic-share.ts';
import { type KafkaSettings, type KafkaValue, kafkaSettingsOf } from './kafka-settings.ts';
import type { Predictor, SeldonDeployment } from './seldon-deployment.ts';

export interface Reader {
  readonly predictor: Predictor;
  readonly settings: KafkaSettings;
}

/** The predictors whose Kafka path is on, in their order. */
export const readersOf = (sdep: SeldonDeployment): Reader[] =>
  sdep.spec.predictors.flatMap((predictor) => {
    const settings = kafkaSettingsOf(sdep, predictor);
    return settings === undefined ? [] : [{ predictor, settings }];
  });

/**
 * Groups readers by their input: all of one topic of one Kafka. Where that cannot be known they are
 * not taken to be the same, since a share of what nobody else reads would lose the rest.
 */
export function byInput(readers: readonly Reader[]): Reader[][] {
  let groups: Reader[][] = [];
  for (const reader of readers) {
    const isSame = (group: Reader[]) =>
      group.some((other) => isSameInput(reader.settings, other.settings));
    // Brokers known by several names join what seemed apart.
    const joined = readers.filter(
      (other) => other === reader || groups.some((group) => isSame(group) && group.includes(other)),
    );
    groups = [...groups.filter((group) => !isSame(group)), joined];
  }
  return groups;
}

function isSameInput(one: KafkaSettings, other: KafkaSettings): boolean {
  return isSameValue(one.inputTopic, other.inputTopic) && isSameKafka(one.brokers, other.brokers);
}

/** Whether two may read the same, as far as can be known here. */
export const isPerhapsSameInput = (one: KafkaSettings, other: KafkaSettings): boolean =>
  (isUnknown(one.inputTopic, other.inputTopic) || isSameValue(one.inputTopic, other.inputTopic)) &&
  (isUnknown(one.brokers, other.brokers) || isSameKafka(one.brokers, other.brokers));

const isUnknown = (one: KafkaValue, other: KafkaValue): boolean =>
  one.known === undefined || other.known === undefined;

const isSameKafka = (one: KafkaValue, other: KafkaValue): boolean =>
  isSameValue(one, other) || brokersOf(one).some((broker) => brokersOf(other).includes(broker));

const brokersOf = ({ known = '' }: KafkaValue): string[] =>
  known
    .toLowerCase()
    .split(',')
    .map((broker) => broker.trim())
    .filter((broker) => broker !== '');

/** Whether two settings certainly have one value: the same text, or the same key of the same object. */
export function isSameValue(one: KafkaValue, other: KafkaValue): boolean {
  if (one.known !== undefined) return one.known === other.known;
  const [from, otherFrom] = [keyOf(one), keyOf(other)];
  return from !== undefined && from === otherFrom;
}

function keyOf({ from }: KafkaValue): string | undefined {
  const { secretKeyRef: secret, configMapKeyRef: configMap } = from ?? {};
  if (secret !== undefined) return `Secret ${secret.name} ${secret.key}`;
  return configMap && `ConfigMap ${configMap.name} ${configMap.key}`;
}

/** Those of a group whose answers count. */
export const liveOf = (group: readonly Reader[]): Reader[] =>
  group.filter(({ predictor }) => predictor.shadow !== true);

/** A predictor's weight; unset is 0, as for HTTP. */
export const weightOf = ({ predictor }: Reader): number => Math.max(0, predictor.traffic ?? 0);

/** @returns the predictor's share of its input topic; undefined where it answers all of it */
export function shareOf(sdep: SeldonDeployment, predictor: Predictor): TrafficShare | undefined {
  const isMine = ({ predictor: { name } }: Reader) => name === predictor.name;
  const live = liveOf(byInput(readersOf(sdep)).find((group) => group.some(isMine)) ?? []);
  const weights = live.map(weightOf);
  if (live.length < 2 || weights.every((weight) => weight === 0)) return undefined;
  return sharesOf(weights)[live.findIndex(isMine)];
}
