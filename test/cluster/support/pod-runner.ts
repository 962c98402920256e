/**
 * Stands in for scheduler and kubelet: pods become processes of this machine.
 *
 * 1. Every pod gets a loopback address of its own (127.77.0.0/16, which Linux has without being
 *    asked), so that the ports of its manifest stay as they are, in as many pods as there are.
 * 2. What its containers call localhost is that address: `localhost` in ENGINE_PREDICTOR becomes it.
 * 3. A container runs what the table of images says; init containers are left out.
 * 4. A pod that is deleted gets its preStop hooks, SIGTERM and its grace period before it goes.
 */

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type KubeClient, mergePatch } from '../../support/kube-client.ts';
import { environmentOf, mountVolumes } from './container-env.ts';
import { type RunningContainer, runContainer } from './container-process.ts';
import { type Container, nameOf, type Pod, pathOfPod, podStatus } from './pod.ts';

export interface Image {
  /** What the name of the image begins with. */
  readonly name: string;
  /** Program and arguments; without it, those of the manifest. */
  readonly command: (container: Container) => readonly string[];
  /** Added to the container's own variables, and in place of them. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether it talks to the API server, as its pod's service account. */
  readonly usesApiServer?: boolean;
}

export interface PodRunnerOptions {
  readonly admin: KubeClient;
  readonly images: readonly Image[];
  /** @returns a file for whom the service account's rights are enough */
  readonly kubeconfigFor: (namespace: string, serviceAccount: string) => Promise<string>;
  /** Gets `<namespace>_<pod>_<container>.log`; is made. */
  readonly logDir: string;
  readonly say: (line: string) => void;
}

export interface PodRunner {
  /** Ends all of them at once. */
  close(): Promise<void>;
}

interface Run {
  readonly podIP: string;
  readonly dir: string;
  pod: Pod;
  containers: readonly (readonly [Container, RunningContainer])[];
  /** What was written last, so that nothing is written again. */
  written: string;
  ending: boolean;
}

interface PodList {
  readonly items: readonly Pod[];
}

const roundMs = 250;
const nodeName = 'this-machine';

