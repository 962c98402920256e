import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kafkaSettings } from '../../../src/config/kafka.ts';
import { parseSettings } from '../../../src/config/parse.ts';
import type { Dispatch } from '../../../src/delivery/dispatch.ts';
import { createProcessRecord } from '../../../src/delivery/process-record.ts';
import type { InputRecord } from '../../../src/delivery/record.ts';
import {
  formatTrafficShare,
  isInShare,
  parseTrafficShare,
  sharesOf,
  type TrafficShare,
} from '../../../src/delivery/traffic-share.ts';
import { bytes } from '../event/messages.ts';
import { range, record } from './records.ts';

describe('shares', () => {
  it('follow on one another in the order of the weights, from 0 to 100', () => {
    expect(sharesOf([70, 30]).map(formatTrafficShare)).toEqual(['0-70', '70-100']);
    expect(sharesOf([1, 1, 1]).map(formatTrafficShare)).toEqual([
      '0-33.3333',
      '33.3333-66.6667',
      '66.6667-100',
    ]);
    expect(sharesOf([0, 100, 0]).map(formatTrafficShare)).toEqual(['0-0', '0-100', '100-100']);
    expect(sharesOf([50, 10]).map(formatTrafficShare)).toEqual(['0-83.3333', '83.3333-100']);
  });

  it('hold every key exactly once, whatever the weights, also after they were written and read', () => {
    const weights = fc.array(fc.nat(1_000), { minLength: 1, maxLength: 9 });
    const some = weights.filter((list) => list.some((weight) => weight > 0));
    fc.assert(
      fc.property(some, fc.uint8Array({ maxLength: 40 }), (list, key) => {
        const shares = sharesOf(list).map(formatTrafficShare).map(parseTrafficShare);
        const owners = shares.filter((share) => share !== undefined && isInShare(share, key));
        expect(owners).toHaveLength(1);
      }),
    );
  });

  it.each([
    ['numbered', (n: number) => `customer-${n}`],
    ['few letters', (n: number) => n.toString(36)],
    ['coordinates', (n: number) => `in/${n % 12}/${n}`],
  ])('divide 100,000 keys by their weights, within half a percent of the whole: %s', (_, keyOf) => {
    const shares = sharesOf([50, 30, 15, 5]);
    const counts = shares.map(() => 0);
    for (const n of range(0, 100_000)) {
      const owner = shares.findIndex((share) => isInShare(share, bytes(keyOf(n))));
      counts[owner] = (counts[owner] ?? 0) + 1;
    }
    [50_000, 30_000, 15_000, 5_000].forEach((expected, i) => {
      expect(Math.abs((counts[i] ?? 0) - expected)).toBeLessThan(500);
    });
  });

  it.each([
    // FNV-1a and the last step of MurmurHash3, computed elsewhere: two versions side by side must agree.
    ['', 66.892219],
    ['a', 10.352622],
    ['customer-1', 90.855449],
    ['42', 15.985374],
    ['in/3/7', 96.264191],
    ['Zürich', 67.718062],
  ])('place %j where every version does', (text, place) => {
    expect(isInShare({ from: place - 1e-6, to: place + 1e-6 }, bytes(text))).toBe(true);
  });
});

describe('KAFKA_TRAFFIC_SHARE', () => {
  const parse = (text: string) => {
    const group = { trafficShare: kafkaSettings.trafficShare };
    return parseSettings(group, [], { KAFKA_TRAFFIC_SHARE: text });
  };

  it.each([
    ['0-70', { from: 0, to: 70 }],
    ['33.3333-100', { from: 33.3333, to: 100 }],
    ['50-50', { from: 50, to: 50 }],
    ['', undefined],
  ])('%j is read', (text, trafficShare) => {
    const parsed = parse(text);
    expect(parsed.ok && parsed.values.trafficShare).toEqual(trafficShare);
  });

  it.each(['70', '70-', '70-30', '0-101', '-1-5', '0 - 70', 'a-b', '1e1-50', '0-70%', '0-0.00001'])(
    '%j is refused, with what was expected',
    (text) => {
      expect(parse(text)).toMatchObject({ ok: false, problems: [/range of percent/] });
    },
  );
});

describe('a record outside the share', () => {
  /** What became of the records, and how many reached the predictor. */
  async function process(share: TrafficShare | undefined, parts: readonly Partial<InputRecord>[]) {
    let dispatched = 0;
    const dispatch: Dispatch = async () => {
      dispatched += 1;
      return { kind: 'skipped', reason: 'own-type' };
    };
    const options = { outputForm: 'same' as const, timeoutMs: 500, share };
    const run = createProcessRecord(options, { dispatch, now: () => 0 });
    const verdicts = await Promise.all(parts.map((part, i) => run(record(i % 3, i, part))));
    return { dispatched, verdicts };
  }
  const nothing = { from: 0, to: 0 };
  const skipped = { kind: 'skipped', reason: 'other-share' };
  const event = (id: string): Partial<InputRecord> => ({
    headers: { ce_specversion: '1.0', ce_id: id, ce_source: '/s', ce_type: 't' },
  });
  const structured = (id: string): Partial<InputRecord> => ({
    headers: { 'content-type': 'application/cloudevents+json' },
    value: bytes(`{"specversion":"1.0","id":"${id}","source":"/s","type":"t","data":1}`),
  });
  const kinds: [string, (n: number) => Partial<InputRecord>][] = [
    ['raw', () => ({})],
    ['keyed', (n) => ({ key: bytes(`k${n}`) })],
    ['an empty key', () => ({ key: bytes('') })],
    ['an event', (n) => event(String(n))],
    ['a structured event', (n) => structured(String(n))],
    ['a malformed event', () => ({ headers: { ce_id: 'only' } })],
    ['a tombstone', (n) => ({ key: bytes(`k${n}`), value: null })],
    ['a protobuf', () => ({ headers: { 'proto-name': 'x' } })],
  ];

  it.each(kinds)('is skipped, told why, and never reaches the predictor: %s', async (_, make) => {
    const { dispatched, verdicts } = await process(nothing, [make(1)]);
    expect(verdicts).toEqual([skipped]);
    expect(dispatched).toBe(0);
  });

  it.each(kinds)('belongs to exactly one of the shares: %s', async (_, make) => {
    const records = range(0, 300).map(make);
    const all = await Promise.all(
      sharesOf([60, 0, 40]).map(async (share) => (await process(share, records)).verdicts),
    );
    records.forEach((_record, i) => {
      const owners = all.filter((verdicts) => !isOther(verdicts[i]));
      expect(owners).toHaveLength(1);
    });
  });
  const isOther = (verdict: unknown): boolean =>
    JSON.stringify(verdict) === JSON.stringify(skipped);

  it('is told by the key alone where there is one, whatever the event', async () => {
    const key = bytes('customer-1');
    const records = range(0, 50).map((n) => ({ ...event(String(n)), key }));
    const { verdicts } = await process({ from: 0, to: 50 }, records);
    expect(new Set(verdicts.map((verdict) => JSON.stringify(verdict))).size).toBe(1);
  });

  it('is told by the event id where there is no key, so that repeats stay together', async () => {
    const repeats = [...range(0, 20).map(() => event('same')), structured('same')];
    const { verdicts } = await process({ from: 0, to: 50 }, repeats);
    expect(new Set(verdicts.map((verdict) => JSON.stringify(verdict))).size).toBe(1);
  });

  it('is none where no share is set', async () => {
    const { dispatched } = await process(
      undefined,
      range(0, 20).map((n) => event(String(n))),
    );
    expect(dispatched).toBe(20);
  });
});
