/** The pods of a predictor: its containers completed, what they mount, and how they end. */

import { createAdapterContainer } from './adapter-container.ts';
import type { DrainSeconds } from './drain.ts';
import { serverOf } from './graph-nodes.ts';
import { withKafkaSecrets } from './kafka-defaults.ts';
import { mergeContainer, withoutEmpty } from './merge-container.ts';
import { completeModelContainer, stopLater } from './model-container.ts';
import { adapterContainer } from './names.ts';
import type { PlannedComponent, PlannedContainer, PlannedPredictor } from './plan.ts';
import { podInfoVolume } from './pod-paths.ts';
import { prepackagedServer } from './prepackaged-server.ts';
import type { Container, GraphNode, PodSpec, Volume } from './seldon-deployment.ts';
import { withCertificate } from './server-tls.ts';
import { addStorageInitializer, withNamed } from './storage-initializer.ts';

/** A container of a graph node and, where its server needs one, the container beside it. */
interface Served {
  readonly container: Container;
  readonly beside?: Container | undefined;
  readonly node?: GraphNode;
  /** The container that reads the model's files; none where nothing is fetched. */
  readonly reader?: string;
}

/**
 * The container that each name of a predictor stands for, before ports and the like are added.
 * A user's container lies over that of a prepackaged server.
 */
function serve({ container, node: planned }: PlannedContainer, plan: PlannedPredictor): Served {
  if (planned === undefined) return { container };
  const { node, ports } = planned;
  const implementation = serverOf(node);
  if (implementation === undefined) return { container, node };
  const { servers } = plan.settings;
  const server = prepackagedServer(node, implementation, ports, plan.protocol, servers);
  const { beside, reader } = server;
  return { container: mergeContainer(server.container, container), beside, node, reader };
}

/** What each container of a predictor runs, by its name. */
export function imagesOf(plan: PlannedPredictor): Map<string, string> {
  const containers = plan.components.flatMap((component) => component.containers);
  return new Map(
    containers
      .map((planned) => serve(planned, plan).container)
      .flatMap(({ name, image }) => (image === undefined ? [] : [[name, image] as const])),
  );
}

/** @param drain how long the adapter of the predictor may take to end */
export function createPod(
  plan: PlannedPredictor,
  component: PlannedComponent,
  images: ReadonlyMap<string, string>,
  drain: DrainSeconds,
): PodSpec {
  const stopDelaySeconds = drain.modelDelay;
  const served = component.containers.map((planned) => ({ planned, ...serve(planned, plan) }));
  const containers = served.map(({ planned: { node }, container }) =>
    node === undefined
      ? mergeContainer({ name: container.name }, container)
      : completeModelContainer(container, { plan, ...node, stopDelaySeconds }),
  );
  const { spec } = component.component;
  const readsAnnotations = component.hasAdapter || served.some(({ node }) => node);
  const pod: PodSpec = {
    ...spec,
    containers: withBeside(containers, served, stopDelaySeconds),
    volumes: withNamed(spec.volumes, readsAnnotations ? [podInfo] : []),
    ...serviceAccount(served),
    terminationGracePeriodSeconds: Math.max(
      spec.terminationGracePeriodSeconds ?? 0,
      drain.gracePeriod,
    ),
  };
  const image = plan.settings.servers.storageInitializer;
  const withModels = served.reduce(
    (before, { node, reader }) =>
      node === undefined || reader === undefined
        ? before
        : addStorageInitializer(before, node, reader, image),
    pod,
  );
  if (!component.hasAdapter) return tidied(withModels);
  const whole = withCertificate(withAdapter(withModels, plan, images), plan.predictor);
  return tidied(withKafkaSecrets(whole, plan.predictor, plan.settings.kafkaDefaults));
}

/** Servers beside a node's container; a user's of the same name lies over it. */
function withBeside(
  containers: readonly Container[],
  served: readonly Served[],
  stopDelaySeconds: number,
): Container[] {
  const beside = served.flatMap((one) => one.beside ?? []);
  const stopping = { lifecycle: { preStop: stopLater(stopDelaySeconds) } };
  const ours = new Map(beside.map((one) => [one.name, { ...one, ...stopping }]));
  const merged = containers.map((container) =>
    mergeContainer(ours.get(container.name) ?? { name: container.name }, container),
  );
  return withNamed(merged, [...ours.values()]);
}

function withAdapter(
  pod: PodSpec,
  plan: PlannedPredictor,
  images: ReadonlyMap<string, string>,
): PodSpec {
  const given = pod.containers.find(({ name }) => name === adapterContainer);
  const others = pod.containers.filter(({ name }) => name !== adapterContainer);
  return { ...pod, containers: [...others, createAdapterContainer(plan, images, given)] };
}

/** The account that a node's server reads its model with. */
function serviceAccount(served: readonly Served[]): Partial<PodSpec> {
  const named = served.find(({ node, reader }) => reader !== undefined && node?.serviceAccountName);
  const serviceAccountName = named?.node?.serviceAccountName;
  return serviceAccountName ? { serviceAccountName } : {};
}

/** The pod's annotations as a file. */
const podInfo: Volume = {
  name: podInfoVolume,
  downwardAPI: {
    items: [{ path: 'annotations', fieldRef: { fieldPath: 'metadata.annotations' } }],
  },
};

/** Without empty lists, and with every variable of every container once. */
function tidied(pod: PodSpec): PodSpec {
  const { initContainers, volumes, ...others } = pod;
  const once = (container: Container) =>
    withoutEmpty(mergeContainer({ name: container.name }, container));
  return {
    ...others,
    containers: pod.containers.map(once),
    ...(initContainers?.length ? { initContainers: initContainers.map(once) } : {}),
    ...(volumes?.length ? { volumes } : {}),
  };
}
