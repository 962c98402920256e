/** What was answered beyond the committed offset is not answered again (design.md §3.4). */

import { describe, expect, test } from 'vitest';
import { decodeAcked } from '../../../src/delivery/acked-offsets.ts';
import { useBroker } from '../../support/broker.ts';
import {
  divertedOf,
  eventRecord,
  eventually,
  type KafkaCase,
  outputsOf,
  setFaults,
  untilWritten,
  useKafkaCases,
} from '../../support/kafka-case.ts';

const broker = await useBroker();

/** How many records the group has as answered beyond what is committed. */
async function ackedBeyond(c: KafkaCase): Promise<number> {
  const [topic] = await c.admin.fetchOffsets({ groupId: c.group, topics: [c.input] });
  const ranges = (topic?.partitions ?? []).flatMap(({ offset, metadata }) =>
    decodeAcked(metadata, Number(offset)),
  );
  return ranges.reduce((sum, { from, to }) => sum + to - from, 0);
}

const repeats = (c: KafkaCase): number => outputsOf(c).length - new Set(outputsOf(c)).size;

async function metric(url: string, line: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const found = text.split('\n').find((l) => l.startsWith(line.split(' ')[0] ?? '') && matches(l));
  function matches(l: string): boolean {
    return line.split(' ').every((part) => l.includes(part));
  }
  return Number(found?.split(' ').at(-1) ?? Number.NaN);
}

describe.skipIf(broker.missing)('records answered beyond the committed offset', () => {
  const begin = useKafkaCases(broker);
  /** The record at the front fails for ever, the others go on. */
  const stuck = {
    KAFKA_ORDER: 'none',
    KAFKA_MAX_ATTEMPTS: '1000',
    KAFKA_SESSION_TIMEOUT_MS: '6000',
  };
  const poisonFirst = (n: number): string => (n === 0 ? 'POISON' : '');

  test.each(['none', 'key'])('are not answered again after SIGKILL (order %s)', async (order) => {
    const c = await begin({ partitions: 1, environment: { ...stuck, KAFKA_ORDER: order } });
    setFaults(c.predictor, { poison: 'POISON' });
    await c.produce(
      [...Array(300).keys()].map((n) => ({ ...eventRecord(n, 1, poisonFirst(n)), key: `${n}` })),
    );
    const first = await c.spawn();
    await untilWritten(c, 'output', 299);
    await eventually('the group knows', async () => (await ackedBeyond(c)) === 299);
    expect(await c.committed()).toEqual([0]);
    await first.end('SIGKILL');
    const second = await c.spawn();
    await eventually('the partition was taken', async () => {
      const skipped =
        'seldon_eventing_kafka_records_total result="skipped" detail="already-answered"';
      return (await metric(second.url, skipped)) === 299;
    });
    expect(await metric(second.url, 'seldon_eventing_kafka_done_beyond partition="0"')).toBe(299);
    expect(await metric(second.url, 'seldon_eventing_kafka_lag partition="0"')).toBe(300);
    setFaults(c.predictor, {});
    await c.answered(300);
    await eventually('all is committed', async () => (await c.committed())[0] === 300);
    expect(outputsOf(c).toSorted((a, b) => a - b)).toEqual([...Array(300).keys()]);
    expect(divertedOf(c)).toEqual([]);
  });

  test('SIGKILL in full flow repeats what was in flight or answered since the last commit, no more', async () => {
    const c = await begin({ partitions: 1, environment: { ...stuck, KAFKA_WORKERS: '8' } });
    setFaults(c.predictor, { poison: 'POISON', delayMs: 100 });
    await c.send(0, 300, poisonFirst);
    const first = await c.spawn();
    await untilWritten(c, 'output', 200);
    await first.end('SIGKILL');
    await c.spawn();
    await untilWritten(c, 'output', 250);
    setFaults(c.predictor, {});
    await c.answered(300);
    // At 80 a second these are the answers of one second: room for a commit on a busy machine.
    expect(repeats(c)).toBeLessThanOrEqual(8 + 80);
  });

  test('are not answered again when their partition goes to another member and back', async () => {
    const c = await begin({ partitions: 2, environment: stuck });
    setFaults(c.predictor, { poison: 'POISON' });
    await c.send(0, 200, (n) => (n < 2 ? 'POISON' : ''));
    await c.spawn();
    await untilWritten(c, 'output', 198);
    const second = await c.spawn();
    await eventually('the second member has one', async () =>
      Number.isFinite(await metric(second.url, 'seldon_eventing_kafka_lag partition=')),
    );
    await c.send(200, 300);
    await untilWritten(c, 'output', 298);
    expect(await second.end('SIGTERM')).toBe(0);
    await c.send(300, 400);
    await untilWritten(c, 'output', 398);
    setFaults(c.predictor, {});
    await c.answered(400);
    expect(outputsOf(c).toSorted((a, b) => a - b)).toEqual([...Array(400).keys()]);
    expect(divertedOf(c)).toEqual([]);
  });

  test('are answered again where the metadata beside the offset is not ours', async () => {
    const c = await begin({ partitions: 1, environment: stuck });
    await c.admin.setOffsets({
      groupId: c.group,
      topic: c.input,
      partitions: [{ partition: 0, offset: '0', metadata: 'another tool was here' } as never],
    });
    await c.send(0, 20);
    await c.start();
    await c.answered(20);
    expect(outputsOf(c)).toHaveLength(20);
  });

  test('wait at KAFKA_MAX_AHEAD for the one at the front', async () => {
    const c = await begin({ partitions: 1, environment: { ...stuck, KAFKA_MAX_AHEAD: '50' } });
    setFaults(c.predictor, { poison: 'POISON' });
    await c.send(0, 200, poisonFirst);
    await c.start();
    await untilWritten(c, 'output', 49);
    await eventually('the group knows', async () => (await ackedBeyond(c)) === 49);
    expect(outputsOf(c)).toHaveLength(49);
    setFaults(c.predictor, {});
    await c.answered(200);
    expect(outputsOf(c)).toHaveLength(200);
  });
});
