import { describe, expect, it } from 'vitest';
import type { EnvVar, PodSpec } from '../../../../src/controller/render/seldon-deployment.ts';
import { predictorWith, renderResource, resourceWith, settings } from './render-case.ts';

const kafkaDefaults = {
  env: {
    KAFKA_BROKER: 'kafka.example.com:9093',
    KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
    KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
    KAFKA_SASL_USERNAME: 'seldon',
    KAFKA_SASL_PASSWORD_FILE: '/etc/kafka/sasl/password',
    KAFKA_SSL_CA_CERT_FILE: '/etc/kafka/broker/ca.crt',
    KAFKA_NUM_PARTITIONS: '4',
  },
  secrets: { 'kafka-sasl-secret': '/etc/kafka/sasl', 'kafka-broker-tls': '/etc/kafka/broker' },
};
const topics = [
  { name: 'KAFKA_INPUT_TOPIC', value: 'in' },
  { name: 'KAFKA_OUTPUT_TOPIC', value: 'out' },
];

function rendered(env: readonly EnvVar[], spec: object = { serverType: 'kafka' }, parts = {}) {
  const predictor = predictorWith({ svcOrchSpec: { env: [...topics, ...env] } }, {}, parts);
  const result = renderResource(resourceWith([predictor], spec), { ...settings, kafkaDefaults });
  const deployment = result.objects.find(({ kind }) => kind === 'Deployment');
  const pod = (deployment?.['spec'] as { template: { spec: PodSpec } } | undefined)?.template.spec;
  const adapter = pod?.containers.find(({ name }) => name === 'seldon-container-engine');
  return {
    ...result,
    env: new Map(adapter?.env?.map(({ name, value }) => [name, value])),
    mounts: adapter?.volumeMounts?.map(({ name, mountPath }) => `${name} at ${mountPath}`),
    volumes: pod?.volumes?.map(({ name }) => name),
  };
}

describe('the Kafka that SeldonDeployments share', () => {
  it('fills in what one leaves open, with the Secrets whose files are named', () => {
    const { problems, env, mounts, volumes, references } = rendered([]);
    expect(problems).toEqual([]);
    expect(Object.fromEntries(env)).toMatchObject({
      ...kafkaDefaults.env,
      KAFKA_INPUT_TOPIC: 'in',
    });
    expect(mounts).toContain('kafka-kafka-sasl-secret at /etc/kafka/sasl');
    expect(mounts).toContain('kafka-kafka-broker-tls at /etc/kafka/broker');
    expect(volumes).toEqual(
      expect.arrayContaining(['kafka-kafka-sasl-secret', 'kafka-kafka-broker-tls']),
    );
    const field = "the controller's KAFKA_DEFAULTS";
    expect(references).toEqual(
      expect.arrayContaining([
        { kind: 'Secret', name: 'kafka-sasl-secret', keys: ['password'], field },
        { kind: 'Secret', name: 'kafka-broker-tls', keys: ['ca.crt'], field },
      ]),
    );
  });

  it('is also what KEDA authenticates with', () => {
    const kedaSpec = { minReplicaCount: 1, maxReplicaCount: 4, triggers: [{ type: 'kafka' }] };
    const { objects } = rendered([], { serverType: 'kafka' }, { kedaSpec });
    const authentication = objects.find(({ kind }) => kind === 'TriggerAuthentication');
    expect(authentication?.['spec']).toMatchObject({
      secretTargetRef: expect.arrayContaining([
        { parameter: 'password', name: 'kafka-sasl-secret', key: 'password' },
        { parameter: 'ca', name: 'kafka-broker-tls', key: 'ca.crt' },
      ]),
    });
  });

  it.each([
    ['brokers', []],
    ['a certificate too', [{ name: 'KAFKA_SSL_CA_CERT', value: 'PEM' }]],
  ])('gives neither brokers nor credentials to one that names %s', (_what, more) => {
    const own = [{ name: 'KAFKA_BROKER', value: 'mine:9092' }, ...more];
    const { env, mounts } = rendered(own);
    const given = [...env].filter(([name]) => /^KAFKA_(BROKER|SECURITY|SSL|SASL)/.test(name));
    expect(given).toEqual(own.map(({ name, value }) => [name, value]));
    expect(env.get('KAFKA_NUM_PARTITIONS')).toBe('4');
    expect(mounts?.filter((mount) => mount.startsWith('kafka-'))).toEqual([]);
  });

  it('gives no brokers to one that names a security of its own: brokers are missing then', () => {
    const { problems } = rendered([{ name: 'KAFKA_SECURITY_PROTOCOL', value: 'PLAINTEXT' }]);
    expect(problems.map(({ message }) => message).join()).toContain('KAFKA_BROKER');
  });

  it('gives way, one by one, to all else that one says', () => {
    const { env } = rendered([{ name: 'KAFKA_NUM_PARTITIONS', value: '10' }]);
    expect(env.get('KAFKA_NUM_PARTITIONS')).toBe('10');
    expect(env.get('KAFKA_BROKER')).toBe('kafka.example.com:9093');
  });

  it('leaves alone what is not called by Kafka', () => {
    const resource = resourceWith([predictorWith()]);
    const plain = renderResource(resource, settings);
    expect(plain.objects.length).toBeGreaterThan(0);
    expect(renderResource(resource, { ...settings, kafkaDefaults })).toEqual(plain);
  });
});
