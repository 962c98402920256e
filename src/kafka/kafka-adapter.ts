/**
 * The Kafka path as a whole: joins the parts, keeps a membership in the group while there is work
 * to take, and closes in the order that loses nothing.
 *
 * K1 The group is joined only after the predictor is ready: a pod whose model still loads must not
 *    take partitions from those that work.
 * K2 Whatever ends a membership, a new one is begun; what it waits for is said.
 * K3 While the predictor serves nobody the group is left, where others can take over; it is joined
 *    again when the predictor is ready for good (absence.ts).
 * K4 Closing: no new predictions, those under way finish, their positions are committed, and only
 *    then is the group left.
 */

import type { Kafka } from 'kafkajs';
import { createAssignment } from '../delivery/assignment.ts';
import { type Availability, createAvailability } from '../delivery/availability.ts';
import { type PartitionReport, reportOf } from '../delivery/partition-report.ts';
import { createPipeline, type Pipeline, type PipelineOptions } from '../delivery/pipeline.ts';
import type { Log, Now, Random, Schedule } from '../delivery/ports.ts';
import type { ProcessRecord } from '../delivery/process-record.ts';
import type { RecordCount } from '../delivery/releaser.ts';
import type { TracedWrites } from '../delivery/traced-writes.ts';
import type { Identity } from '../event/names.ts';
import { createAbsence } from './absence.ts';
import { createAtLeastOnce, type DeliveryDeps } from './at-least-once.ts';
import type { DeliveryMode } from './delivery-mode.ts';
import { createDrain } from './drain.ts';
import { createGroupMember, type GroupMember } from './group-member.ts';
import { createIntake } from './intake.ts';
import { createMembershipLoop } from './membership-loop.ts';
import { createPositions, type OffsetReset } from './positions.ts';
import type { TopicCreation } from './topic-creation.ts';
import { createExactlyOnce } from './transactions/exactly-once.ts';
import { createUpkeep } from './upkeep.ts';

export interface KafkaAdapterOptions extends PipelineOptions {
  readonly brokers: readonly string[];
  readonly inputTopic: string;
  readonly outputTopic: string;
  readonly errorTopic: string;
  readonly consumerGroup: string;
  readonly topicCreation?: TopicCreation | undefined;
  readonly identity: Identity;
  readonly delivery: 'at-least-once' | 'exactly-once';
  /** Exactly once: most partitions that are answered here; the others stand still. */
  readonly maxTransactionalPartitions: number;
  /** After so long the broker ends a transaction that we left open, in ms. */
  readonly transactionTimeoutMs: number;
  readonly reset: OffsetReset;
  readonly sessionTimeoutMs: number;
  /** After so long without a predictor that serves, the group is left, in ms; 0: never. */
  readonly leaveAfterMs: number;
  /** On a rebalance, how long work under way may take, in ms. */
  readonly rebalanceDrainMs: number;
  /** How long nothing may move, for no reason that is known, in ms; 0: for ever. */
  readonly stuckAfterMs: number;
}

export interface KafkaAdapterDeps {
  readonly kafka: Kafka;
  readonly process: ProcessRecord;
  readonly predictorReady: () => boolean;
  /** Whether a broker may be asked: not while all have refused our credentials. */
  readonly mayConnect: () => boolean;
  readonly now: Now;
  readonly wallClock: () => number;
  readonly schedule: Schedule;
  readonly random: Random;
  readonly log: Log;
  readonly count: (what: RecordCount, detail: string) => void;
  readonly countMissed: (records: number) => void;
  /** Puts spans around the writing of outputs; undefined where nothing is traced. */
  readonly traced?: TracedWrites | undefined;
}

export interface KafkaAdapter {
  readonly start: () => void;
  /** The predictor's readiness changed. */
  readonly predictorChanged: () => void;
  /** Whether the group was joined at least once. */
  readonly hasJoined: () => boolean;
  /** What it is doing, for the verbose health answer. */
  readonly state: () => string;
  /** For how long Kafka has not answered, in ms; 0 while it does. */
  readonly unansweredMs: () => number;
  /** Predictions under way. */
  readonly running: () => number;
  /** Our partitions, as they are. */
  readonly partitions: () => PartitionReport[];
  /** Partitions of ours that stand still on purpose. */
  readonly standingStill: () => number;
  /** What is wrong, where it sits idle and no new membership helped; else undefined. */
  readonly stuck: () => string | undefined;
  /** Takes no new records; what is under way goes on. */
  readonly halt: () => void;
  /** @param drainMs how long work under way may take to finish */
  readonly close: (drainMs: number) => Promise<void>;
}

/** The group waits so long for members to rejoin; draining must fit in. */
const rebalanceMarginMs = 30_000;
/** See docs/decisions/0005: when the predictor is taken to be down for everybody. */
const availabilityOptions = {
  failingInputs: 5,
  probeBaseMs: 250,
  probeMaxMs: 5_000,
  failingProbeMaxMs: 10_000,
};

