/** What Kafka itself says: topics, permissions, the group, its positions. */

import { type Check, evidence, fault, fine, note, unseen, warning } from './check.ts';
import { checkPositions } from './check-positions.ts';
import type { GroupFacts, KafkaFacts, TopicFacts, TopicRole } from './kafka-facts.ts';
import type { Snapshot } from './snapshot.ts';
import type { Subject } from './subject.ts';

export function checkKafka({ kafka }: Snapshot, subject: Subject): Check[] {
  if (subject.kafka.length === 0) return [];
  if (kafka === undefined) {
    const reason =
      'add --kafka where the brokers can be reached from here, or KAFKA_BROKER and the KAFKA_* security settings of the adapter';
    return [unseen('kafka', 'topics, permissions, group and offsets in Kafka', reason)];
  }
  return subject.kafka.flatMap(({ name }) => {
    const facts = kafka.get(name);
    if (facts !== undefined) return checkFacts(name, facts);
    const reason = 'its brokers, topic or group are not known here: name them by value';
    return [unseen('kafka', `Kafka for predictor ${name}`, reason)];
  });
}

function checkFacts(predictor: string, facts: KafkaFacts): Check[] {
  const where = facts.brokers.join(', ');
  // A name of inside the cluster says nothing of Kafka, only of where we stand.
  if (/ENOTFOUND|EAI_AGAIN/.test(facts.unreachable ?? '')) {
    const reason = `${where} cannot be found from here: name addresses that can with KAFKA_BROKER`;
    return [unseen('kafka', `Kafka for predictor ${predictor}`, reason)];
  }
  if (facts.unreachable !== undefined) {
    const told = `Kafka at ${where} cannot be asked: ${facts.unreachable}`;
    const todo =
      'check the address from here (a port-forward answers with addresses of inside the cluster), and the KAFKA_* security settings';
    return [fault('kafka', told, todo)];
  }
  return [
    fine('kafka', `Kafka at ${where} answers`),
    ...facts.topics.flatMap((topic) => [...checkTopic(topic), ...checkTopicRights(topic)]),
    ...checkGroup(facts.group),
    ...checkPositions(predictor, facts),
  ];
}

const settingOf: Readonly<Record<TopicRole, string>> = {
  input: 'KAFKA_INPUT_TOPIC',
  output: 'KAFKA_OUTPUT_TOPIC',
  error: 'KAFKA_ERROR_TOPIC',
};

function checkTopic({ role, name, partitions, problem }: TopicFacts): Check[] {
  const shown = { evidence: [evidence(`topic ${name}`, 'partitions', partitions ?? 'not known')] };
  if (problem !== undefined) {
    const todo = `make it so, or correct ${settingOf[role]}`;
    return [fault('topics', `${role} topic ${name} ${problem}`, todo, shown)];
  }
  const told = `${role} topic ${name} has ${partitions ?? '?'} partitions`;
  return [fine('topics', told, shown)];
}

const neededOn: Readonly<Record<TopicRole, readonly string[]>> = {
  input: ['READ', 'DESCRIBE'],
  output: ['WRITE', 'DESCRIBE'],
  error: ['WRITE', 'DESCRIBE'],
};

function checkTopicRights({ role, name, operations, problem }: TopicFacts): Check[] {
  if (problem !== undefined) return [];
  return rights(`topic ${name}`, operations, neededOn[role]);
}

/** Of whom we ask as: the adapter's own user, where its settings were given. */
function rights(
  what: string,
  operations: readonly string[] | undefined,
  needed: readonly string[],
): Check[] {
  if (operations === undefined) {
    return [unseen('permissions', `what may be done with ${what}`, 'the broker does not tell')];
  }
  const shown = {
    evidence: [evidence(what, 'operations allowed', operations.join(', ') || 'none')],
  };
  const lacking = needed.filter((operation) => !operations.includes(operation));
  if (lacking.length === 0) {
    return [fine('permissions', `${needed.join(' and ')} are allowed on ${what}`, shown)];
  }
  const told = `this user may not ${lacking.join(' or ')} on ${what}`;
  const todo = `allow ${lacking.join(', ')} on it (kafka-acls --add), if this is the adapter's user`;
  return [fault('permissions', told, todo, shown)];
}

function checkGroup({ name, state, members, problem, operations }: GroupFacts): Check[] {
  const what = `group ${name}`;
  const shown = {
    evidence: [evidence(what, 'state', state ?? 'not known'), evidence(what, 'members', members)],
    follows: ['permissions'] as const,
  };
  if (problem !== undefined) {
    const todo = 'allow DESCRIBE and READ on the group';
    return [fault('group', `${what} ${problem}`, todo, shown)];
  }
  const allowed = operations === undefined ? [] : rights(what, operations, ['READ', 'DESCRIBE']);
  if (state === 'Stable') {
    return [...allowed, fine('group', `${what} is Stable with ${members} members`, shown)];
  }
  if (state === undefined || state === 'Dead' || state === 'Empty') {
    const told = `${what} has no members: nothing is consumed now`;
    return [...allowed, note('group', told, shown)];
  }
  const told = `${what} is ${state}: its members are dividing the partitions`;
  return [
    ...allowed,
    warning('group', told, 'look again: where it stays so, members come and go', shown),
  ];
}
