import { describe, expect, it } from 'vitest';
import { kafkaSettings } from '../../../../src/config/kafka.ts';
import { kafkaSettingsOf } from '../../../../src/controller/render/kafka-settings.ts';
import type { Predictor } from '../../../../src/controller/render/seldon-deployment.ts';
import { type Env, envOf, predictor, sdepOf, secret, topics } from './kafka-sdep.ts';

const settingsOf = (env: Env, parts: Partial<Predictor> = {}) => {
  const only = predictor(env, parts);
  return kafkaSettingsOf(sdepOf([only]), only);
};

describe('what an adapter will consume', () => {
  it('is nothing without brokers or an input topic, and without any variables at all', () => {
    expect(settingsOf({ KAFKA_BROKER: 'kafka:9092', KAFKA_INPUT_TOPIC: '  ' })).toBeUndefined();
    expect(settingsOf({ KAFKA_INPUT_TOPIC: 'in' })).toBeUndefined();
    const bare: Predictor = { name: 'model', graph: { name: 'm' } };
    expect(kafkaSettingsOf(sdepOf([bare]), bare)).toBeUndefined();
  });

  it('has the names and defaults that the adapter has', () => {
    expect(settingsOf(topics)).toMatchObject({
      brokers: { known: 'kafka:9092', variable: 'KAFKA_BROKER' },
      inputTopic: { known: 'in' },
      outputTopic: { known: 'out' },
      errorTopic: { known: 'out.errors' },
      group: { known: 'model.iris.ns', variable: undefined },
      offsetReset: { known: kafkaSettings.offsetReset.fallback },
      workers: { known: Number(kafkaSettings.workers.fallback) },
      securityProtocol: { known: kafkaSettings.securityProtocol.fallback },
      saslMechanism: undefined,
      credentials: [],
      partitions: undefined,
    });
  });

  it('is read without regard to case, and to spaces around', () => {
    const env = {
      ...topics,
      KAFKA_OFFSET_RESET: 'LATEST',
      KAFKA_SECURITY_PROTOCOL: ' sasl_ssl ',
      KAFKA_SASL_MECHANISM: 'scram-sha-512',
      KAFKA_WORKERS: '4',
      KAFKA_CONSUMER_GROUP: 'mine',
      KAFKA_NUM_PARTITIONS: '12',
    };
    expect(settingsOf(env)).toMatchObject({
      offsetReset: { known: 'latest' },
      securityProtocol: { known: 'SASL_SSL' },
      saslMechanism: { known: 'SCRAM-SHA-512' },
      workers: { known: 4 },
      group: { known: 'mine' },
      partitions: 12,
    });
  });

  it('does not pretend to know what stands in a Secret, nor what is not valid', () => {
    const from = secret('kafka', 'servers');
    const env = { ...topics, KAFKA_BROKER: from, KAFKA_WORKERS: 'many', KAFKA_OUTPUT_TOPIC: from };
    expect(settingsOf(env)).toMatchObject({
      brokers: { known: undefined, variable: 'KAFKA_BROKER', from },
      workers: { known: undefined, variable: 'KAFKA_WORKERS' },
      outputTopic: { known: undefined, from },
      // Named after the output topic, and so not what that key says.
      errorTopic: { known: undefined, from: undefined },
    });
  });

  it('puts in variables that stand before, as a pod does, and knows when it cannot', () => {
    const env = {
      HOST: 'kafka.ns',
      KAFKA_BROKER: '$(HOST):9092',
      KAFKA_INPUT_TOPIC: '$(KAFKA_SERVICE_NAME)',
      KAFKA_OUTPUT_TOPIC: '$$(HOST)$x',
      KAFKA_CONSUMER_GROUP: '$(LATER)',
      LATER: 'too late',
    };
    expect(settingsOf(env)).toMatchObject({
      brokers: { known: 'kafka.ns:9092' },
      inputTopic: { known: undefined },
      outputTopic: { known: '$(HOST)$x' },
      group: { known: undefined },
    });
  });

  it('is, of a name given twice, the last', () => {
    const env = [...envOf(topics), { name: 'KAFKA_INPUT_TOPIC', value: 'other' }];
    expect(settingsOf({}, { svcOrchSpec: { env } })?.inputTopic.known).toBe('other');
    const emptied = [...envOf(topics), { name: 'KAFKA_INPUT_TOPIC', value: '' }];
    expect(settingsOf({}, { svcOrchSpec: { env: emptied } })).toBeUndefined();
  });

  it('of a shadow is written where nobody takes it for an answer', () => {
    const env = { ...topics, KAFKA_ERROR_TOPIC: 'dead' };
    expect(settingsOf(topics, { shadow: true })).toMatchObject({
      inputTopic: { known: 'in' },
      outputTopic: { known: 'out.shadow' },
      errorTopic: { known: 'out.shadow.errors' },
    });
    expect(settingsOf(env, { shadow: true })?.errorTopic?.known).toBe('dead.shadow');
  });

  it('names where each credential is, value before file', () => {
    const from = secret('ca', 'ca.crt');
    const env = {
      ...topics,
      KAFKA_SSL_CA_CERT: from,
      KAFKA_SSL_CA_CERT_FILE: '/ignored',
      KAFKA_SSL_CLIENT_KEY_FILE: '/etc/kafka/user.key',
      KAFKA_SASL_PASSWORD_FILE: secret('paths', 'password'),
    };
    expect(settingsOf(env)?.credentials).toEqual([
      { role: 'ca', variable: 'KAFKA_SSL_CA_CERT', kind: 'value', path: undefined, from },
      {
        role: 'key',
        variable: 'KAFKA_SSL_CLIENT_KEY_FILE',
        kind: 'file',
        path: '/etc/kafka/user.key',
        from: undefined,
      },
      {
        role: 'password',
        variable: 'KAFKA_SASL_PASSWORD_FILE',
        kind: 'file',
        path: undefined,
        from: secret('paths', 'password'),
      },
    ]);
  });
});