export async function startPodRunner(options: PodRunnerOptions): Promise<PodRunner> {
  const { admin, say } = options;
  const root = await mkdtemp(join(tmpdir(), 'seldon-eventing-pods-'));
  await mkdir(options.logDir, { recursive: true });
  const runs = new Map<string, Run>();
  let closed = false;
  let lastIP = 0;
  const nextIP = (): string => {
    lastIP += 1;
    return `127.77.${lastIP >> 8}.${lastIP & 0xff}`;
  };

  const begin = async (pod: Pod): Promise<void> => {
    const { uid, namespace = 'default' } = pod.metadata;
    const podIP = nextIP();
    const dir = join(root, uid);
    const run: Run = { podIP, dir, pod, containers: [], written: '', ending: false };
    runs.set(uid, run);
    const bound = await admin.request('POST', `${pathOfPod(pod)}/binding`, {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: pod.metadata.name, namespace },
      target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
    });
    // Deleted in the meantime.
    if (bound.status >= 400) return void runs.delete(uid);
    await mkdir(dir, { recursive: true });
    const started: [Container, RunningContainer][] = [];
    for (const container of pod.spec.containers) {
      started.push([container, await startContainer(container, run, options)]);
    }
    run.containers = started;
  };

  const end = async (run: Run, graceMs: number): Promise<void> => {
    run.ending = true;
    await Promise.all(run.containers.map(([, running]) => running.end(graceMs)));
    const gone = { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0 };
    const preconditions = { uid: run.pod.metadata.uid };
    await admin.request('DELETE', pathOfPod(run.pod), { ...gone, preconditions });
    runs.delete(run.pod.metadata.uid);
    await rm(run.dir, { recursive: true, force: true });
  };

  const tell = async (run: Run): Promise<void> => {
    await Promise.all(run.containers.map(([, running]) => running.probe()));
    const states = new Map(run.containers.map(([{ name }, it]) => [name, it.state()] as const));
    const status = podStatus(run.pod, run.podIP, states);
    const text = JSON.stringify(status);
    if (text === run.written || run.ending) return;
    const path = `${pathOfPod(run.pod)}/status`;
    const answer = await admin.request('PATCH', path, { status }, mergePatch);
    if (answer.status < 300) run.written = text;
  };

  const round = async (): Promise<void> => {
    const { status, body } = await admin.request<PodList>('GET', '/api/v1/pods');
    if (status !== 200) throw new Error(`they cannot be listed: ${JSON.stringify(body)}`);
    const known = new Map(body.items.map((pod) => [pod.metadata.uid, pod] as const));
    for (const [uid, pod] of known) {
      const run = runs.get(uid);
      if (run !== undefined) run.pod = pod;
      else if (pod.metadata.deletionTimestamp === undefined) {
        void begin(pod).catch((error: unknown) => say(`pod ${nameOf(pod)}: ${error}`));
      }
    }
    for (const [uid, run] of runs) {
      if (run.ending) continue;
      if (run.containers.length > 0 && isDeleted(known.get(uid))) {
        const graceMs = 1_000 * (run.pod.spec.terminationGracePeriodSeconds ?? 30);
        void end(run, graceMs).catch((error: unknown) => say(`pod ${nameOf(run.pod)}: ${error}`));
      }
    }
    await Promise.all([...runs.values()].filter((run) => run.containers.length > 0).map(tell));
  };

  const loop = async (): Promise<void> => {
    while (!closed) {
      await round().catch((error: unknown) => {
        if (!closed) say(`pods: ${error}`);
      });
      await sleep(roundMs);
    }
  };
  const looped = loop();
  return {
    close: async () => {
      closed = true;
      await looped;
      const left = [...runs.values()].flatMap(({ containers }) => containers);
      await Promise.all(left.map(([, it]) => it.end(0)));
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** Gone, or about to go. */
const isDeleted = (pod: Pod | undefined): boolean =>
  pod?.metadata.deletionTimestamp !== undefined || pod === undefined;

async function startContainer(
  container: Container,
  run: Run,
  { admin, images, kubeconfigFor, logDir }: PodRunnerOptions,
): Promise<RunningContainer> {
  const { pod, podIP, dir } = run;
  const { name, namespace = 'default' } = pod.metadata;
  const image = images.find((one) => container.image?.startsWith(one.name));
  if (image === undefined) throw new Error(`nothing is known to stand for ${container.image}`);
  const place = { admin, pod, podIP, dir };
  await mountVolumes(container, place);
  const own = await environmentOf(container, place);
  const account = pod.spec.serviceAccountName ?? 'default';
  const access = image.usesApiServer
    ? { KUBECONFIG: await kubeconfigFor(namespace, account) }
    : undefined;
  const { PATH = '' } = process.env;
  // By which every program that is run here is told its address.
  const address = { HOST: podIP, HTTP_HOST: podIP, LISTEN_HOST: podIP };
  const environment = {
    PATH,
    ...withOwnLocalhost(own, podIP),
    ...image.environment,
    ...access,
    ...address,
  };
  return runContainer({
    container,
    podIP,
    command: image.command(container),
    environment,
    logFile: join(logDir, `${namespace}_${name}_${container.name}.log`),
  });
}

function withOwnLocalhost(
  environment: Readonly<Record<string, string>>,
  podIP: string,
): Readonly<Record<string, string>> {
  const { ENGINE_PREDICTOR: graph } = environment;
  if (graph === undefined) return environment;
  const text = Buffer.from(graph, 'base64').toString('utf8');
  const own = text.replaceAll('"service_host":"localhost"', `"service_host":"${podIP}"`);
  return { ...environment, ENGINE_PREDICTOR: Buffer.from(own).toString('base64') };
}
