/** Two controllers as they are installed: with the shipped rights, one killed while it leads. */

import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { applyCrds } from '../../support/apply-crds.ts';
import { configDir, foreignCrds, ourCrd } from '../../support/config-dir.ts';
import { type Place, placeFor } from '../../support/controller-case.ts';
import {
  type ControllerProcess,
  startControllerProcess,
} from '../../support/controller-process.ts';
import { deploymentName, kafkaEnv, sdep } from '../../support/controller-sdeps.ts';
import { useKubeServer } from '../../support/kube-server.ts';
import { kustomizeBuild, kustomizeMissing } from '../../support/kustomize.ts';
import { placedIn } from '../../support/placed-in.ts';

const keda = foreignCrds.filter(({ name }) => name === 'keda.yaml').map((it) => it.manifest);
const kube = await useKubeServer({
  controllerManager: true,
  prepare: ({ admin }) => applyCrds(admin, [ourCrd(), ...keda]),
});
const missing = kube.missing || (await kustomizeMissing());

/** The shipped rights in a namespace of their own. @returns environment of the replicas there */
async function install(watched: string): Promise<Readonly<Record<string, string>>> {
  const namespace = await kube.createNamespace();
  const roles = (await kustomizeBuild(configDir)).filter(({ apiVersion }) =>
    apiVersion.startsWith('rbac.'),
  );
  for (const role of placedIn(namespace, roles)) {
    expect((await kube.admin.apply(role)).status).toBe(201);
  }
  const serviceAccount = 'seldon-eventing-controller';
  const KUBECONFIG = await kube.kubeconfigFor({ namespace, serviceAccount });
  return { KUBECONFIG, POD_NAMESPACE: namespace, WATCH_NAMESPACES: watched };
}

async function leaderOf(place: Place, processes: readonly ControllerProcess[]) {
  return place.until(async () => {
    const leads = await Promise.all(processes.map((it) => it.leads()));
    expect(leads.filter((it) => it)).toHaveLength(1);
    const leader = processes[leads.indexOf(true)];
    if (leader === undefined) throw new Error('nobody leads');
    return leader;
  });
}

const isMade = (place: Place, name: string) =>
  place.until(async () => {
    const applied = await place.condition(name, 'ResourcesApplied');
    expect(applied?.status, JSON.stringify(applied)).toBe('True');
    expect(await place.get('Deployment', deploymentName(name))).toBeDefined();
  });

