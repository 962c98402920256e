/** `seldon-eventing doctor` as a person runs it, against a real API server. */

import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { findFreePort } from '../../../src/demo/free-port.ts';
import { microTime } from '../../../src/kubernetes/lease.ts';
import { applyCrds } from '../../support/apply-crds.ts';
import { foreignCrds, ourCrd } from '../../support/config-dir.ts';
import { deploymentName, kafkaEnv, sdep } from '../../support/controller-sdeps.ts';
import {
  addressableRole,
  type Chain,
  callDoctor,
  healthyChain,
  isTrue,
  runDoctor,
  runningStatus,
} from '../../support/doctor-case.ts';
import { writeKubeconfig } from '../../support/kube-config.ts';
import { useKubeServer } from '../../support/kube-server.ts';

const foreign = foreignCrds
  .filter(({ name }) => name === 'knative-eventing.yaml' || name === 'keda.yaml')
  .map((it) => it.manifest);
const kube = await useKubeServer({
  controllerManager: true,
  prepare: ({ admin }) => applyCrds(admin, [ourCrd(), ...foreign]),
});

const stateOf = (checks: readonly { id: string; state: string }[], id: string) =>
  checks.filter((check) => check.id === id).map(({ state }) => state);

const kedaSpec = { minReplicaCount: 1, maxReplicaCount: 4, triggers: [{ type: 'kafka' }] };
const kafka = { serverType: 'kafka', env: kafkaEnv } as const;

/** What KEDA would say. */
const setScaledObject = ({ setStatus }: Chain, ready = true) =>
  setStatus(
    {
      apiVersion: 'keda.sh/v1alpha1',
      kind: 'ScaledObject',
      metadata: { name: deploymentName('iris') },
    },
    {
      conditions: [
        { type: 'Ready', status: ready ? 'True' : 'False', reason: 'x', message: 'told' },
        { type: 'Active', status: 'True', reason: 'x', message: '' },
      ],
    },
  );

const setPod = async ({ place, setStatus }: Chain, status: object) => {
  const path = `/api/v1/namespaces/${place.namespace}/pods`;
  const { body } = await kube.admin.request<{
    readonly items: readonly { metadata: { name: string } }[];
  }>('GET', path);
  const name = body.items[0]?.metadata.name ?? '';
  await setStatus({ apiVersion: 'v1', kind: 'Pod', metadata: { name } }, status);
};

