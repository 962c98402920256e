/** Whether the predictors that read one topic divide it as meant: no record twice, none left out. */

import { parseTrafficShare, type TrafficShare } from '../../delivery/traffic-share.ts';
import type { Finding } from './finding.ts';
import { environmentOf } from './kafka-environment.ts';
import type { KafkaValue } from './kafka-settings.ts';
import {
  byInput,
  isPerhapsSameInput,
  isSameValue,
  liveOf,
  type Reader,
  readersOf,
  shareOf,
  weightOf,
} from './kafka-sharing.ts';
import type { SeldonDeployment } from './seldon-deployment.ts';

export interface InputFindings {
  readonly problems: readonly Finding[];
  readonly warnings: readonly Finding[];
}

/** Checks all predictors whose Kafka path is on against one another. */
export function checkInputs(sdep: SeldonDeployment): InputFindings {
  const readers = readersOf(sdep);
  const groups = byInput(readers);
  return {
    problems: groups.flatMap(groupProblems),
    warnings: [...groups.flatMap((group) => shareWarnings(sdep, group)), ...unknownInputs(groups)],
  };
}

/** Members of one group get a partition each, so a record would reach one of them alone. */
function groupProblems(readers: readonly Reader[]): Finding[] {
  return readers.flatMap((reader, i) => {
    const other = readers
      .slice(0, i)
      .find((before) => isSameValue(before.settings.group, reader.settings.group));
    if (other === undefined) return [];
    const message = `predictors ${names([other, reader])} read topic ${topicOf(reader)} in one consumer group, ${quoted(reader.settings.group)}, so that each record reaches only one of them; take KAFKA_CONSUMER_GROUP out of their svcOrchSpec.env, or give each its own`;
    return [{ reason: 'KafkaGroupShared', message }];
  });
}

function shareWarnings(sdep: SeldonDeployment, group: readonly Reader[]): Finding[] {
  const live = liveOf(group);
  if (live.length < 2) return [];
  const told = `predictors ${names(live)} read topic ${topicOf(live[0])}`;
  const shares = live.map((reader) => effectiveShare(sdep, reader));
  if (shares.every((share) => share === undefined)) {
    const message = `${told}, each in a consumer group of its own, so that each of them answers every record; give them traffic that sums to 100, or make all but one a shadow`;
    return [{ reason: 'KafkaInputShared', message }];
  }
  if (live.some(setsShare)) {
    if (isWhole(shares)) return [];
    const message = `${told}, and their shares do not make 0-100 without gap or overlap, so that some records are answered twice or never; take KAFKA_TRAFFIC_SHARE out of their svcOrchSpec.env, and set traffic`;
    return [{ reason: 'KafkaTrafficShares', message }];
  }
  const sum = live.reduce((total, reader) => total + weightOf(reader), 0);
  if (sum === 100) return [];
  const message = `${told}, and their traffic sums to ${sum}; it is taken as parts of ${sum}: make it sum to 100 if that is not meant`;
  return [{ reason: 'KafkaTrafficSum', message }];
}

const shareSetting = ({ predictor }: Reader) => environmentOf(predictor).get('KAFKA_TRAFFIC_SHARE');
const setsShare = (reader: Reader): boolean => shareSetting(reader) !== undefined;

function effectiveShare(sdep: SeldonDeployment, reader: Reader): TrafficShare | undefined {
  const byHand = shareSetting(reader);
  return byHand === undefined
    ? shareOf(sdep, reader.predictor)
    : parseTrafficShare(byHand.text ?? '');
}

function isWhole(shares: readonly (TrafficShare | undefined)[]): boolean {
  let end = 0;
  const given = shares.filter((share) => share !== undefined && share.from < share.to);
  for (const share of given.toSorted((one, other) => (one?.from ?? 0) - (other?.from ?? 0))) {
    if (share?.from !== end) return false;
    end = share.to;
  }
  return end === 100 && !shares.includes(undefined);
}

/** Pairs of which it cannot be told whether they read the same: they are taken not to. */
function unknownInputs(groups: readonly Reader[][]): Finding[] {
  const firsts = groups.flatMap((group) => liveOf(group).slice(0, 1));
  return firsts.flatMap((one, i) =>
    firsts
      .slice(0, i)
      .filter((other) => isPerhapsSameInput(one.settings, other.settings))
      .map((other) => ({
        reason: 'KafkaInputUnknown',
        message: `predictors ${names([other, one])} have brokers or an input topic from a Secret or ConfigMap, so that it cannot be told whether they read one topic; their traffic is not divided between them: give both by value, or from the same key`,
      })),
  );
}

const names = (readers: readonly Reader[]): string => {
  const quotedNames = readers.map(({ predictor }) => `"${predictor.name}"`);
  return `${quotedNames.slice(0, -1).join(', ')} and ${quotedNames.at(-1)}`;
};

const topicOf = (reader: Reader | undefined): string =>
  reader === undefined ? '' : quoted(reader.settings.inputTopic);

const quoted = ({ known, variable }: KafkaValue): string =>
  known === undefined ? `of ${variable}` : `"${known}"`;
