/** Committed offsets of the group: valid, and how far behind the ends of their partitions. */

import { type Check, evidence, fault, fine, warning } from './check.ts';
import type { KafkaFacts, PositionFacts } from './kafka-facts.ts';

export function checkPositions(predictor: string, { group, topics }: KafkaFacts): Check[] {
  const { positions } = group;
  const topic = topics.find(({ role }) => role === 'input')?.name ?? '?';
  if (positions.length === 0) return [];
  const what = `group ${group.name} on topic ${topic}`;
  const none = positions.filter(({ committed }) => committed < 0);
  const outside = positions.filter(
    ({ committed, low, high }) => committed >= 0 && (committed < low || committed > high),
  );
  const checks: Check[] = [];
  if (outside.length > 0) {
    const told = `offsets outside of the log on ${partitions(outside)}: records between were deleted before they were answered, or the topic was made anew`;
    const todo =
      'the adapter goes on by KAFKA_OFFSET_RESET and counts what it skipped; see the retention of the topic';
    checks.push(warning('offsets', told, todo, { evidence: shown(what, outside) }));
  }
  if (none.length > 0) {
    const isNew = none.length === positions.length;
    const told = isNew
      ? `${what} has committed no offset yet`
      : `${what} has no offset on ${partitions(none)}`;
    const todo =
      'the adapter commits where it begins as soon as it gets a partition: see whether one runs; scaleToZeroOnInvalidOffset must not be true in kedaSpec';
    checks.push(warning('offsets', told, todo, { evidence: shown(what, none) }));
  }
  if (checks.length === 0) {
    checks.push(
      fine('offsets', `${what} has a valid offset on all ${positions.length} partitions`),
    );
  }
  return [...checks, lag(what, predictor, group.members, positions)];
}

function lag(
  what: string,
  predictor: string,
  members: number,
  positions: readonly PositionFacts[],
): Check {
  const behind = positions.filter((position) => lagOf(position) > 0);
  const total = behind.reduce((sum, position) => sum + lagOf(position), 0);
  const extra = { evidence: shown(what, behind), follows: waitsFor };
  if (total === 0) return fine('lag', `${what} has no lag`);
  if (members > 0)
    return fine('lag', `${what} is ${total} records behind, with ${members} members`, extra);
  const told = `${total} records wait in ${what}, and nobody consumes them`;
  const todo = `see why predictor ${predictor} has no member: its pods, KEDA's ScaledObject, the adapter's log`;
  return fault('lag', told, todo, extra);
}

const waitsFor = [
  'accepted',
  'references',
  'applied',
  'observed',
  'lease',
  'deployments',
  'pods',
  'predictor',
  'keda',
  'scaled-object',
  'scale-trigger',
  'trigger-authentication',
  'hpa',
  'permissions',
  'topics',
] as const;

/** Where nothing is committed, everything that is there waits. */
const lagOf = ({ committed, low, high }: PositionFacts): number =>
  Math.max(0, high - Math.min(high, Math.max(committed, low)));

const shownAtMost = 5;

const shown = (what: string, positions: readonly PositionFacts[]) =>
  positions
    .slice(0, shownAtMost)
    .map(({ partition, committed, low, high }) =>
      evidence(what, `partition ${partition}`, `committed ${committed}, log ${low} to ${high}`),
    );

const partitions = (positions: readonly PositionFacts[]): string => {
  const numbers = positions.map(({ partition }) => partition);
  const more = numbers.length - shownAtMost;
  const named = numbers.slice(0, shownAtMost).join(', ');
  return `partition${numbers.length === 1 ? '' : 's'} ${named}${more > 0 ? ` and ${more} more` : ''}`;
};