const setSlice = async ({ place: { namespace } }: Chain, ready: boolean) => {
  const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices/iris-main`;
  const endpoints = [{ addresses: ['192.0.2.7'], conditions: { ready } }];
  expect((await kube.admin.request('PATCH', path, { endpoints })).status).toBe(200);
};

// Of a cluster with nodes, its kubelets would say otherwise than we do of pods.
describe.skipIf(!kube.restartable)('doctor', () => {
  test('finds nothing wrong with a chain that is well, and shows what it looked at', async () => {
    const chain = await healthyChain(kube);
    const { code, out, err } = await chain.run();
    expect(err).toBe('');
    expect(out).toContain('Verdict: ✓ all is well');
    expect(out).not.toMatch(/[✗?!]/);
    const { url } = (await chain.place.status('iris')).address ?? { url: '?' };
    expect(out).toContain(`status.subscriberUri: ${url}`);
    expect(code).toBe(0);
    const inOrder = ['SeldonDeployment', 'Controller', 'Trigger', 'ClusterRole', 'Address']
      .concat(['Service', 'Pods', 'Predictor'])
      .map((part) => out.indexOf(`\n${part}\n`));
    expect(inOrder).toEqual([...inOrder].sort((a, b) => a - b));
    expect(inOrder).not.toContain(-1);
  });

  test('blames the first cause, once: each link broken by itself', async () => {
    const chain = await healthyChain(kube);
    const { place, setStatus, trigger } = chain;
    const { namespace } = place;
    const resolved = (await place.status('iris')).address?.url ?? '';
    const expectCause = async (id: string, explained: readonly string[], told: RegExp) => {
      const { code, verdict } = await chain.diagnosis();
      expect(verdict.cause).toMatchObject({ id, told: expect.stringMatching(told) });
      expect(verdict.explained.map((check) => check.id)).toEqual(explained);
      expect(verdict.beside).toEqual([]);
      expect([code, verdict.exitCode]).toEqual([1, 1]);
    };
    const expectWell = async () => expect((await chain.diagnosis()).verdict.result).toBe('well');

    const role = addressableRole();
    const rolePath = await kube.admin.pathOf(role);
    await kube.admin.request('DELETE', rolePath);
    const unresolved = {
      type: 'SubscriberResolved',
      status: 'False',
      reason: 'Unable to get the Subscriber URI',
      message: 'cannot list resource "seldondeployments"',
    };
    await setStatus(trigger, {
      conditions: [{ type: 'Ready', status: 'False' }, unresolved],
      subscriberUri: null,
    });
    await expectCause('cluster-role', ['trigger'], /grants get, list, watch/);
    await kube.admin.apply(role);
    await setStatus(trigger, { conditions: [isTrue('Ready')], subscriberUri: resolved });
    await expectWell();

    await setStatus(trigger, { subscriberUri: resolved.replace('iris-main', 'iris-older') });
    await expectCause('trigger-address', [], /old address/);
    await setStatus(trigger, { subscriberUri: resolved });

    await setSlice(chain, false);
    await expectCause('endpoints', [], /no pod is ready behind/);
    await setPod(chain, {
      ...runningStatus,
      conditions: [{ type: 'Ready', status: 'False' }],
      containerStatuses: [
        runningStatus.containerStatuses[0],
        {
          ...runningStatus.containerStatuses[1],
          ready: false,
          restartCount: 3,
          state: { waiting: { reason: 'CrashLoopBackOff' } },
          lastState: { terminated: { exitCode: 2, reason: 'Error' } },
        },
      ],
    });
    await expectCause('pods', ['endpoints'], /wrong settings of the adapter/);
    await setPod(chain, runningStatus);
    await setSlice(chain, true);
    await expectWell();

    await chain.controller.stop();
    await setStatus(sdep('iris'), {
      addresses: null,
      address: { url: `http://wrong.${namespace}.svc.cluster.local/` },
    });
    const stopped = (await chain.diagnosis()).verdict;
    expect(stopped.cause).toMatchObject({ id: 'lease', told: expect.stringContaining('stopped') });
    expect(stopped.explained.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['address', 'service', 'trigger-address']),
    );
    const text = await chain.run();
    expect(text.code).toBe(1);
    expect(text.out).toMatch(/Verdict: ✗ the controller was stopped[\s\S]*It explains:/);
  });

  test('a missing Secret explains what waits for it', async () => {
    const credentials = { name: 'credentials', key: 'token' };
    const env = [{ name: 'TOKEN', valueFrom: { secretKeyRef: credentials } }];
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'credentials' } };
    const chain = await healthyChain(kube, { env }, async ({ apply }) => {
      await apply({ ...secret, stringData: { token: 'hunter2' } });
    });
    const { place } = chain;
    const { code, checks } = await chain.diagnosis();
    expect([code, stateOf(checks, 'references')]).toEqual([0, ['fine']]);
    expect(JSON.stringify(checks)).not.toContain('hunter2');
    expect(JSON.stringify(checks)).not.toContain(Buffer.from('hunter2').toString('base64'));
    await place.patch('Secret', 'credentials', { data: { token: null } });
    expect((await chain.diagnosis()).verdict.cause).toMatchObject({
      id: 'references',
      told: expect.stringContaining('no key "token"'),
    });
    await place.remove('Secret', 'credentials');
    await setSlice(chain, false);
    await setPod(chain, {
      phase: 'Pending',
      conditions: [isTrue('PodScheduled')],
      containerStatuses: runningStatus.containerStatuses.map((status) => ({
        ...status,
        ready: false,
        state: { waiting: { reason: 'CreateContainerConfigError', message: 'no secret' } },
      })),
    });
    const { verdict } = await chain.diagnosis();
    expect(verdict.cause).toMatchObject({
      id: 'references',
      told: expect.stringContaining(`there is no Secret ${place.namespace}/credentials`),
    });
    expect(verdict.explained.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['pods', 'endpoints']),
    );
    expect(verdict.beside).toEqual([]);
  });

  test('KEDA that watches another group than the adapter is in is a fault', async () => {
    const metadata = { consumerGroup: 'another' };
    const chain = await healthyChain(kube, {
      ...kafka,
      kedaSpec: { ...kedaSpec, triggers: [{ type: 'kafka', metadata }] },
    });
    await setScaledObject(chain);
    const { code, verdict } = await chain.diagnosis();
    const group = `main.iris.${chain.place.namespace}`;
    expect(verdict.cause).toMatchObject({
      id: 'scale-trigger',
      told: expect.stringContaining(group),
    });
    expect(code).toBe(1);
    await chain.place.apply(sdep('iris', { ...kafka, kedaSpec }));
    await chain.place.until(async () => {
      const { verdict: now } = await chain.diagnosis();
      expect(now).toMatchObject({ result: 'well' });
    });
    await setScaledObject(chain, false);
    expect((await chain.diagnosis()).verdict.cause).toMatchObject({ id: 'scaled-object' });
  });

  test('an address that leads elsewhere is the cause of what it leads to', async () => {
    const chain = await healthyChain(kube);
    const { place, setStatus, trigger } = chain;
    await chain.controller.stop();
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'seldon-eventing-controller' },
      spec: { holderIdentity: 'a', leaseDurationSeconds: 15, renewTime: microTime(Date.now()) },
    };
    await place.apply(lease);
    const url = `http://wrong.${place.namespace}.svc.cluster.local:8000/`;
    await setStatus(sdep('iris'), { addresses: null, address: { url } });
    await setStatus(trigger, { subscriberUri: url });
    const { code, verdict } = await chain.diagnosis();
    expect(verdict.cause).toMatchObject({ id: 'address', told: expect.stringContaining('wrong') });
    expect([code, verdict.explained.map(({ id }) => id)]).toEqual([1, ['service']]);
  });

  test('what the caller may not read is told as not looked at, never as fine', async () => {
    const chain = await healthyChain(kube);
    const { namespace } = chain.place;
    const serviceAccount = 'curious';
    const kubeconfig = await kube.kubeconfigFor({ namespace, serviceAccount });
    const nothing = await callDoctor(['iris', '-n', namespace], { KUBECONFIG: kubeconfig });
    expect([nothing.code, nothing.out]).toEqual([
      3,
      expect.stringContaining('needs get on seldondeployments.machinelearning.seldon.io'),
    ]);
    const metadata = { name: 'curious' };
    const apiGroup = 'rbac.authorization.k8s.io';
    const apiVersion = `${apiGroup}/v1`;
    await chain.place.apply({
      apiVersion,
      kind: 'Role',
      metadata,
      rules: [
        {
          apiGroups: ['machinelearning.seldon.io'],
          resources: ['seldondeployments'],
          verbs: ['get'],
        },
      ],
    });
    await chain.place.apply({
      apiVersion,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup, kind: 'Role', name: 'curious' },
      subjects: [{ kind: 'ServiceAccount', name: serviceAccount, namespace }],
    });
    const few = await chain.place.until(async () => {
      const run = await chain.diagnosis(kubeconfig);
      expect(run.verdict.result).toBe('well');
      return run;
    });
    expect(few.code).toBe(0);
    for (const id of [
      'lease',
      'knative',
      'cluster-role',
      'service',
      'deployments',
      'pods',
      'predictor',
    ]) {
      expect([id, stateOf(few.checks, id)]).toEqual([id, ['unseen']]);
    }
    expect(few.checks.find(({ id }) => id === 'pods')?.told).toContain(
      `needs list on pods in namespace ${namespace}`,
    );
    const text = await callDoctor(['iris', '-n', namespace], { KUBECONFIG: kubeconfig });
    expect(text.out).toContain('Verdict: ✓ nothing wrong in what was looked at; ');
  });

  test('a SeldonDeployment that is not there is told, and nothing else is blamed', async () => {
    const { code, out } = await callDoctor(['nowhere/nothing'], {
      KUBECONFIG: kube.kubeconfigPath(),
    });
    expect([code, out]).toEqual([
      1,
      expect.stringContaining('Verdict: ✗ there is no SeldonDeployment nowhere/nothing'),
    ]);
    expect(out.match(/✗/g)).toHaveLength(2);
  });
});

