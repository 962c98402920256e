/**
 * The Kafka path as a whole: joins the parts, keeps a membership in the group while there is work
 * to take, and closes in the order that loses nothing.
 *
 * K1 The group is joined only after the predictor is ready: a pod whose model still loads must not
 *    take partitions from those that work.
 * K2 Whatever ends a membership, a new one is begun; what it waits for is said.
 * K3 Closing: no new predictions, those under way finish, their positions are committed, and only
 *    then is the group left.
 */

import type { Kafka } from 'kafkajs';
import { createAssignment } from '../delivery/assignment.ts';
import { type Availability, createAvailability } from '../delivery/availability.ts';
import { type CommitOffsets, createCommitter } from '../delivery/committer.ts';
import { createPipeline, type Pipeline, type PipelineOptions } from '../delivery/pipeline.ts';
import type { Log, Now, Random, Schedule } from '../delivery/ports.ts';
import type { ProcessRecord } from '../delivery/process-record.ts';
import { createReleaser, type RecordCount } from '../delivery/releaser.ts';
import type { Identity } from '../event/names.ts';
import { createDrain } from './drain.ts';
import { createGroupMember, type GroupMember } from './group-member.ts';
import { createIntake } from './intake.ts';
import { createMembershipLoop } from './membership-loop.ts';
import { placeOutput } from './place-output.ts';
import { createPositions, type OffsetReset } from './positions.ts';
import { createReplaceableProducer } from './producer.ts';
import { createPublisher } from './publisher.ts';

export interface KafkaAdapterOptions extends PipelineOptions {
  readonly brokers: readonly string[];
  readonly inputTopic: string;
  readonly outputTopic: string;
  readonly errorTopic: string;
  readonly consumerGroup: string;
  readonly identity: Identity;
  readonly reset: OffsetReset;
  readonly sessionTimeoutMs: number;
  /** On a rebalance, how long work under way may take, in ms. */
  readonly rebalanceDrainMs: number;
}

export interface KafkaAdapterDeps {
  readonly kafka: Kafka;
  readonly process: ProcessRecord;
  readonly predictorReady: () => boolean;
  readonly now: Now;
  readonly wallClock: () => number;
  readonly schedule: Schedule;
  readonly random: Random;
  readonly log: Log;
  readonly count: (what: RecordCount, detail: string) => void;
  readonly countMissed: (records: number) => void;
}

export interface KafkaAdapter {
  readonly start: () => void;
  /** The predictor's readiness changed. */
  readonly predictorChanged: () => void;
  /** Whether the group was joined at least once. */
  readonly hasJoined: () => boolean;
  /** What it is doing, for the verbose health answer. */
  readonly state: () => string;
  /** Predictions under way. */
  readonly running: () => number;
  /** Takes no new records; what is under way goes on. */
  readonly halt: () => void;
  /** @param drainMs how long work under way may take to finish */
  readonly close: (drainMs: number) => Promise<void>;
}

const commitIntervalMs = 200;
const repairMs = 10_000;
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
  const assignment = createAssignment(topic);
  const producer = createReplaceableProducer(kafka, placeOutput, log);
  const publisher = createPublisher(options, { ...deps, producer });
  let memberId: string | undefined;
  let joinedOnce = false;
  let closing = false;

  const pause = (delayMs: number): Promise<void> =>
    new Promise((resolve) => schedule(delayMs, resolve));
  const member = (): GroupMember | undefined => loop.member();
  const commit: CommitOffsets = async (offsets) => (await member()?.commit(offsets)) ?? 'dropped';

  const committer = createCommitter(commitIntervalMs, {
    commit,
    schedule,
    idle: () => pipeline.idle(),
    log,
  });
  const releaser = createReleaser(options.ordering, {
    publish: publisher.publish,
    divert: publisher.divert,
    committer,
    count: deps.count,
    wrote: () => pipeline.pump(),
  });
  const pipeline: Pipeline = createPipeline(options, {
    ...deps,
    releaser,
    availability: availabilityOf(deps),
    taken: (partition) => intake.taken(partition),
  });
  const intake = createIntake(
    { topic, reset: options.reset },
    {
      assignment,
      pipeline,
      positions: createPositions({ groupId: options.consumerGroup, topic }, admin),
      member,
      commit,
      moved: committer.moved,
      resume: () => {
        if (!closing) pipeline.resume();
      },
      pause,
      log,
      countMissed: deps.countMissed,
    },
  );

  const drain = createDrain(options.rebalanceDrainMs, { pipeline, committer, member, schedule });

  const createMember = (): GroupMember =>
    createGroupMember(
      {
        groupId: options.consumerGroup,
        topic,
        sessionTimeoutMs: options.sessionTimeoutMs,
        rebalanceTimeoutMs: options.rebalanceDrainMs + rebalanceMarginMs,
        reset: options.reset,
      },
      {
        kafka,
        busy: () => assignment.opened().length > 0,
        drain,
        joined: (partitions, id) => {
          joinedOnce = true;
          intake.joined(partitions, id === memberId);
          memberId = id;
        },
        received: intake.received,
        filtered: intake.filtered,
        log,
      },
    );

  const loop = createMembershipLoop(
    {
      brokers: options.brokers,
      topics: [
        { name: topic, role: 'KAFKA_INPUT_TOPIC' },
        { name: options.outputTopic, role: 'KAFKA_OUTPUT_TOPIC' },
        { name: options.errorTopic, role: 'KAFKA_ERROR_TOPIC' },
      ],
    },
    {
      admin,
      predictorReady: deps.predictorReady,
      prepare: () => publisher.learnLimits(admin),
      createMember,
      ended: () => {
        assignment.clear();
        pipeline.assign([]);
      },
      pause,
      log,
    },
  );

  const repairNowAndThen = (): void => {
    schedule(repairMs, () => {
      if (closing) return;
      const repaired = member() === undefined ? Promise.resolve() : intake.repair();
      repaired.catch((error) => log.debug({ err: error }, 'offsets could not be checked'));
      repairNowAndThen();
    });
  };

  const halt = (): void => {
    closing = true;
    loop.stop();
    pipeline.halt();
  };

  let closed: Promise<void> | undefined;
  const close = async (drainMs: number): Promise<void> => {
    halt();
    await pipeline.settled(drainMs);
    await committer.flush();
    publisher.close();
    await loop.leave();
    await producer.close();
    await admin.disconnect().catch(() => undefined);
  };

  return {
    start: () => {
      loop.start();
      repairNowAndThen();
    },
    predictorChanged: pipeline.pump,
    hasJoined: () => joinedOnce,
    state: loop.state,
    running: pipeline.running,
    halt,
    close: (drainMs) => {
      closed ??= close(drainMs);
      return closed;
    },
  };
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
