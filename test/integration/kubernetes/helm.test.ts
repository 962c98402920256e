/** The Helm chart, held to the kustomization, which is the base. */

import { describe, expect, test } from 'vitest';
import { parseKafkaDefaults } from '../../../src/config/kafka-defaults.ts';
import type { Manifest } from '../../../src/controller/render/manifest.ts';
import { configDir } from '../../support/config-dir.ts';
import { helmLint, helmTemplate } from '../../support/helm.ts';
import { buildOwn, kustomizeBuild, kustomizeMissing } from '../../support/kustomize.ts';

const missing = await kustomizeMissing();
/** Helm and kustomize may both have to be compiled first. */
const timeout = 600_000;

const keep = 'helm.sh/resource-policy';

/** Variables have no order here; kustomize's patches put theirs first. */
const inOrder = (_key: string, value: unknown): unknown =>
  Array.isArray(value) && value.every((one) => typeof one?.name === 'string')
    ? value.toSorted((a, b) => a.name.localeCompare(b.name))
    : value;

/** By kind and name; Helm makes namespaces by itself, and leaves CRDs when a release goes. */
function comparable(manifests: readonly Manifest[]): Record<string, Manifest> {
  const ordered: Manifest[] = JSON.parse(JSON.stringify(manifests, inOrder));
  const kept = ordered.filter(({ kind }) => kind !== 'Namespace');
  return Object.fromEntries(
    kept.map((manifest) => {
      const { annotations, ...metadata } = manifest.metadata as Manifest['metadata'] & {
        readonly annotations?: Readonly<Record<string, string>>;
      };
      const { [keep]: _, ...others } = annotations ?? {};
      const rest = Object.keys(others).length > 0 ? { annotations: others } : {};
      return [
        `${manifest.kind} ${metadata.name}`,
        { ...manifest, metadata: { ...metadata, ...rest } },
      ];
    }),
  );
}

const filesOf = (manifests: readonly Manifest[]): Readonly<Record<string, string>> =>
  (manifests.find(({ kind }) => kind === 'ConfigMap')?.['data'] ?? {}) as Record<string, string>;

/** What the controller makes of the file that the chart gives it. */
function kafkaOf(manifests: readonly Manifest[]) {
  const parsed = parseKafkaDefaults(filesOf(manifests)['kafka-defaults.json'] ?? '');
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return parsed.values;
}

