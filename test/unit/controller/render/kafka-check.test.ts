import { describe, expect, it } from 'vitest';
import { parseAdapterConfig } from '../../../../src/config/adapter.ts';
import { adapterSettings } from '../../../../src/config/adapter-settings.ts';
import { checkKafka } from '../../../../src/controller/render/kafka-check.ts';
import type {
  Predictor,
  SeldonDeployment,
} from '../../../../src/controller/render/seldon-deployment.ts';
import { type Env, predictor, sdepOf, secret, topics } from './kafka-sdep.ts';

const reasons = (sdep: SeldonDeployment) => {
  const { problems, warnings } = checkKafka(sdep);
  return {
    problems: problems.map(({ reason }) => reason),
    warnings: warnings.map(({ reason }) => reason),
  };
};
const problemsOf = (env: Env, parts: Partial<Predictor> = {}): string =>
  checkKafka(sdepOf([predictor(env, parts)]))
    .problems.map(({ reason, message }) => `${reason} ${message}`)
    .join('\n');
const clean = { problems: [], warnings: [] };

describe('one predictor', () => {
  it('of serverType kafka without its three variables is told each of them, and where', () => {
    const { problems } = checkKafka(sdepOf([predictor(topics), predictor({}, { name: 'canary' })]));
    expect(problems.map(({ reason }) => reason)).toEqual(Array(3).fill('KafkaSettingMissing'));
    expect(problems[0]?.message).toBe(
      'spec.predictors[1].svcOrchSpec.env: predictor "canary" has no KAFKA_BROKER, and serverType kafka needs it; set it',
    );
    expect(problems.map(({ message }) => message).join()).toMatch(/INPUT_TOPIC.*OUTPUT_TOPIC/s);
  });

  it('of another serverType may have no Kafka, or all of it', () => {
    const rpc = { serverType: 'rpc' };
    expect(reasons(sdepOf([predictor({})], rpc))).toEqual(clean);
    expect(reasons(sdepOf([predictor(topics)], rpc))).toEqual(clean);
    const half = reasons(sdepOf([predictor({ KAFKA_BROKER: 'kafka:9092' })], rpc));
    expect(half.problems).toEqual(['KafkaSettingMissing', 'KafkaSettingMissing']);
  });

  it('with everything by reference is taken on trust', () => {
    const from = (key: string) => secret('kafka', key);
    const env = {
      KAFKA_BROKER: from('servers'),
      KAFKA_INPUT_TOPIC: from('in'),
      KAFKA_OUTPUT_TOPIC: from('out'),
      KAFKA_SECURITY_PROTOCOL: from('protocol'),
    };
    expect(reasons(sdepOf([predictor(env)]))).toEqual(clean);
  });

  const settable = new Set<string>(Object.values(adapterSettings).map(({ env }) => env));
  it.each([
    ['KAFKA_BROKER', 'kafka'],
    ['KAFKA_BROKER', 'kafka:9092,https://b:1'],
    ['KAFKA_INPUT_TOPIC', 'a b'],
    ['KAFKA_OUTPUT_TOPIC', 'x'.repeat(250)],
    ['KAFKA_ERROR_TOPIC', 'ä'],
    ['KAFKA_WORKERS', '0'],
    ['KAFKA_WORKERS', '10001'],
    ['KAFKA_WORKERS', '1.5'],
    ['KAFKA_OFFSET_RESET', 'none'],
    ['KAFKA_TRAFFIC_SHARE', '70'],
    ['KAFKA_SECURITY_PROTOCOL', 'tls'],
    ['KAFKA_SASL_MECHANISM', 'GSSAPI'],
    ['KAFKA_NUM_PARTITIONS', 'many'],
  ])('with %s %j is refused, as its adapter would', (name, value) => {
    const env = { ...topics, [name]: value };
    expect(problemsOf(env)).toMatch(
      new RegExp(
        `KafkaSettingInvalid spec.predictors\\[0\\].svcOrchSpec.env\\[\\d\\].value: ${name} `,
      ),
    );
    if (!settable.has(name)) return;
    const least = { SELDON_DEPLOYMENT_ID: 'iris', PREDICTOR_URL: 'http://m:9000' };
    expect(parseAdapterConfig([], { ...least, ...env }).ok).toBe(false);
  });

  it.each([
    [{ ...topics, KAFKA_OUTPUT_TOPIC: 'in' }, /KAFKA_INPUT_TOPIC and KAFKA_OUTPUT_TOPIC/],
    [{ ...topics, KAFKA_INPUT_TOPIC: 'out.errors' }, /KAFKA_INPUT_TOPIC and KAFKA_ERROR_TOPIC/],
    [{ ...topics, KAFKA_ERROR_TOPIC: 'out' }, /KAFKA_OUTPUT_TOPIC and KAFKA_ERROR_TOPIC/],
    [
      { ...topics, KAFKA_INPUT_TOPIC: secret('k', 't'), KAFKA_OUTPUT_TOPIC: secret('k', 't') },
      /KAFKA_INPUT_TOPIC and KAFKA_OUTPUT_TOPIC/,
    ],
  ])('that would read what it writes is refused', (env, told) => {
    expect(problemsOf(env)).toMatch(/^KafkaTopicLoop/);
    expect(problemsOf(env)).toMatch(told);
  });

  it('may name a shadow topic after its input', () => {
    const env = { ...topics, KAFKA_OUTPUT_TOPIC: 'in' };
    expect(problemsOf(env, { shadow: true })).toBe('');
    const long = { ...topics, KAFKA_OUTPUT_TOPIC: 'x'.repeat(245) };
    expect(problemsOf(long, { shadow: true })).toMatch(/longer than Kafka's 249 characters/);
  });

  it.each([
    ['PLAIN', 'KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'],
    ['scram-sha-256', 'KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'],
    ['OAUTHBEARER', 'KAFKA_SASL_OAUTH_TOKEN_URL', 'KAFKA_SASL_OAUTH_CLIENT_SECRET'],
  ])('with SASL %s and nothing to show is told what it needs', (mechanism, first, last) => {
    const env = { ...topics, KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', KAFKA_SASL_MECHANISM: mechanism };
    expect(problemsOf(env)).toMatch(new RegExp(`${first} nor ${first}_FILE(.|\n)*${last}`));
  });

  it('with SASL and no mechanism, or half a key pair, is refused', () => {
    const sasl = { ...topics, KAFKA_SECURITY_PROTOCOL: 'sasl_plaintext' };
    expect(problemsOf(sasl)).toMatch(/no KAFKA_SASL_MECHANISM is set/);
    const half = { KAFKA_SECURITY_PROTOCOL: 'ssl', KAFKA_SSL_CLIENT_CERT_FILE: '/c' };
    expect(problemsOf({ ...topics, ...half })).toMatch(/neither KAFKA_SSL_CLIENT_KEY nor/);
    expect(problemsOf({ ...topics, KAFKA_SSL_CLIENT_CERT_FILE: '/c' })).toBe('');
  });

  it('names the Secrets and ConfigMaps that its Kafka variables are read from', () => {
    const env = {
      ...topics,
      KAFKA_SSL_CA_CERT: secret('ca', 'ca.crt'),
      KAFKA_WORKERS: { configMapKeyRef: { name: 'tuning', key: 'workers' } },
      KAFKA_SSL_CLIENT_KEY_PASS: { secretKeyRef: { name: 'user', key: 'p', optional: true } },
      UNRELATED: secret('other', 'x'),
    };
    expect(checkKafka(sdepOf([predictor(env)])).references).toEqual([
      {
        kind: 'Secret',
        name: 'ca',
        keys: ['ca.crt'],
        field: 'spec.predictors[0].svcOrchSpec.env[3].valueFrom.secretKeyRef',
      },
      {
        kind: 'ConfigMap',
        name: 'tuning',
        keys: ['workers'],
        field: 'spec.predictors[0].svcOrchSpec.env[4].valueFrom.configMapKeyRef',
      },
    ]);
  });
});

describe('several predictors', () => {
  const named = (name: string, parts: Partial<Predictor> = {}, env: Env = topics) =>
    predictor(env, { name, ...parts });

  it('on one topic without weights are warned: each would answer every record', () => {
    const { warnings, problems } = checkKafka(sdepOf([named('a'), named('b')]));
    expect(problems).toEqual([]);
    expect(warnings).toEqual([
      {
        reason: 'KafkaInputShared',
        message: expect.stringContaining('"a" and "b" read topic "in"'),
      },
    ]);
  });

  it('with weights, of other topics, of other clusters, or in the shadow are not', () => {
    const other = (env: Partial<typeof topics>) => named('b', {}, { ...topics, ...env });
    const weighted = [named('a', { traffic: 70 }), named('b', { traffic: 30 })];
    expect(reasons(sdepOf(weighted))).toEqual(clean);
    expect(reasons(sdepOf([named('a'), other({ KAFKA_INPUT_TOPIC: 'x' })]))).toEqual(clean);
    expect(reasons(sdepOf([named('a'), other({ KAFKA_BROKER: 'x:9092' })]))).toEqual(clean);
    expect(reasons(sdepOf([named('a'), named('b', { shadow: true })]))).toEqual(clean);
    expect(reasons(sdepOf([named('a', { traffic: 100 }), named('b', { traffic: 0 })]))).toEqual(
      clean,
    );
  });

  it('whose weights do not sum to 100 are told how they are taken', () => {
    const { warnings } = checkKafka(
      sdepOf([named('a', { traffic: 50 }), named('b', { traffic: 30 })]),
    );
    expect(warnings.map(({ reason }) => reason)).toEqual(['KafkaTrafficSum']);
    expect(warnings[0]?.message).toContain('sums to 80');
  });

  it('in one consumer group are refused, a shadow too: a record would reach only one', () => {
    const env = { ...topics, KAFKA_CONSUMER_GROUP: 'same' };
    const shadow = named('b', { shadow: true }, env);
    const { problems } = checkKafka(sdepOf([named('a', {}, env), shadow]));
    expect(problems.map(({ reason }) => reason)).toEqual(['KafkaGroupShared']);
    expect(problems[0]?.message).toContain('"a" and "b"');
  });

  it('with shares set by hand are warned unless those make a whole', () => {
    const share = (name: string, text: string) =>
      named(name, {}, { ...topics, KAFKA_TRAFFIC_SHARE: text });
    expect(reasons(sdepOf([share('a', '30-100'), share('b', '0-30')]))).toEqual(clean);
    for (const text of ['0-60', '40-100', '0-100']) {
      expect(reasons(sdepOf([share('a', '0-50'), share('b', text)])).warnings).toEqual([
        'KafkaTrafficShares',
      ]);
    }
    expect(reasons(sdepOf([share('a', '0-50'), named('b')])).warnings).toEqual([
      'KafkaTrafficShares',
    ]);
  });

  it('of which it cannot be told whether they read one topic are warned, and not divided', () => {
    const env = { ...topics, KAFKA_INPUT_TOPIC: secret('k', 'in') };
    const one = named('a', { traffic: 50 });
    expect(reasons(sdepOf([one, named('b', { traffic: 50 }, env)])).warnings).toEqual([
      'KafkaInputUnknown',
    ]);
    const both = [named('a', { traffic: 50 }, env), named('b', { traffic: 50 }, env)];
    expect(reasons(sdepOf(both))).toEqual(clean);
  });
});
