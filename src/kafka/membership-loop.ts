/**
 * Keeps a membership in the group: waits for what it needs, says what it waits for, and begins a
 * new one whenever one ends. While the own predictor serves nobody it stays away, where another
 * member is there to take the partitions over (absence.ts).
 */

import type { Admin } from 'kafkajs';
import type { Log, Now } from '../delivery/ports.ts';
import { createRepeatedFault, type RepeatedFault } from '../delivery/repeated-fault.ts';
import type { Absence } from './absence.ts';
import { CompressionError } from './compression.ts';
import type { GroupMember } from './group-member.ts';
import type { TopicCreation } from './topic-creation.ts';
import { type TopicToWaitFor, waitForTopics } from './topics.ts';
import { TransactionsRefusedError } from './transactions/check.ts';

export interface MembershipLoopOptions {
  readonly groupId: string;
  readonly brokers: readonly string[];
  readonly topics: readonly TopicToWaitFor[];
  /** How missing topics are made; undefined: they are waited for. */
  readonly topicCreation?: TopicCreation | undefined;
}

export interface MembershipLoopDeps {
  readonly admin: Admin;
  /** Whether the predictor is ready: nothing is joined before. */
  readonly predictorReady: () => boolean;
  /** Whether the predictor serves, as far as its health route and calls to it show. */
  readonly serving: () => boolean;
  readonly absence: Absence;
  /** Stops new work, waits for what is under way and commits it. */
  readonly drain: () => Promise<void>;
  /** Whether a broker may be asked: not while all have refused our credentials. */
  readonly mayConnect: () => boolean;
  /** What else needs the topics, before they are read. */
  readonly prepare: () => Promise<void>;
  readonly createMember: () => GroupMember;
  /** The membership is over: its partitions are lost. */
  readonly ended: () => void;
  readonly pause: (delayMs: number) => Promise<void>;
  readonly now: Now;
  readonly log: Log;
}

export interface MembershipLoop {
  readonly start: () => void;
  /** The membership of now. */
  readonly member: () => GroupMember | undefined;
  /** What it is doing, for people. */
  readonly state: () => string;
  /** No membership can be had. */
  readonly unusable: Pick<RepeatedFault, 'lastingMs'>;
  /** Begins no new membership; the one of now goes on until {@link MembershipLoop.leave}. */
  readonly stop: () => void;
  readonly leave: () => Promise<void>;
}

const restartMs = 1_000;
/** What waits for a person can hardly go a second later, and every try disturbs the group. */
const hopelessRestMs = 10_000;
const lookAgainMs = 100;
const askGroupAgainMs = 1_000;

/** Makes a loop that has not begun. */
export function createMembershipLoop(
  options: MembershipLoopOptions,
  deps: MembershipLoopDeps,
): MembershipLoop {
  const { admin, log } = deps;
  let member: GroupMember | undefined;
  let state = 'waiting for the predictor';
  let stopped = false;
  const unusable = createRepeatedFault(
    {
      level: 'warn',
      message: 'Kafka cannot be used; trying again',
      over: 'Kafka can be used again',
    },
    deps,
  );
  const undecodable = createRepeatedFault(
    {
      level: 'error',
      message: 'records cannot be decoded; all stand still until they can',
      over: 'records can be decoded again',
    },
    deps,
  );

  const refused = createRepeatedFault(
    {
      level: 'error',
      message: 'the consumer group is not joined: there are no transactions for us',
      over: 'there are transactions for us',
    },
    deps,
  );
  const faultOf = (error: unknown): RepeatedFault => {
    if (error instanceof TransactionsRefusedError) return refused;
    return error instanceof CompressionError ? undecodable : unusable;
  };

  const leave = async (): Promise<void> => {
    const ended = member;
    member = undefined;
    deps.ended();
    await ended?.close().catch((error) => log.debug({ err: error }, 'the consumer did not close'));
  };

  const membership = async (): Promise<void> => {
    state = `connecting to Kafka at ${options.brokers.join(', ')}`;
    await admin.connect();
    state = 'waiting for topics';
    const { pause } = deps;
    const waiting = { admin, pause, closed: () => stopped, log };
    await waitForTopics(options.topics, waiting, options.topicCreation);
    if (stopped) return;
    await deps.prepare();
    refused.succeeded();
    state = 'a member of the consumer group';
    const current = deps.createMember();
    member = current;
    await current.start();
    unusable.succeeded();
    deps.absence.joined();
    const reason = await Promise.race([current.ended, untilDue(current)]);
    if (reason !== undefined) throw reason;
    if (!stopped && member === current) await stayAway();
  };

  /** Resolves when the membership is to be left for the predictor's sake, or is over. */
  const untilDue = async (current: GroupMember): Promise<undefined> => {
    const since = deps.now();
    while (!stopped && member === current) {
      await deps.pause(lookAgainMs);
      // What cannot be decoded is fetched at once, and ends the membership.
      if (deps.now() - since > hopelessRestMs) undecodable.succeeded();
      if (!deps.absence.due(deps.serving())) continue;
      if (await hasOthers()) return;
      await deps.pause(askGroupAgainMs);
    }
  };

  /**
   * Nobody would be helped by the last member's leaving. While the group is rebalancing, another
   * may be leaving just now.
   */
  const hasOthers = async (): Promise<boolean> => {
    try {
      const { groups } = await admin.describeGroups([options.groupId]);
      const [group] = groups;
      return group?.state === 'Stable' && group.members.length > 1;
    } catch (error) {
      log.debug({ err: error }, 'the consumer group could not be asked for its members');
      return false;
    }
  };

  const stayAway = async (): Promise<void> => {
    log.warn(
      { groupId: options.groupId },
      'the predictor serves nobody: leaving the consumer group, so that its other members answer',
    );
    await deps.drain();
    await leave();
    deps.absence.left(deps.predictorReady());
    state = 'away from the consumer group until the predictor is ready for good';
    while (!stopped && !deps.absence.over(deps.predictorReady())) await deps.pause(lookAgainMs);
    if (!stopped) log.info({ groupId: options.groupId }, 'the predictor is ready: coming back');
  };

  const run = async (): Promise<void> => {
    while (!stopped) {
      if (!deps.predictorReady()) state = 'waiting for the predictor';
      while (!stopped && !deps.predictorReady()) await deps.pause(lookAgainMs);
      while (!stopped && !deps.mayConnect()) await deps.pause(restartMs);
      if (stopped) return;
      try {
        await membership();
      } catch (error) {
        if (stopped) return;
        const wrong = faultOf(error);
        wrong.failed(error, { brokers: options.brokers });
        state = `waiting for Kafka: ${error instanceof Error ? error.message : String(error)}`;
        await leave();
        await deps.pause(wrong === unusable ? restartMs : hopelessRestMs);
      }
    }
  };

  return {
    start: () => void run(),
    member: () => member,
    state: () => state,
    unusable,
    stop: () => {
      stopped = true;
    },
    leave,
  };
}
