/**
 * A SeldonDeployment whose whole chain is well, as far as that goes without a kubelet, Knative and
 * KEDA: what these would write is written here. And `doctor`, run as a person runs it.
 *
 *     const chain = await healthyChain(kube);
 *     await chain.place.remove('Secret', 'credentials');
 *     expect(await chain.diagnosis()).toMatchObject({ code: 1 });
 */

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { doctor } from '../../src/commands/doctor.ts';
import type { Manifest } from '../../src/controller/render/manifest.ts';
import { configDir, readYaml } from './config-dir.ts';
import { type Place, placeFor, type TestController } from './controller-case.ts';
import { deploymentName, type SdepOptions, sdep } from './controller-sdeps.ts';
import type { KubeObject, TestKubeServer } from './kube-server.ts';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface DoctorRun {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** What `--output json` prints, as far as tests look at it. */
export interface DoctorJson {
  readonly verdict: {
    readonly result: string;
    readonly exitCode: number;
    readonly cause?: { readonly id: string; readonly told: string; readonly todo: string };
    readonly explained: readonly { readonly id: string }[];
    readonly beside: readonly { readonly id: string }[];
    readonly notLookedAt: number;
  };
  readonly checks: readonly {
    readonly id: string;
    readonly state: string;
    readonly told: string;
    readonly todo?: string;
  }[];
}

/**
 * Runs the built program.
 * @param interrupt when it resolves, the program is sent SIGTERM
 */
export function runDoctor(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  interrupt?: Promise<void>,
): Promise<DoctorRun> {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [main, 'doctor', ...args], {
    env: { PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (texts.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (texts.err += chunk.toString()));
  void interrupt?.then(() => child.kill('SIGTERM'));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...texts })));
}

/** Runs it within this process: a new one takes seconds where the machine is busy. */
export async function callDoctor(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<DoctorRun> {
  const out: string[] = [];
  const err: string[] = [];
  const start = await doctor.start({
    args,
    environment,
    print: (line) => out.push(line),
    complain: (line) => err.push(line),
    onLine: () => undefined,
  });
  if (start.kind === 'wrong-settings') return { code: 2, out: '', err: start.problems.join('\n') };
  const code = await start.running.done;
  return { code, out: out.join('\n'), err: err.join('\n') };
}

export interface Chain {
  readonly place: Place;
  readonly controller: TestController;
  /** As a process. */
  readonly run: (args?: readonly string[]) => Promise<DoctorRun>;
  /** The same with `--output json`, parsed. */
  readonly diagnosis: (
    kubeconfig?: string,
    environment?: Readonly<Record<string, string>>,
  ) => Promise<DoctorJson & { readonly code: number | null }>;
  /** Writes the status of an object as its own controller would. */
  readonly setStatus: (manifest: Manifest, status: object) => Promise<void>;
  readonly trigger: Manifest;
}

export const knative = 'eventing.knative.dev/v1';
export const isTrue = (type: string) => ({
  type,
  status: 'True',
  lastTransitionTime: new Date(0).toISOString(),
});

/** Lets Knative read SeldonDeployments. One for the whole cluster: its tests run one by one. */
export const addressableRole = (): Manifest => {
  const [role] = readYaml(join(configDir, 'rbac/addressable.yaml'));
  if (role === undefined) throw new Error('config/rbac/addressable.yaml is empty');
  return role;
};

/** The SeldonDeployment is `iris`; a Broker `default` and a Trigger `requests` lead to it. */
export async function healthyChain(
  kube: TestKubeServer,
  options: SdepOptions = {},
  prepare: (place: Place) => Promise<void> = async () => undefined,
): Promise<Chain> {
  const place = await placeFor(kube);
  await prepare(place);
  const { namespace } = place;
  const setStatus = async (manifest: Manifest, status: object): Promise<void> => {
    const path = await kube.admin.pathOf({
      ...manifest,
      metadata: { ...manifest.metadata, namespace },
    });
    const answer = await kube.admin.request('PATCH', `${path}/status`, { status });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  };
  await kube.admin.apply(addressableRole());
  const controller = await place.start({ LEADER_ELECTION: 'on', POD_NAMESPACE: namespace });
  await place.apply(sdep('iris', options));
  const url = await place.until(async () => {
    const { address } = await place.status('iris');
    expect(await place.get('Deployment', deploymentName('iris'))).toBeDefined();
    expect(address?.url).toBeDefined();
    return address?.url ?? '';
  });
  await startPods(kube, place, setStatus);
  const broker: Manifest = {
    apiVersion: knative,
    kind: 'Broker',
    metadata: {
      name: 'default',
      annotations: { 'eventing.knative.dev/broker.class': 'MTChannelBasedBroker' },
    },
    spec: { delivery: { deadLetterSink: { uri: 'http://graveyard.example' } } },
  };
  const trigger: Manifest = {
    apiVersion: knative,
    kind: 'Trigger',
    metadata: { name: 'requests' },
    spec: {
      broker: 'default',
      filter: { attributes: { type: `seldon.iris.${namespace}.request` } },
      subscriber: {
        ref: {
          apiVersion: 'machinelearning.seldon.io/v1',
          kind: 'SeldonDeployment',
          name: 'iris',
          namespace,
        },
      },
    },
  };
  await place.apply(broker);
  await setStatus(broker, { conditions: [isTrue('Ready')] });
  await place.apply(trigger);
  await setStatus(trigger, { conditions: [isTrue('Ready')], subscriberUri: url });
  await place.until(async () =>
    expect(await place.condition('iris', 'HttpReachable')).toMatchObject({ status: 'True' }),
  );
  const named = ['iris', '--namespace', namespace, '--controller-namespace', namespace];
  return {
    place,
    controller,
    run: (args = []) => runDoctor([...named, ...args], { KUBECONFIG: kube.kubeconfigPath() }),
    diagnosis: async (kubeconfig = kube.kubeconfigPath(), environment = {}) => {
      const { code, out, err } = await callDoctor([...named, '--output', 'json'], {
        KUBECONFIG: kubeconfig,
        ...environment,
      });
      expect(err).toBe('');
      return { code, ...(JSON.parse(out) as DoctorJson) };
    },
    setStatus,
    trigger,
  };
}

/** What the kubelet and the endpoints controller would do. */
async function startPods(
  kube: TestKubeServer,
  { namespace, until }: Place,
  setStatus: Chain['setStatus'],
): Promise<void> {
  const pods = await until(async () => {
    const path = `/api/v1/namespaces/${namespace}/pods`;
    const { body } = await kube.admin.request<{ readonly items?: readonly KubeObject[] }>(
      'GET',
      path,
    );
    expect(body.items).toHaveLength(1);
    return body.items ?? [];
  });
  for (const { metadata } of pods) {
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: metadata.name } };
    await setStatus(pod, runningStatus);
  }
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: 'iris-main',
      namespace,
      labels: { 'kubernetes.io/service-name': 'iris-main' },
    },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8000, protocol: 'TCP' }],
    endpoints: [{ addresses: ['192.0.2.7'], conditions: { ready: true } }],
  };
  const { status, body } = await kube.admin.apply(slice);
  expect(status, JSON.stringify(body)).toBeLessThan(300);
}

const running = (name: string) => ({
  name,
  ready: true,
  restartCount: 0,
  image: 'image',
  imageID: '',
  state: { running: { startedAt: new Date(0).toISOString() } },
});

export const runningStatus = {
  phase: 'Running',
  conditions: ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map(isTrue),
  containerStatuses: [running('model'), running('seldon-container-engine')],
};
