import { describe, expect, it } from 'vitest';
import { createSinkQueue, type SinkQueueOptions } from '../../../src/delivery/sink-queue.ts';
import { AdapterError } from '../../../src/errors.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

const reply = (id: string, bytes = 0) => ({
  event: {
    ...{ specversion: '1.0' as const, id, source: '/s', type: 't', datacontenttype: undefined },
    ...{ attributes: new Map([['causationid', `of-${id}`]]), data: new Uint8Array(bytes) },
  },
  puid: id,
  protoName: undefined,
});

function open(more: Partial<SinkQueueOptions> = {}) {
  const clock = createFakeClock();
  const under = new Map<string, (error?: AdapterError) => void>();
  const delivered: string[] = [];
  const logged: object[] = [];
  let dropped = 0;
  const log = {
    ...{ debug: () => undefined, info: () => undefined, warn: () => undefined },
    error: (fields: object, message: string) => void logged.push({ ...fields, message }),
  };
  const queue = createSinkQueue(
    { maxWaiting: 2, maxBytes: 1_000_000, concurrency: 2, ...more },
    {
      deliver: ({ event: { id } }) =>
        new Promise((resolve, reject) => {
          under.set(id, (error) => {
            under.delete(id);
            if (error !== undefined) return reject(error);
            delivered.push(id);
            resolve();
          });
        }),
      schedule: clock.schedule,
      dropped: (count) => (dropped += count),
      log,
    },
  );
  const take = async (...ids: string[]): Promise<void> => {
    for (const id of ids) await queue.take(reply(id), 0);
  };
  const end = async (id: string, error?: AdapterError): Promise<void> => {
    under.get(id)?.(error);
    await clock.advance(0);
  };
  const counts = () => [queue.running(), queue.waiting(), dropped];
  return { queue, clock, under, delivered, logged, take, end, counts };
}

describe('the queue of replies', () => {
  it('takes at once, and has so many on their way', async () => {
    const { take, counts, end, delivered, under } = open();
    await take('a', 'b', 'c', 'd');
    expect(counts()).toEqual([2, 2, 0]);
    await end('b');
    await end('a');
    expect([...under.keys()]).toEqual(['c', 'd']);
    await end('c');
    await end('d');
    expect(delivered).toEqual(['b', 'a', 'c', 'd']);
    expect(counts()).toEqual([0, 0, 0]);
  });

  it('refuses what it has no place for, and says so beforehand', async () => {
    const { take, queue, end } = open();
    await take('a', 'b', 'c');
    expect(queue.refusal()).toBeUndefined();
    await take('d');
    expect(queue.refusal()).toMatchObject({ code: 'OVERLOADED', status: 429 });
    await expect(take('e')).rejects.toMatchObject({ code: 'OVERLOADED' });
    await end('a');
    expect(queue.refusal()).toBeUndefined();
  });

  it('has places for what is on its way where nothing may wait', async () => {
    const { take, counts } = open({ maxWaiting: 0 });
    await take('a', 'b');
    await expect(take('c')).rejects.toMatchObject({ code: 'OVERLOADED' });
    expect(counts()).toEqual([2, 0, 0]);
  });

  it('is bounded by bytes too', async () => {
    const { queue, end } = open({ maxBytes: 4_000, maxWaiting: 100 });
    await queue.take(reply('a', 5_000), 0);
    expect(queue.refusal()).toMatchObject({ code: 'OVERLOADED' });
    await end('a');
    expect(queue.refusal()).toBeUndefined();
  });

  it('tells what the sink did not take by its id, and goes on', async () => {
    const { take, end, logged, counts } = open({ concurrency: 1 });
    await take('a', 'b');
    await end('a', new AdapterError('SINK_FAILED', 'no'));
    expect(logged).toEqual([
      expect.objectContaining({ id: 'a', causationid: 'of-a', code: 'SINK_FAILED', reason: 'no' }),
    ]);
    expect(counts()).toEqual([1, 0, 0]);
  });

  it('closes when all is delivered', async () => {
    const { take, end, queue, counts, logged } = open();
    await take('a', 'b', 'c');
    let isClosed = false;
    void queue.close(1_000).then(() => (isClosed = true));
    for (const id of ['a', 'b', 'c']) {
      expect(isClosed).toBe(false);
      await end(id);
    }
    expect(isClosed).toBe(true);
    expect(counts()).toEqual([0, 0, 0]);
    expect(logged).toEqual([]);
    await queue.close(0);
  });

  it('counts and names what is left when the time is up', async () => {
    const { take, queue, clock, counts, logged, end } = open();
    await take('a', 'b', 'c');
    const closed = queue.close(1_000);
    await clock.advance(1_000);
    await closed;
    expect(counts()).toEqual([0, 0, 3]);
    expect(logged).toEqual([expect.objectContaining({ lost: 3, ids: ['a', 'b', 'c'] })]);
    // What ends after that is not told twice.
    await end('a', new AdapterError('SINK_UNREACHABLE', 'gone'));
    expect(logged).toHaveLength(1);
    await expect(take('d')).rejects.toMatchObject({ code: 'OVERLOADED' });
  });
});
