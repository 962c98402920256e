/** A replay waits for brokers that are away for a moment, and sends everything in the end. */

import { describe, expect, onTestFinished, test } from 'vitest';
import { startKafkaBroker } from '../../../src/demo/kafka-broker.ts';
import {
  brokerOptions,
  kafkaMissing,
  kafkaOf,
  produceRecords,
  readTopic,
  uniqueTopic,
} from '../../support/broker.ts';
import { eventually } from '../../support/kafka-case.ts';
import { startReplay } from '../../support/run-replay.ts';

const missing = await kafkaMissing();

describe.skipIf(missing)('kill -9 of the broker in the middle of a replay costs no record', () => {
  test.each([
    ['in a group, where it goes on', ['--group', 'through-a-restart']],
    ['without one, where it begins anew and passes what is sent', []],
  ])('%s', async (_where, group) => {
    const broker = await startKafkaBroker(brokerOptions);
    onTestFinished(() => broker.close());
    const admin = kafkaOf(broker.brokers).admin();
    await admin.connect();
    const [input, errors] = [await uniqueTopic(admin, 2), await uniqueTopic(admin, 2)];
    await admin.disconnect();
    const count = 20_000;
    const messages = Array.from({ length: count }, (_, n) => ({
      value: `${n}`,
      partition: n % 2,
      headers: {
        'seldon-error-code': 'PREDICTOR_FAILED',
        'seldon-error-topic': input,
        'seldon-error-partition': `${n % 2}`,
      },
    }));
    for (let i = 0; i < count; i += 1_000) {
      await produceRecords(broker.brokers, errors, messages.slice(i, i + 1_000));
    }
    const run = await startReplay([
      '--kafka-broker',
      broker.brokers.join(','),
      '--topic',
      errors,
      ...group,
      '--kafka-request-timeout-ms',
      '3000',
    ]);
    const sent = (): number => run.lines.filter((line) => line.startsWith('replayed ')).length;
    const ended = run.done.then((code) => {
      if (sent() === 0)
        throw new Error(`ended with ${code} before it began: ${run.lines.join('; ')}`);
    });
    await Promise.race([ended, eventually('it has begun', () => sent() > 0)]);
    await broker.kill();
    const before = sent();
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await broker.start();
    expect([await run.done, run.lines.at(-1)]).toEqual([
      0,
      expect.stringContaining(`${count} replayed`),
    ]);
    expect(before).toBeLessThan(count);
    const seen = (records: readonly { value: string | null }[]): number =>
      new Set(records.map(({ value }) => value)).size;
    await readTopic(broker.brokers, input, (records) => seen(records) === count);
  });
});
