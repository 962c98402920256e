import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAdapterConfig } from '../../../src/config/adapter.ts';
import { parseIsoDurationMs } from '../../../src/duration.ts';

type Environment = Record<string, string | undefined>;
const least: Environment = { SELDON_DEPLOYMENT_ID: 'iris', PREDICTOR_URL: 'http://m:9000' };
const parse = (environment: Environment) => parseAdapterConfig([], { ...least, ...environment });
const configOf = (environment: Environment) => {
  const parsed = parse(environment);
  if (!parsed.ok) throw new Error(parsed.problems.join('; '));
  return parsed.values;
};
const problemsOf = (environment: Environment): readonly string[] => {
  const parsed = parse(environment);
  return parsed.ok ? [] : parsed.problems;
};

describe('K_SINK', () => {
  it.each([
    'http://broker-ingress.knative-eventing.svc.cluster.local/default/default',
    'https://sink.example:8443/',
    'http://sink/?key=1',
  ])('may be %s', (url) => {
    expect(configOf({ K_SINK: url }).sink?.href).toBe(url);
  });

  it.each(['/default', 'sink', 'ftp://sink/', 'http:sink', 'http://u:p@sink/', 'http://s/#f', 'x'])(
    'is not %s',
    (url) => {
      expect(problemsOf({ K_SINK: url })).toEqual([expect.stringContaining('K_SINK: expected an')]);
    },
  );

  it('leaves everything else as it is where it is empty, as a SinkBinding without one has it', () => {
    const config = configOf({ K_SINK: '', K_CE_OVERRIDES: '' });
    expect([config.sink, config.ceOverrides, config.warnings]).toEqual([undefined, undefined, []]);
  });

  it('is said to be for HTTP alone where records are answered too', () => {
    const kafka = { KAFKA_BROKER: 'b:9092', KAFKA_INPUT_TOPIC: 'in', KAFKA_OUTPUT_TOPIC: 'out' };
    expect(configOf({ ...kafka, K_SINK: 'http://sink' }).warnings).toEqual([
      expect.stringContaining('K_SINK is for events over HTTP'),
    ]);
    expect(configOf({ SINK_ASYNC: 'true' }).warnings).toEqual([
      'SINK_ASYNC does nothing without K_SINK',
    ]);
  });
});

describe('K_CE_OVERRIDES', () => {
  const overridesOf = (text: string) => [
    ...(configOf({ K_CE_OVERRIDES: text }).ceOverrides ?? new Map()),
  ];

  it('names extensions, in any case, as Knative does', () => {
    const text = '{"extensions":{"Team":"a b","region2":"€"}}';
    expect(overridesOf(text)).toEqual([
      ['team', 'a b'],
      ['region2', '€'],
    ]);
    for (const none of ['{}', '{"extensions":{}}', '{"extensions":null}']) {
      expect(overridesOf(none)).toEqual([]);
    }
  });

  it.each(['{', '[]', '7', 'null', '"x"', '{"extensions":[]}', '{"extensions":"x"}'])(
    'is not %s',
    (text) => {
      const expected = 'K_CE_OVERRIDES: expected {"extensions":{"name":"value"}}';
      expect(problemsOf({ K_CE_OVERRIDES: text })).toEqual([expected]);
    },
  );

  it('names every extension that cannot be one', () => {
    const extensions = { id: 'x', Source: 'y', 'a-b': 'z', n: 1, c: '\u0000', ['__proto__x']: '' };
    const told = problemsOf({ K_CE_OVERRIDES: JSON.stringify({ extensions }) });
    expect(told).toHaveLength(6);
    expect(told.join()).toMatch(
      /"id".*"Source".*"a-b".*"n": its value.*"c".*U\+0000.*"__proto__x"/,
    );
  });

  it('never throws, whatever it holds', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.json().map((j) => `{"extensions":${j}}`),
        ),
        (text) => {
          const parsed = parse({ K_CE_OVERRIDES: text });
          if (!parsed.ok) expect(parsed.problems.join()).toContain('K_CE_OVERRIDES');
        },
      ),
    );
  });
});

describe('the delivery', () => {
  it('is as Knative writes it', () => {
    const config = configOf({
      ...{ SINK_RETRY: '3', SINK_BACKOFF_POLICY: 'Linear', SINK_BACKOFF_DELAY: 'PT1.5S' },
      SINK_TIMEOUT: 'PT1M',
    });
    expect(config).toMatchObject({
      ...{ sinkRetry: 3, sinkBackoffPolicy: 'linear', sinkBackoffDelayMs: 1_500 },
      sinkTimeoutMs: 60_000,
    });
  });

  it('has the defaults of a Knative Broker', () => {
    expect(configOf({})).toMatchObject({
      ...{ sinkRetry: 10, sinkBackoffPolicy: 'exponential', sinkBackoffDelayMs: 200 },
      ...{ sinkTimeoutMs: 10_000, sinkAsync: 'false' },
    });
  });

  it('takes durations as our other settings have them, too', () => {
    expect(configOf({ SINK_TIMEOUT: '1m30s' }).sinkTimeoutMs).toBe(90_000);
    expect(configOf({ SINK_TIMEOUT: '250' }).sinkTimeoutMs).toBe(250);
  });

  it.each(['P1M', 'P1Y', 'PT0S', '-PT1S', 'PT-1S', 'soon', 'P', 'PT', 'P1DT', 'P999D'])(
    'has no timeout of %s',
    (text) => {
      expect(problemsOf({ SINK_TIMEOUT: text })).toEqual([
        expect.stringContaining('SINK_TIMEOUT: expected a duration'),
      ]);
    },
  );

  it('takes certificates as PEM alone', () => {
    expect(problemsOf({ K_CA_CERTS: 'x' })).toEqual(['K_CA_CERTS: expected certificates in PEM']);
  });
});

describe('an ISO 8601 duration', () => {
  it.each([
    ['PT0.2S', 200],
    ['PT0,2S', 200],
    ['PT1M30S', 90_000],
    ['PT2H', 7_200_000],
    ['P1D', 86_400_000],
    ['P1DT1H', 90_000_000],
    ['P2W', 1_209_600_000],
    ['PT0S', 0],
  ])('%s is %i ms', (text, ms) => {
    expect(parseIsoDurationMs(text)).toBe(ms);
  });

  it('is a number or nothing, whatever the text, and in no time', () => {
    const odd = fc.stringMatching(/^P?[0-9.,TWDHMS-]{0,80}$/);
    fc.assert(
      fc.property(fc.oneof(fc.string(), odd), (text) => {
        const ms = parseIsoDurationMs(text);
        expect(ms === undefined || (Number.isSafeInteger(ms) && ms >= 0) || ms > 2 ** 31).toBe(
          true,
        );
      }),
    );
  });
});
