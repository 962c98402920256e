import { describe, expect, test } from 'vitest';
import { parseProduceConfig } from '../../../src/config/parse-produce.ts';

const topic = ['--kafka-broker', 'a:1,b:2', '--topic', 'in'];
const sink = ['--sink', 'http://127.0.0.1:8080/ns/broker'];

function valuesOf(args: readonly string[], environment: Record<string, string> = {}) {
  const parsed = parseProduceConfig(args, environment);
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return parsed.values;
}

function problemsOf(args: readonly string[], environment: Record<string, string> = {}) {
  const parsed = parseProduceConfig(args, environment);
  return parsed.ok ? [] : parsed.problems;
}

describe('the target', () => {
  test('is a topic', () => {
    expect(valuesOf(topic).target).toEqual({ kind: 'topic', brokers: ['a:1', 'b:2'], topic: 'in' });
  });

  test('is the input topic where no other is named', () => {
    const environment = { KAFKA_BROKER: 'a:1', KAFKA_INPUT_TOPIC: 'in' };
    expect(valuesOf([], environment).target).toMatchObject({ topic: 'in' });
    expect(valuesOf(['--topic', 'other'], environment).target).toMatchObject({ topic: 'other' });
  });

  test('is a sink, also where a broker is known', () => {
    expect(valuesOf(sink, { KAFKA_BROKER: 'a:1' }).target).toMatchObject({ kind: 'sink' });
  });

  test('is K_SINK where no other is named, and it is known for the one that is bound', () => {
    const environment = { K_SINK: 'http://sink/?key=1' };
    const url = new URL('http://sink/?key=1');
    expect(valuesOf([], environment).target).toEqual({ kind: 'sink', url, isBound: true });
    expect(valuesOf(sink, environment).target).toMatchObject({ isBound: false });
    expect(valuesOf(topic, environment).target).toMatchObject({ kind: 'topic' });
    expect(problemsOf(['--key', 'k'], environment)).toEqual([
      expect.stringMatching(/^PRODUCE_KEY .* K_SINK has no key/),
    ]);
    expect(valuesOf([...topic, '--key', 'k'], environment).key).toBe('k');
  });

  test.each([
    ['none', [], /nothing to send to.*PRODUCE_TOPIC.*PRODUCE_SINK.*K_SINK/],
    ['both', [...topic, ...sink], /PRODUCE_SINK and PRODUCE_TOPIC.*both/],
    ['a broker without a topic', ['--kafka-broker', 'a:1'], /PRODUCE_TOPIC is not set/],
    ['a topic without a broker', ['--topic', 'in'], /KAFKA_BROKER is not set/],
    ['a sink that is no URL', ['--sink', 'localhost:8080'], /--sink: expected an http/],
    ['a key for a sink', [...sink, '--key', 'k'], /PRODUCE_KEY/],
  ])('cannot be %s', (_what, args, problem) => {
    expect(problemsOf(args)).toEqual([expect.stringMatching(problem)]);
  });
});

describe('what is sent', () => {
  test('has the documented defaults', () => {
    const values = valuesOf(topic);
    for (const unset of ['payload', 'key', 'count']) expect(values).not.toHaveProperty(unset);
    expect(values).toMatchObject({
      rates: [1],
      form: 'binary',
      type: 'seldon.iris-deployment.default.request',
      source: 'seldon.examples.streaming.produce',
    });
  });

  test('is of the type that the deployment goes by', () => {
    const environment = { SELDON_DEPLOYMENT_ID: 'wine', SELDON_NAMESPACE: 'cellar' };
    expect(valuesOf(topic, environment).type).toBe('seldon.wine.cellar.request');
    expect(valuesOf([...topic, '--type', 'x.y'], environment).type).toBe('x.y');
  });

  test.each([
    ['a payload that is not JSON', ['--payload', '{'], /--payload: expected JSON/],
    [
      'two payloads',
      ['--payload', '1', '--payload-file', 'f'],
      /PRODUCE_PAYLOAD_FILE are both set/,
    ],
    ['a remainder of 0', ['--key', 'k{n%00}'], /--key: cannot divide by 0/],
    ['a source that is no URI', ['--source', 'a b'], /--source: expected a URI/],
    ['another form', ['--form', 'avro'], /--form: expected one of: binary, structured, raw/],
    ['no count', ['--count', '0'], /--count: expected at least 1/],
  ])('cannot have %s', (_what, args, problem) => {
    expect(problemsOf([...topic, ...args])).toEqual([expect.stringMatching(problem)]);
  });
});

describe('the rates', () => {
  test.each([
    ['10', [10]],
    ['0.5, 20,0', [0.5, 20, 0]],
    ['.25', [0.25]],
  ])('%s', (given, rates) => {
    expect(valuesOf([...topic, '--rate', given]).rates).toEqual(rates);
  });

  test.each(['fast', '-1', '1,,2', '1e3', '1000001', ','])('cannot be "%s"', (given) => {
    expect(problemsOf([...topic, `--rate=${given}`])).toEqual([
      expect.stringMatching(/--rate: expected numbers/),
    ]);
  });
});
