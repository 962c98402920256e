/**
 * Joins what we give a container with what the user gives it; the user's counts. Server-side apply
 * takes no list in which two entries have one key, so every list here has each key once.
 */

import type { Container, ContainerPort, EnvVar, VolumeMount } from './seldon-deployment.ts';

/** @returns the container with everything of `theirs`, and of `ours` what theirs does not have */
export function mergeContainer(ours: Container, theirs: Container): Container {
  return {
    ...ours,
    ...theirs,
    env: mergeEnv(ours.env, theirs.env),
    envFrom: [...(ours.envFrom ?? []), ...(theirs.envFrom ?? [])],
    ports: mergePorts(ours.ports, theirs.ports),
    volumeMounts: mergeMounts(ours.volumeMounts, theirs.volumeMounts),
    lifecycle: { ...ours.lifecycle, ...theirs.lifecycle },
  };
}

/**
 * Ours stand first, so that theirs can name them as `$(NAME)`; of a name given twice the last
 * counts, as in a pod.
 */
export function mergeEnv(ours: readonly EnvVar[] = [], theirs: readonly EnvVar[] = []): EnvVar[] {
  const all = [...ours, ...theirs];
  const last = new Map(all.map(({ name }, index) => [name, index]));
  return all.filter(({ name }, index) => last.get(name) === index);
}

export function mergePorts(
  ours: readonly ContainerPort[] = [],
  theirs: readonly ContainerPort[] = [],
): ContainerPort[] {
  const isTaken = (port: ContainerPort) =>
    theirs.some((other) => isSamePort(other, port) || isSameName(other, port));
  return [...theirs, ...ours.filter((port) => !isTaken(port))];
}

const isSamePort = (one: ContainerPort, other: ContainerPort): boolean =>
  one.containerPort === other.containerPort &&
  (one.protocol ?? 'TCP') === (other.protocol ?? 'TCP');

const isSameName = (one: ContainerPort, other: ContainerPort): boolean =>
  one.name !== undefined && one.name === other.name;

function mergeMounts(
  ours: readonly VolumeMount[] = [],
  theirs: readonly VolumeMount[] = [],
): VolumeMount[] {
  const isTaken = ({ mountPath }: VolumeMount) =>
    theirs.some((other) => other.mountPath === mountPath);
  return [...theirs, ...ours.filter((mount) => !isTaken(mount))];
}

/** Leaves out what is empty, so that a container that got nothing looks as it did. */
export function withoutEmpty(container: Container): Container {
  const isEmpty = (value: unknown) =>
    typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  const kept = Object.entries(container).filter(([, value]) => !isEmpty(value));
  return { name: container.name, ...Object.fromEntries(kept) };
}
