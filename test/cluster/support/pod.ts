/** Pods as the API server has them, as far as the runner reads them. */

import type { Container, PodSpec } from '../../../src/controller/render/seldon-deployment.ts';
import type { KubeObject } from '../../support/kube-client.ts';

export type { Container };

export interface Pod extends KubeObject {
  readonly spec: PodSpec & { readonly nodeName?: string };
  readonly status?: { readonly phase?: string; readonly podIP?: string };
}

/** Such as `default/iris-0-abc`, which is also how log files begin. */
export const nameOf = ({ metadata }: KubeObject): string =>
  `${metadata.namespace ?? 'default'}/${metadata.name}`;

/** The API server's path of a pod. */
export const pathOfPod = ({ metadata }: KubeObject): string =>
  `/api/v1/namespaces/${metadata.namespace ?? 'default'}/pods/${metadata.name}`;

export function containerStatus(container: Container, state: ContainerState): object {
  const { ready, restarts, startedAt } = state;
  return {
    name: container.name,
    image: container.image ?? '',
    imageID: '',
    ready,
    started: ready,
    restartCount: restarts,
    state: { running: { startedAt } },
  };
}

export interface ContainerState {
  readonly ready: boolean;
  readonly restarts: number;
  readonly startedAt: string;
}

/** The status of a pod whose containers have been started. */
export function podStatus(
  pod: Pod,
  podIP: string,
  states: ReadonlyMap<string, ContainerState>,
): object {
  const { containers } = pod.spec;
  const ready = containers.every(({ name }) => states.get(name)?.ready);
  const none = { ready: false, restarts: 0, startedAt: new Date().toISOString() };
  const condition = (type: string, holds: boolean) => ({ type, status: holds ? 'True' : 'False' });
  return {
    phase: 'Running',
    podIP,
    podIPs: [{ ip: podIP }],
    conditions: [
      condition('PodScheduled', true),
      condition('Initialized', true),
      condition('ContainersReady', ready),
      condition('Ready', ready),
    ],
    containerStatuses: containers.map((container) =>
      containerStatus(container, states.get(container.name) ?? none),
    ),
  };
}
