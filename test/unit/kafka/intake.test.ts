import { Kafka, logLevel } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { createAssignment } from '../../../src/delivery/assignment.ts';
import { createAtLeastOnce } from '../../../src/kafka/at-least-once.ts';
import type { GroupMember } from '../../../src/kafka/group-member.ts';
import { createIntake } from '../../../src/kafka/intake.ts';
import { createFakeClock, settle } from '../../support/fake-clock.ts';
import { record } from '../delivery/records.ts';

const ignore = (): void => undefined;

/** The intake of partition 0, of which the group has offset 5, and what can be changed about it. */
function setUp() {
  const state = { reachable: true, commits: true, low: 20 };
  const events: string[] = [];
  const told: string[] = [];
  const ask = async <T>(answer: T): Promise<T> => {
    if (!state.reachable) throw new Error('no broker');
    return answer;
  };
  const tell = (_fields: object, text: string): void => void told.push(text);
  const assignment = createAssignment('in');
  const clock = createFakeClock();
  const log = { debug: ignore, info: tell, warn: tell, error: tell };
  const positions = {
    committed: () => ask(new Map([[0, { offset: 5, metadata: null }]])),
    bounds: () => ask(new Map([[0, { low: state.low, high: 30 }]])),
  };
  const kafka = new Kafka({ brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING });
  const delivery = createAtLeastOnce(
    {
      ordering: 'partition',
      inputTopic: 'in',
      outputTopic: 'out',
      errorTopic: 'errors',
      consumerGroup: 'group',
      identity: { sdep: 'iris', namespace: 'default', predictor: 'default' },
    },
    {
      kafka,
      admin: kafka.admin(),
      positions,
      commit: async (offsets) => {
        if (!state.commits) throw new Error('no coordinator');
        for (const { partition, offset } of offsets) events.push(`commit ${partition}/${offset}`);
        return 'committed';
      },
      idle: () => false,
      count: ignore,
      wrote: ignore,
      now: () => 0,
      wallClock: () => 0,
      schedule: clock.schedule,
      random: () => 0.5,
      log,
    },
  );
  const seeks: string[] = [];
  const member: GroupMember = {
    start: async () => undefined,
    ended: new Promise(ignore),
    commit: async () => 'committed',
    seek: (partition, offset) => void seeks.push(`${partition}/${offset}`),
    pause: ignore,
    resume: ignore,
    heartbeat: async () => undefined,
    close: async () => undefined,
  };
  const intake = createIntake(
    { topic: 'in', reset: 'earliest' },
    {
      assignment,
      pipeline: {
        assign: ignore,
        pump: ignore,
        halt: ignore,
        resume: ignore,
        settled: async () => undefined,
        running: () => 0,
        idle: () => true,
      },
      positions,
      delivery,
      member: () => member,
      resume: ignore,
      pause: settle,
      now: () => 0,
      log,
      countMissed: (records) => void events.push(`missed ${records}`),
    },
  );
  const batch = (askedFor: number) => ({
    partition: 0,
    askedFor,
    next: askedFor + 1,
    records: [record(0, askedFor)],
  });
  return { state, events, told, seeks, assignment, intake, batch, clock };
}

describe('the intake', () => {
  it('leaves a start that cannot be committed to the committer, and opens the partition once', async () => {
    const { state, events, intake, batch, clock } = setUp();
    state.commits = false;
    intake.joined([0], false);
    expect(await intake.received(batch(20))).toBe(true);
    expect(events.filter((event) => event.startsWith('missed'))).toEqual(['missed 15']);
    state.commits = true;
    await clock.advance(1_000);
    expect(events).toContain('commit 0/20');
  });

  it('asks again where a partition that the client lost its place in goes on, and never throws', async () => {
    const { state, events, told, intake, batch } = setUp();
    intake.joined([0], false);
    await intake.received(batch(25));
    state.reachable = false;
    // What is thrown at kafkajs would restart every partition of the consumer.
    expect(await intake.received(batch(25))).toBe(false);
    expect(await intake.received(batch(25))).toBe(false);
    const words = 'where a partition goes on is not known, so it is not read; asking again';
    expect(told.filter((text) => text === words)).toHaveLength(1);
    state.reachable = true;
    expect(await intake.received(batch(25))).toBe(false);
    expect(told).toContain('where the partition goes on is known');
    expect(await intake.received(batch(20))).toBe(true);
    expect(events.filter((event) => event.startsWith('missed'))).toEqual(['missed 15']);
  });

  it('counts once what was removed, whoever finds out first, and goes on where the log begins', async () => {
    const { state, events, assignment, intake } = setUp();
    intake.joined([0], false);
    await intake.outOfRange(0);
    expect(events).toEqual(['missed 15', 'commit 0/20']);
    state.low = 25;
    await intake.outOfRange(0);
    expect(events.slice(2)).toEqual(['missed 5', 'commit 0/25']);
    expect(assignment.get(0)?.nextOffset).toBe(25);
    await intake.outOfRange(1);
    expect(events).toHaveLength(4);
  });

  it('sends the client back where it passed over markers before the partition was opened', async () => {
    const { seeks, assignment, intake, batch } = setUp();
    intake.joined([0], false);
    intake.filtered(0, 30);
    expect(await intake.received(batch(20))).toBe(true);
    expect(seeks).toEqual(['0/20']);
    intake.filtered(0, 30);
    expect(assignment.get(0)?.nextOffset).toBe(30);
  });
});
