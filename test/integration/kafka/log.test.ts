/** What is logged of records that fail: one line for each attempt, with what happens next. */

import { describe, expect, test } from 'vitest';
import { useBroker } from '../../support/broker.ts';
import { eventRecord, setFaults, untilWritten, useKafkaCases } from '../../support/kafka-case.ts';

const broker = await useBroker();
const traceId = '0af7651916cd43dd8448eb211c80319c';

describe.skipIf(broker.missing)('a record that fails', () => {
  const begin = useKafkaCases(broker);

  test('is told of with its id, place, class, trace and what happens next', async () => {
    const c = await begin();
    setFaults(c.predictor, { poison: 'bad' });
    const record = eventRecord(7, 1, 'bad');
    const traceparent = `00-${traceId}-b7ad6b7169203331-00`;
    await c.produce([{ ...record, headers: { ...record.headers, traceparent } }]);
    const adapter = await c.spawn({ KAFKA_MAX_ATTEMPTS: '2' });
    await untilWritten(c, 'errors', 1);
    const lines = adapter
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ code }) => code === 'PREDICTOR_FAILED');
    const about = {
      ...{ id: '7', source: 'test', topic: c.input, partition: record.partition, offset: 0 },
      ...{ fault: 'transient', traceId, level: 'warn' },
    };
    expect(lines).toMatchObject([
      {
        ...about,
        attempts: 1,
        next: expect.stringMatching(/^is tried again in \d+ ms, attempt 2 of 2$/),
      },
      { ...about, attempts: 2, next: `goes to the error topic ${c.errors}` },
    ]);
  });
});