/** Makes a Kafka path that has not begun. */
export function createKafkaAdapter(
  options: KafkaAdapterOptions,
  deps: KafkaAdapterDeps,
): KafkaAdapter {
  const { kafka, log, schedule } = deps;
  const topic = options.inputTopic;
  const admin = kafka.admin();
  const assignment = createAssignment(topic, (records) => {
    for (let i = 0; i < records; i += 1) deps.count('skipped', 'already-answered');
  });
  const count: KafkaAdapterDeps['count'] = (what, detail) => {
    upkeep.progressed();
    deps.count(what, detail);
  };
  const positions = createPositions({ groupId: options.consumerGroup, topic }, admin);
  let memberId: string | undefined;
  let joinedOnce = false;
  let heartbeats = 0;
  let closing = false;

  const pause = (delayMs: number): Promise<void> =>
    new Promise((resolve) => schedule(delayMs, resolve));
  const member = (): GroupMember | undefined => loop.member();
  const delivery = createDelivery(options, {
    ...deps,
    admin,
    positions,
    commit: async (offsets) => (await member()?.commit(offsets)) ?? 'dropped',
    idle: () => pipeline.idle(),
    count,
    wrote: () => pipeline.pump(),
    reopen: (id) => intake.reopen(id),
    heartbeats: () => heartbeats,
    pause,
  });
  const { releaser, committer } = delivery;
  const availability = availabilityOf(deps);
  const pipeline: Pipeline = createPipeline(options, {
    ...deps,
    count,
    releaser,
    availability,
    taken: (partition) => intake.taken(partition),
  });
  const intake = createIntake(
    { topic, reset: options.reset },
    {
      assignment,
      pipeline,
      positions,
      delivery,
      member,
      resume: () => {
        if (!closing) pipeline.resume();
      },
      pause,
      now: deps.now,
      log,
      countMissed: deps.countMissed,
    },
  );

  const drain = createDrain(options.rebalanceDrainMs, { pipeline, committer, member, schedule });

  const createMember = (): GroupMember => {
    const created = createGroupMember(
      {
        groupId: options.consumerGroup,
        topic,
        sessionTimeoutMs: options.sessionTimeoutMs,
        rebalanceTimeoutMs: options.rebalanceDrainMs + rebalanceMarginMs,
        reset: options.reset,
      },
      {
        kafka,
        mayConnect: deps.mayConnect,
        busy: () => assignment.opened().length > 0,
        drain,
        joined: (partitions, id) => {
          joinedOnce = true;
          intake.joined(partitions, id === memberId);
          memberId = id;
        },
        received: async (batch) => {
          const taken = await intake.received(batch);
          if (taken) upkeep.progressed();
          return taken;
        },
        filtered: intake.filtered,
        outOfRange: intake.outOfRange,
        alive: () => {
          heartbeats += 1;
        },
        log,
      },
    );
    return { ...created, ended: Promise.race([created.ended, upkeep.membership()]) };
  };

  const loop = createMembershipLoop(
    {
      groupId: options.consumerGroup,
      brokers: options.brokers,
      topics: [
        { name: topic, role: 'KAFKA_INPUT_TOPIC' },
        { name: options.outputTopic, role: 'KAFKA_OUTPUT_TOPIC' },
        { name: options.errorTopic, role: 'KAFKA_ERROR_TOPIC' },
      ],
      topicCreation: options.topicCreation,
    },
    {
      admin,
      predictorReady: deps.predictorReady,
      serving: availability.serving,
      absence: createAbsence(options, deps),
      drain,
      mayConnect: deps.mayConnect,
      prepare: delivery.prepare,
      createMember,
      ended: () => {
        assignment.clear();
        delivery.assigned();
        availability.reset();
        pipeline.assign([]);
      },
      pause,
      now: deps.now,
      log,
    },
  );

  const upkeep = createUpkeep(options, {
    isMember: () => member() !== undefined,
    repair: intake.repair,
    ask: positions.bounds,
    excused: () =>
      !availability.serving() ||
      releaser.writing() > 0 ||
      delivery.standingStill() > 0 ||
      assignment.opened().some(({ retrying }) => retrying > 0),
    now: deps.now,
    schedule,
    log,
  });

  /** A member outlives its brokers, so its state alone does not tell that they are away. */
  const state = (): string => {
    const unanswered = member() === undefined ? undefined : upkeep.unanswered.state();
    const silence = unanswered === undefined ? undefined : `Kafka does not answer ${unanswered}`;
    const parts = [loop.state(), silence, delivery.notice()];
    return parts.filter((part) => part !== undefined).join('; ');
  };

  const halt = (): void => {
    closing = true;
    upkeep.close();
    loop.stop();
    pipeline.halt();
  };

  let closed: Promise<void> | undefined;
  const close = async (drainMs: number): Promise<void> => {
    halt();
    await pipeline.settled(drainMs);
    await committer.flush();
    delivery.stop();
    await loop.leave();
    await delivery.close();
    await admin.disconnect().catch(() => undefined);
  };

  return {
    start: () => {
      loop.start();
      upkeep.start();
    },
    predictorChanged: pipeline.pump,
    hasJoined: () => joinedOnce,
    state,
    unansweredMs: () => Math.max(loop.unusable.lastingMs(), upkeep.unanswered.lastingMs()),
    running: pipeline.running,
    partitions: () => {
      const now = deps.wallClock();
      return assignment.opened().map((partition) => reportOf(partition, now));
    },
    standingStill: delivery.standingStill,
    stuck: upkeep.stuck,
    halt,
    close: (drainMs) => {
      closed ??= close(drainMs);
      return closed;
    },
  };
}

/** The one place that knows both ways. */
function createDelivery(
  options: KafkaAdapterOptions,
  deps: DeliveryDeps & Parameters<typeof createExactlyOnce>[1],
): DeliveryMode {
  if (options.delivery === 'at-least-once') return createAtLeastOnce(options, deps);
  const { maxTransactionalPartitions: maxPartitions } = options;
  return createExactlyOnce({ ...options, maxPartitions }, deps);
}

function availabilityOf(deps: KafkaAdapterDeps): Availability {
  return createAvailability(availabilityOptions, {
    ...deps,
    changed: (error) => {
      if (error === undefined) deps.log.info({}, 'the predictor serves again');
      else {
        deps.log.error(
          { code: error.code, reason: error.message },
          'the predictor serves nobody; records wait, and nothing is committed past them',
        );
      }
    },
  });
}