describe.skipIf(missing)('the Helm chart', () => {
  test('is found well by Helm itself', { timeout }, async () => {
    expect(await helmLint()).toContain('0 chart(s) failed');
  });

  test('with nothing said, makes what the kustomization makes', { timeout }, async () => {
    const made = comparable(await helmTemplate());
    expect(made).toEqual(comparable(await kustomizeBuild(configDir)));
  });

  test('with its switches on, makes what the components make', { timeout }, async () => {
    const values = { serviceMonitor: { enabled: true }, triggerRefresh: { enabled: true } };
    const built = await buildOwn({
      resources: ['.'],
      components: ['components/service-monitor', 'components/trigger-refresh'],
    });
    expect(comparable(await helmTemplate(values))).toEqual(comparable(built));
  });

  test('in attached mode, makes what that overlay makes', { timeout }, async () => {
    const built = await buildOwn({ resources: ['overlays/attached'] });
    expect(comparable(await helmTemplate({ mode: 'attached' }))).toEqual(comparable(built));
  });

  test('leaves the CRD, and what users made of it, when a release goes', { timeout }, async () => {
    const crd = (await helmTemplate()).find(({ kind }) => kind === 'CustomResourceDefinition');
    expect(crd?.metadata).toMatchObject({ annotations: { [keep]: 'keep' } });
  });

  test("takes Seldon Core 2's values for SASL and the brokers' authority", {
    timeout,
  }, async () => {
    const made = await helmTemplate({
      kafka: { bootstrap: 'k:9093', topics: { numPartitions: 4, replicationFactor: 3 } },
      security: {
        kafka: {
          protocol: 'SASL_SSL',
          sasl: {
            mechanism: 'SCRAM-SHA-512',
            client: { username: 'seldon', secret: 'kafka-sasl-secret' },
          },
          ssl: { client: { secret: null, brokerValidationSecret: 'kafka-broker-tls' } },
        },
      },
    });
    const deployment = JSON.stringify(made.find(({ kind }) => kind === 'Deployment'));
    expect(deployment).toContain('"/etc/seldon-eventing/kafka-defaults.json"');
    expect(kafkaOf(made)).toEqual({
      env: {
        KAFKA_BROKER: 'k:9093',
        KAFKA_NUM_PARTITIONS: '4',
        KAFKA_REPLICATION_FACTOR: '3',
        KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
        KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
        KAFKA_SASL_USERNAME: 'seldon',
        KAFKA_SASL_PASSWORD_FILE: '/etc/kafka/sasl/password',
        KAFKA_SSL_CA_CERT_FILE: '/etc/kafka/broker/ca.crt',
      },
      secrets: { 'kafka-sasl-secret': '/etc/kafka/sasl', 'kafka-broker-tls': '/etc/kafka/broker' },
    });
  });

  test('takes them for mTLS, and for OAuth', { timeout }, async () => {
    const mutual = await helmTemplate({
      kafka: { bootstrap: 'k:9093' },
      security: {
        kafka: {
          protocol: 'SSL',
          ssl: {
            client: { secret: 'kafka-client-tls', brokerValidationSecret: 'kafka-broker-tls' },
          },
        },
      },
    });
    expect(kafkaOf(mutual)).toEqual({
      env: {
        KAFKA_BROKER: 'k:9093',
        KAFKA_SECURITY_PROTOCOL: 'SSL',
        KAFKA_SSL_CA_CERT_FILE: '/etc/kafka/broker/ca.crt',
        KAFKA_SSL_CLIENT_CERT_FILE: '/etc/kafka/client/tls.crt',
        KAFKA_SSL_CLIENT_KEY_FILE: '/etc/kafka/client/tls.key',
      },
      secrets: { 'kafka-client-tls': '/etc/kafka/client', 'kafka-broker-tls': '/etc/kafka/broker' },
    });
    const client = { secret: 'confluent-kafka-oauth' };
    const oauth = await helmTemplate({
      kafka: { bootstrap: 'k:9092' },
      security: { kafka: { protocol: 'SASL_SSL', sasl: { mechanism: 'OAUTHBEARER', client } } },
    });
    const at = '/etc/kafka/sasl';
    expect(kafkaOf(oauth)).toEqual({
      env: {
        KAFKA_BROKER: 'k:9092',
        KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
        KAFKA_SASL_MECHANISM: 'OAUTHBEARER',
        KAFKA_SASL_OAUTH_TOKEN_URL_FILE: `${at}/token_endpoint_url`,
        KAFKA_SASL_OAUTH_CLIENT_ID_FILE: `${at}/client_id`,
        KAFKA_SASL_OAUTH_CLIENT_SECRET_FILE: `${at}/client_secret`,
        KAFKA_SASL_OAUTH_SCOPE_FILE: `${at}/scope`,
        KAFKA_SASL_OAUTH_EXTENSIONS_FILE: `${at}/extensions`,
      },
      secrets: { 'confluent-kafka-oauth': at },
    });
  });

  test.each<[string, object, string]>([
    ['a mode that there is not', { mode: 'both' }, 'mode'],
    [
      'SASL without a Secret',
      { kafka: { bootstrap: 'k' }, security: { kafka: { protocol: 'SASL_SSL' } } },
      'security.kafka.sasl.client.secret',
    ],
    [
      "brokers beside Seldon's operator",
      { mode: 'attached', kafka: { bootstrap: 'k' } },
      'kafka.bootstrap is for mode managed',
    ],
  ])('refuses %s, and says so', { timeout }, async (_what, values, said) => {
    await expect(helmTemplate(values)).rejects.toThrow(said);
  });
});