describe('doctor without a cluster', () => {
  test('wrong settings end it with 2', async () => {
    const wrong = await callDoctor(['iris'], { KUBECONFIG: '/nowhere' });
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('/nowhere')]);
    const unnamed = await callDoctor([], {});
    expect([unnamed.code, unnamed.err]).toEqual([2, expect.stringContaining('DOCTOR_SDEP')]);
  });

  test('an API server that is away ends it with 3', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'seldon-eventing-doctor-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    const kubeconfig = join(dir, 'kubeconfig');
    const server = `https://127.0.0.1:${await findFreePort()}`;
    await writeKubeconfig(kubeconfig, { name: 'away', server, skipTLSVerify: true }, 'token');
    const { code, out, err } = await runDoctor(['iris'], { KUBECONFIG: kubeconfig });
    expect([code, out]).toEqual([3, '']);
    expect(err).toContain('it could not be looked at');
    expect(err).not.toContain('token');
  });

  test('a signal before the end is no clean bill', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'seldon-eventing-doctor-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    const mute = createServer((socket) => void socket.on('error', () => undefined));
    const asked = new Promise<void>((resolve) => mute.once('connection', () => resolve()));
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void mute.close());
    const { port } = mute.address() as AddressInfo;
    const kubeconfig = join(dir, 'kubeconfig');
    const cluster = { name: 'mute', server: `http://127.0.0.1:${port}`, skipTLSVerify: true };
    await writeKubeconfig(kubeconfig, cluster, 'token');
    const run = runDoctor(['iris'], { KUBECONFIG: kubeconfig }, asked);
    expect(await run).toMatchObject({ code: 3, out: '' });
  });
});
