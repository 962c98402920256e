/**
 * Keeps a membership in the group: waits for what it needs, says what it waits for, and begins a
 * new one whenever one ends.
 */

import type { Admin } from 'kafkajs';
import type { Log } from '../delivery/ports.ts';
import type { GroupMember } from './group-member.ts';
import { type TopicToWaitFor, waitForTopics } from './topics.ts';

export interface MembershipLoopOptions {
  readonly brokers: readonly string[];
  readonly topics: readonly TopicToWaitFor[];
}

export interface MembershipLoopDeps {
  readonly admin: Admin;
  /** Whether the predictor is ready: nothing is joined before. */
  readonly predictorReady: () => boolean;
  /** What else needs the topics, before they are read. */
  readonly prepare: () => Promise<void>;
  readonly createMember: () => GroupMember;
  /** The membership is over: its partitions are lost. */
  readonly ended: () => void;
  readonly pause: (delayMs: number) => Promise<void>;
  readonly log: Log;
}

export interface MembershipLoop {
  readonly start: () => void;
  /** The membership of now. */
  readonly member: () => GroupMember | undefined;
  /** What it is doing, for people. */
  readonly state: () => string;
  /** Begins no new membership; the one of now goes on until {@link MembershipLoop.leave}. */
  readonly stop: () => void;
  readonly leave: () => Promise<void>;
}

const restartMs = 1_000;
const lookAgainMs = 100;

/** Makes a loop that has not begun. */
export function createMembershipLoop(
  options: MembershipLoopOptions,
  deps: MembershipLoopDeps,
): MembershipLoop {
  const { admin, log } = deps;
  let member: GroupMember | undefined;
  let state = 'waiting for the predictor';
  let stopped = false;

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
    await waitForTopics(options.topics, { admin, pause, closed: () => stopped, log });
    if (stopped) return;
    await deps.prepare();
    state = 'a member of the consumer group';
    member = deps.createMember();
    await member.start();
    const reason = await member.ended;
    throw reason;
  };

  const run = async (): Promise<void> => {
    while (!stopped && !deps.predictorReady()) await deps.pause(lookAgainMs);
    while (!stopped) {
      try {
        await membership();
      } catch (error) {
        if (stopped) return;
        const reason = error instanceof Error ? error.message : String(error);
        state = `waiting for Kafka: ${reason}`;
        log.warn({ reason, brokers: options.brokers }, 'Kafka cannot be used; trying again');
        await leave();
        await deps.pause(restartMs);
      }
    }
  };

  return {
    start: () => void run(),
    member: () => member,
    state: () => state,
    stop: () => {
      stopped = true;
    },
    leave,
  };
}
