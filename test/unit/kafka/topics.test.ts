import { describe, expect, it } from 'vitest';
import type { Log } from '../../../src/delivery/ports.ts';
import { waitForTopics } from '../../../src/kafka/topics.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

const topics = [
  { name: 'in', role: 'KAFKA_INPUT_TOPIC' },
  { name: 'out', role: 'KAFKA_OUTPUT_TOPIC' },
];

function setUp(existing: string[]) {
  const clock = createFakeClock();
  const world = { existing, closed: false, unreachable: false };
  const warnings: string[] = [];
  const unexpected = (): void => {
    throw new Error('unexpected');
  };
  const log: Log = {
    debug: unexpected,
    info: unexpected,
    error: unexpected,
    warn: (_fields, message) => warnings.push(message),
  };
  let end: string | undefined;
  waitForTopics(topics, {
    admin: {
      listTopics: async () => {
        if (world.unreachable) throw new Error('no broker');
        return world.existing;
      },
    },
    pause: clock.sleep,
    closed: () => world.closed,
    log,
  }).then(
    () => (end = 'there'),
    (error: Error) => (end = error.message),
  );
  return { clock, world, warnings, end: () => end };
}

describe('waiting for topics', () => {
  it('is over at once where all exist, and says nothing', async () => {
    const { clock, warnings, end } = setUp(['in', 'out', 'other']);
    await clock.advance(0);
    expect([end(), warnings]).toEqual(['there', []]);
  });

  it('says which are missing and which settings name them, and ends when they appear', async () => {
    const { clock, world, warnings, end } = setUp(['in']);
    await clock.advance(5_000);
    expect(end()).toBeUndefined();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('out (KAFKA_OUTPUT_TOPIC)');
    expect(warnings[0]).not.toContain('KAFKA_INPUT_TOPIC');
    world.existing = ['in', 'out'];
    await clock.advance(1_000);
    expect(end()).toBe('there');
  });

  it('says it again now and then', async () => {
    const { clock, warnings } = setUp([]);
    await clock.advance(65_000);
    expect(warnings).toHaveLength(3);
  });

  it('ends when we are closed', async () => {
    const { clock, world, end } = setUp([]);
    await clock.advance(100);
    world.closed = true;
    await clock.advance(1_000);
    expect(end()).toBe('there');
  });

  it('fails where Kafka cannot be asked', async () => {
    const { clock, world, end } = setUp([]);
    world.unreachable = true;
    await clock.advance(1_000);
    expect(end()).toBe('no broker');
  });
});
