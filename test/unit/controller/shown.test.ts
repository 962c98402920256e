import { describe, expect, it } from 'vitest';
import { hashAnnotation } from '../../../src/controller/applied.ts';
import { shown } from '../../../src/controller/shown.ts';

const metadata = { name: 'it', namespace: 'n' };
const deployment = (env: readonly object[]) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata,
  spec: { template: { spec: { containers: [{ name: 'c', env }] } } },
});

describe('what a person is shown', () => {
  it('is without what only the API server cares for', () => {
    const object = {
      ...deployment([]),
      metadata: {
        ...metadata,
        uid: 'u',
        resourceVersion: '1',
        generation: 1,
        managedFields: [],
        creationTimestamp: 't',
        annotations: { [hashAnnotation]: 'x' },
        labels: { a: 'b' },
      },
      status: { replicas: 1 },
    };
    expect(shown(object)).toEqual({
      ...deployment([]),
      metadata: { ...metadata, labels: { a: 'b' } },
    });
  });

  it.each([
    'KAFKA_SASL_PASSWORD',
    'KAFKA_SASL_OAUTH_CLIENT_SECRET',
    'KAFKA_SSL_CLIENT_KEY',
    'KAFKA_SSL_CLIENT_KEY_PASS',
    'AWS_SESSION_TOKEN',
    'ENGINE_PREDICTOR',
  ])('holds no value of %s, but tells that it changes', (name) => {
    const one = JSON.stringify(shown(deployment([{ name, value: 'hunter2' }])));
    const other = JSON.stringify(shown(deployment([{ name, value: 'hunter3' }])));
    expect(one).not.toContain('hunter');
    expect(one).not.toBe(other);
  });

  it('holds ordinary values, names of files, and where secrets come from', () => {
    const env = [
      { name: 'KAFKA_BROKER', value: 'kafka:9092' },
      { name: 'KAFKA_SASL_PASSWORD_FILE', value: '/etc/kafka/password' },
      {
        name: 'KAFKA_SASL_PASSWORD',
        valueFrom: { secretKeyRef: { name: 'kafka', key: 'password' } },
      },
    ];
    expect(shown(deployment(env))).toEqual(deployment(env));
  });

  it('holds nothing of a Secret but its keys', () => {
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata,
      data: { password: 'aHVudGVyMg==' },
      stringData: { other: 'hunter2' },
    };
    const text = JSON.stringify(shown(secret));
    expect(text).not.toMatch(/hunter2|aHVudGVyMg/);
    expect(text).toContain('"password"');
  });
});
