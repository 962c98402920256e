/**
 * What each fault is over Kafka: the rows of design.md §3.3, brought about with records of one
 * topic. The table is printed at the end.
 */

import type { Message } from 'kafkajs';
import { afterAll, describe, expect, test } from 'vitest';
import { useBroker } from '../../support/broker.ts';
import {
  eventRecord,
  eventually,
  type KafkaCase,
  setFaults,
  useKafkaCases,
} from '../../support/kafka-case.ts';

type Fate = 'answered' | 'error topic at once' | 'error topic after attempts' | 'skipped';

const lines: string[][] = [];
const note = (group: string, what: string, fate: string): void => {
  lines.push([group.padEnd(14), what.padEnd(44), fate]);
};

const own = (n: number, headers: Readonly<Record<string, string>>): Message => {
  const record = eventRecord(n, 1);
  return { ...record, headers: { ...record.headers, ...headers } };
};

const expired = { ce_expirytime: '2020-01-01T00:00:00Z' };
const maxAttempts = 3;

/** By the number of its record: what it is, and what becomes of it. */
const rows: readonly (readonly [group: string, what: string, Fate, (n: number) => Message])[] = [
  ['answered', 'a prediction', 'answered', (n) => eventRecord(n, 1)],
  ['record', 'malformed event', 'error topic at once', (n) => own(n, { ce_specversion: '9.9' })],
  [
    ...(['record', 'no payload', 'error topic at once'] as const),
    (n) => ({ ...eventRecord(n, 1), value: '' }),
  ],
  [
    ...(['record', 'payload of another form', 'error topic at once'] as const),
    (n) => own(n, { ce_protoname: 'seldon.protos.SeldonMessage' }),
  ],
  ...[400, 413, 415, 422].map(
    (status) =>
      [
        ...(['record', `the predictor answers ${status}`, 'error topic at once'] as const),
        (n: number) => eventRecord(n, 1, `status-${status}`),
      ] as const,
  ),
  ...[408, 425, 429, 500, 502, 503, 504].map(
    (status) =>
      [
        'transient',
        `it answers ${status}, and others are answered`,
        ...(['error topic after attempts'] as const),
        (n: number) => eventRecord(n, 1, `status-${status}`),
      ] as const,
  ),
  [
    ...(['nothing to do', 'our own reply', 'skipped'] as const),
    (n) => own(n, { ce_type: 'seldon.iris.default.response' }),
  ],
  [
    ...(['nothing to do', 'our own error', 'skipped'] as const),
    (n) => own(n, { ce_type: 'seldon.iris.default.error' }),
  ],
  ['nothing to do', 'it has expired', 'skipped', (n) => own(n, expired)],
];

const statusIn = (body: Buffer): number | undefined => {
  const marked = /"status-(\d+)"/.exec(body.toString())?.[1];
  return marked === undefined ? undefined : Number(marked);
};

const diverted = (c: KafkaCase, n: number) =>
  c.log.records(c.errors).filter(({ headers }) => headers['ce_id'] === String(n));
const answered = (c: KafkaCase, n: number) =>
  c.log.records(c.output).filter(({ headers }) => headers['ce_causationid'] === String(n));

function fateOf(c: KafkaCase, n: number): Fate | 'lost' {
  const [error] = diverted(c, n);
  if (answered(c, n).length > 0) return 'answered';
  if (error === undefined) return 'skipped';
  const attempts = Number(error.headers['seldon-error-attempts']);
  return attempts === 1 ? 'error topic at once' : 'error topic after attempts';
}

const broker = await useBroker();

describe.skipIf(broker.missing)('faults over Kafka', () => {
  const begin = useKafkaCases(broker);

  test('every record of a fault of its own goes where its class says, and all is committed', async () => {
    const environment = {
      ...{ KAFKA_ORDER: 'none', KAFKA_MAX_ATTEMPTS: String(maxAttempts), CALL_RETRIES: '0' },
      ERROR_EVENTS: 'true',
    };
    const c = await begin({ partitions: 1, environment });
    c.predictor.faults.statusFor = statusIn;
    const { url } = await c.start();
    await c.produce(rows.map(([, , , recordOf], n) => recordOf(n)));
    // The predictor must be seen to answer others, or failed attempts would not count.
    let more = rows.length;
    await eventually('all is committed', async () => {
      await c.produce([eventRecord(more, 1)]);
      more += 1;
      return ((await c.committed())[0] ?? 0) >= rows.length;
    });
    for (const [n, [group, what, fate]] of rows.entries()) {
      const found = fateOf(c, n);
      expect(found, what).toBe(fate);
      expect(diverted(c, n).length + answered(c, n).length, what).toBe(fate === 'skipped' ? 0 : 1);
      note(group, what, found);
    }
    // The error topic holds records, not error events, whatever ERROR_EVENTS says.
    for (const { headers } of c.log.records(c.errors)) {
      expect(headers['ce_type']).toBe('seldon.iris.default.request');
      expect(headers['seldon-error-class']).toMatch(/^(record|transient)$/);
    }
    const metrics = await (await fetch(`${url}/metrics`)).text();
    for (const [reason, count] of [
      ['own-type', 2],
      ['expired', 1],
    ]) {
      expect(metrics).toMatch(new RegExp(`result="skipped",detail="${reason}"[^}]*\\} ${count}\n`));
    }
  });

  // That an outage of the predictor for everybody sheds no record either, faults.test.ts shows.
  test.each([401, 403, 404, 405, 501])(
    'deployment: while the predictor answers %i, records wait, and none is lost',
    async (status) => {
      const c = await begin({
        partitions: 1,
        environment: { KAFKA_MAX_ATTEMPTS: String(maxAttempts), CALL_RETRIES: '0' },
      });
      c.predictor.faults.status = status;
      await c.start();
      await c.produce([eventRecord(0, 1)]);
      const { counters } = c.predictor;
      await eventually('it is tried again', () => counters.predictions > 1);
      expect([c.log.records(c.errors), c.log.records(c.output)]).toEqual([[], []]);
      setFaults(c.predictor, {});
      await eventually('it is answered', () => answered(c, 0).length === 1);
      expect(c.log.records(c.errors)).toEqual([]);
      note('deployment', `the predictor answers ${status}`, 'tried again until it is mended');
    },
  );

  afterAll(() => {
    const table = [['class'.padEnd(14), 'what'.padEnd(44), 'record'], ...lines];
    const text = table.map((cells) => cells.join('  ')).join('\n');
    process.stdout.write(`\nWhat becomes of a record\n\n${text}\n\n`);
  });
});
