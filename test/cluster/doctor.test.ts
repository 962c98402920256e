/** `doctor` on SeldonDeployments that run on Knative's and KEDA's own programs. */

import { join } from 'node:path';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import type { Manifest } from '../../src/controller/render/manifest.ts';
import { configDir } from '../support/config-dir.ts';
import { callDoctor, type DoctorJson } from '../support/doctor-case.ts';
import { useCluster } from './support/in-cluster.ts';
import { movedTo, setUpWalkThrough } from './support/moved.ts';
import { until } from './support/until.ts';

const access = inject('cluster');
const cluster = useCluster(access);

const namespace = 'examined';
const named = (apiVersion: string, kind: string, name: string): Manifest => ({
  apiVersion,
  kind,
  metadata: { name, namespace },
});
const sdep = (name: string) => named('machinelearning.seldon.io/v1', 'SeldonDeployment', name);

async function diagnosis(name: string, kafka: Readonly<Record<string, string>> = {}) {
  const environment = { KUBECONFIG: cluster.kubeconfig, ...kafka };
  const args = [`${namespace}/${name}`, '--output', 'json'];
  const { code, out, err } = await callDoctor(args, environment);
  if (out === '') throw new Error(err);
  const found: DoctorJson = JSON.parse(out);
  return { ...found, code };
}

/**
 * Of a Service, as Kubernetes' own controller would write it. The API server refuses the addresses
 * that pods have here; nobody connects to this one.
 */
const endpointsOf = (service: string): Manifest => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: service, namespace, labels: { 'kubernetes.io/service-name': service } },
  addressType: 'IPv4',
  endpoints: [{ addresses: ['192.0.2.1'], conditions: { ready: true } }],
  ports: [{ name: 'http', port: 8000 }],
});

describe.skipIf(access === undefined)('doctor', () => {
  beforeAll(async () => {
    await cluster.admin.apply({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace },
    });
  });

  test('finds nothing wrong with the walk-through as it is shipped', async ({ task }) => {
    await setUpWalkThrough(cluster, namespace);
    await cluster.admin.apply(endpointsOf('iris-deployment-default'));
    const { code, verdict, checks } = await diagnosis('iris-deployment');
    expect(checks.filter(({ state }) => state === 'fault')).toEqual([]);
    expect(verdict).toMatchObject({ exitCode: 0 });
    expect(code).toBe(0);
    const fine = checks.filter(({ state }) => state === 'fine');
    expect(fine.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['trigger', 'broker', 'cluster-role', 'address', 'predictor']),
    );
    task.meta.numbers = `${fine.length} checks fine, ${verdict.notLookedAt} not looked at`;
  });

  test("names a consumer group that is not the adapter's as the first cause", async ({ task }) => {
    const brokers = cluster.brokers.join(',');
    const mistaken = (manifest: Manifest): Manifest =>
      movedTo(namespace)(
        JSON.parse(
          JSON.stringify(manifest)
            .replaceAll('my-cluster-kafka-bootstrap.default.svc.cluster.local:9092', brokers)
            .replaceAll('"event-predictions"', '"examined-predictions"')
            .replaceAll('"event"', '"examined"')
            .replace('"lagThreshold":"5"', '"lagThreshold":"5","consumerGroup":"somebody-else"')
            .replace('"replicas":1,"strategy"', '"replicas":0,"strategy"'),
        ),
      );
    await cluster.applyFile(join(configDir, 'keda/experiment.yaml'), mistaken);
    await cluster.becomes(sdep('kafka-consumer'), 'Accepted');
    const scaledObject = 'kafka-consumer-default-0-slow';
    await cluster.becomes(named('keda.sh/v1alpha1', 'ScaledObject', scaledObject), 'Ready');
    // Until then it has the one pod that every new Deployment has, which answers nobody yet.
    await until('KEDA to scale it to zero', async () => {
      const live = await cluster.get(named('apps/v1', 'Deployment', scaledObject));
      return live?.spec?.['replicas'] === 0 ? true : undefined;
    });
    const { code, verdict } = await diagnosis('kafka-consumer', { KAFKA_BROKER: brokers });
    expect(code).toBe(1);
    expect(verdict.cause).toMatchObject({
      id: 'scale-trigger',
      told: expect.stringContaining('somebody-else'),
    });
    task.meta.numbers = `first cause: ${verdict.cause?.id}`;
  });
});