describe.skipIf(missing)('two replicas with the shipped rights', () => {
  // Compiles kustomize, so that no test waits for it.
  beforeAll(async () => void (await kustomizeBuild(configDir)), 600_000);

  test('make all there is to make, and are refused nothing', async () => {
    const place = await placeFor(kube);
    const environment = await install(place.namespace);
    const one = await startControllerProcess({ ...environment, POD_NAME: 'one' });
    const secretKeyRef = { name: 'kafka', key: 'password' };
    const env = [
      ...kafkaEnv,
      { name: 'KAFKA_SECURITY_PROTOCOL', value: 'SASL_PLAINTEXT' },
      { name: 'KAFKA_SASL_MECHANISM', value: 'PLAIN' },
      { name: 'KAFKA_SASL_USERNAME', value: 'user' },
      { name: 'KAFKA_SASL_PASSWORD', valueFrom: { secretKeyRef } },
    ];
    const metadata = { name: 'kafka' };
    await place.apply({ apiVersion: 'v1', kind: 'Secret', metadata, data: { password: 'cA==' } });
    const kedaSpec = { maxReplicaCount: 3, triggers: [{ type: 'kafka' }] };
    await place.apply(sdep('kafka', { serverType: 'kafka', env, kedaSpec }));
    const hpaSpec = { minReplicas: 1, maxReplicas: 2, metricsv2: [] };
    await place.apply(sdep('http', { predictors: ['a', 'b'], hpaSpec }));
    await isMade(place, 'kafka');
    await place.until(async () => {
      expect(await place.list('ScaledObject')).toHaveLength(1);
      expect(await place.list('TriggerAuthentication')).toHaveLength(1);
      expect(await place.list('HorizontalPodAutoscaler')).toHaveLength(2);
      expect(await place.list('Deployment')).toHaveLength(3);
      const events = await place.list('Event');
      expect(events.map((event) => event['reportingInstance'])).not.toEqual([]);
    });
    await place.apply(sdep('http', { predictors: ['a'] }));
    await place.until(async () => expect(await place.list('Deployment')).toHaveLength(2));
    expect(one.output()).not.toMatch(/forbidden|"level":"error"/i);
    expect(await one.kill('SIGTERM')).toBe(0);
  });

  test('one acts; when it is killed the other goes on, and nothing is written twice', async () => {
    const place = await placeFor(kube);
    const environment = await install(place.namespace);
    const processes = await Promise.all(
      ['one', 'two'].map((name) => startControllerProcess({ ...environment, POD_NAME: name })),
    );
    const first = await leaderOf(place, processes);
    await place.apply(sdep('before'));
    await isMade(place, 'before');
    const versions = await place.versions(['Deployment', 'Service']);
    await first.kill('SIGKILL');
    await place.apply(sdep('during'));
    await isMade(place, 'during');
    const second = await leaderOf(place, processes);
    expect(second).not.toBe(first);
    expect(await place.versions(['Deployment', 'Service'])).toMatchObject(
      Object.fromEntries(Object.entries(versions).filter(([key]) => key.startsWith('Service/'))),
    );
  });

  test('a replica that is asked to stop gives its leadership back', async () => {
    const place = await placeFor(kube);
    // Nobody would wait for such a lease to end.
    const slow = { LEASE_DURATION_MS: '600000', LEASE_RENEW_DEADLINE_MS: '500000' };
    const environment = { ...(await install(place.namespace)), ...slow };
    const processes = await Promise.all(
      ['one', 'two'].map((name) => startControllerProcess({ ...environment, POD_NAME: name })),
    );
    const first = await leaderOf(place, processes);
    expect(await first.kill('SIGTERM')).toBe(0);
    expect(await leaderOf(place, processes)).not.toBe(first);
    await place.apply(sdep('after'));
    await isMade(place, 'after');
  });

  test('without the right to make Deployments the address is there all the same, and the right is named', async () => {
    const place = await placeFor(kube);
    const environment = await install(place.namespace);
    const role = `/apis/rbac.authorization.k8s.io/v1/clusterroles/seldon-eventing-controller-${environment['POD_NAMESPACE']}`;
    const { body } = await kube.admin.request<{ rules: { resources: string[] }[] }>('GET', role);
    const rules = body.rules.map((rule) =>
      rule.resources.includes('deployments') ? { ...rule, verbs: ['get', 'list', 'watch'] } : rule,
    );
    expect((await kube.admin.request('PATCH', role, { rules })).status).toBe(200);
    await startControllerProcess(environment);
    await place.apply(sdep('addressed'));
    await place.until(async () => {
      const status = await place.status('addressed');
      expect(status.address?.url).toContain('addressed-main');
      const applied = await place.condition('addressed', 'ResourcesApplied');
      expect(applied).toMatchObject({ status: 'False', reason: 'Forbidden' });
      expect(applied?.message).toContain('Deployment');
    });
  });

  test('probes and metrics answer on both replicas', async () => {
    const place = await placeFor(kube);
    const environment = await install(place.namespace);
    const replica = await startControllerProcess(environment);
    onTestFinished(async () => void (await replica.kill('SIGKILL')));
    await place.until(async () => {
      const ready = await fetch(`${replica.url}/readyz`);
      expect([ready.status, await ready.json()]).toEqual([
        200,
        { ok: true, parts: expect.objectContaining({ SeldonDeployment: 'synced' }) },
      ]);
    });
    expect((await fetch(`${replica.url}/livez`)).status).toBe(200);
    const text = await (await fetch(`${replica.url}/metrics`)).text();
    for (const name of ['leader', 'queue_depth', 'watch_events_total', 'reconcile_seconds']) {
      expect(text).toContain(`seldon_eventing_controller_${name}`);
    }
  });
});
