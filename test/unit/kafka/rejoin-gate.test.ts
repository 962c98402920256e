import { type PartitionAssigner, PartitionAssigners } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { createRejoinGate } from '../../../src/kafka/rejoin-gate.ts';
import { settle } from '../../support/fake-clock.ts';

type Config = Parameters<PartitionAssigner>[0];
const config = { cluster: {}, groupId: 'g', logger: {} } as unknown as Config;

/** A gate, what kafkajs does before it sends a join, and the end of the drain under way. */
function setUp() {
  const world = { busy: true };
  const drains: { done: () => void; fail: (error: Error) => void }[] = [];
  const gate = createRejoinGate({
    busy: () => world.busy,
    drain: () =>
      new Promise((resolve, reject) => {
        drains.push({ done: resolve, fail: reject });
      }),
  });
  const assigner = gate.guard(PartitionAssigners.roundRobin)(config);
  const join = (): string => {
    try {
      return assigner.protocol({ topics: ['t'] }).name;
    } catch (error) {
      return String((error as { type?: unknown }).type);
    }
  };
  return { world, drains, gate, assigner, join };
}

describe('the rejoin gate', () => {
  it('lets a member without work join at once, without draining', () => {
    const { world, drains, join } = setUp();
    world.busy = false;
    expect(join()).toBe('RoundRobinAssigner');
    expect(drains).toHaveLength(0);
  });

  it('holds the join up until the drain is over, and drains once', async () => {
    const { drains, join } = setUp();
    expect([join(), join(), join()]).toEqual(Array(3).fill('REBALANCE_IN_PROGRESS'));
    expect(drains).toHaveLength(1);
    drains[0]?.done();
    await settle();
    expect(join()).toBe('RoundRobinAssigner');
  });

  it('lets the join through for good, though kafkajs asks again before it has joined', async () => {
    const { drains, join } = setUp();
    join();
    drains[0]?.done();
    await settle();
    expect([join(), join()]).toEqual(['RoundRobinAssigner', 'RoundRobinAssigner']);
    expect(drains).toHaveLength(1);
  });

  it('drains anew at the next rebalance', async () => {
    const { drains, gate, join } = setUp();
    join();
    drains[0]?.done();
    await settle();
    join();
    gate.joined();
    expect(join()).toBe('REBALANCE_IN_PROGRESS');
    expect(drains).toHaveLength(2);
    drains[1]?.done();
    await settle();
    expect(join()).toBe('RoundRobinAssigner');
  });

  it('does not hang where the drain fails: what is not committed is answered again', async () => {
    const { drains, join } = setUp();
    join();
    drains[0]?.fail(new Error('no coordinator'));
    await settle();
    expect(join()).toBe('RoundRobinAssigner');
  });

  it('leaves the assigner behind it as it is', () => {
    const { world, assigner, join } = setUp();
    world.busy = false;
    expect(assigner.name).toBe('RoundRobinAssigner');
    expect(assigner.version).toBe(0);
    expect(join()).toBe(assigner.name);
  });
});
