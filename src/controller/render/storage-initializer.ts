/** The init container that fetches a model's files before its server starts, as Seldon has it. */

import { mergeContainer } from './merge-container.ts';
import { withSuffix } from './names.ts';
import { claimPath, modelPath } from './pod-paths.ts';
import type { Container, GraphNode, PodSpec, VolumeMount } from './seldon-deployment.ts';

const claimScheme = 'pvc://';

/** What Seldon's operator gives it. */
const resources = {
  requests: { cpu: '100m', memory: '100Mi' },
  limits: { cpu: '1', memory: '1Gi' },
};

/**
 * Adds the init container and its volumes to a pod, and the mount to the container that reads the
 * model. One of the same name that the user has already stays as it is.
 * @param reader name of the container that reads the model
 */
export function addStorageInitializer(
  pod: PodSpec,
  node: GraphNode,
  reader: string,
  defaultImage: string,
): PodSpec {
  const { modelUri = '', envSecretRefName, storageInitializerImage } = node;
  const volume = withSuffix(reader, 'provision-location');
  const source = withSuffix(reader, 'pvc-source');
  const claim = claimOf(modelUri);
  const claimMounts: VolumeMount[] =
    claim === undefined ? [] : [{ name: source, mountPath: claimPath, readOnly: true }];
  const initializer: Container = {
    name: withSuffix(reader, 'model-initializer'),
    // An empty image or name is none.
    image: storageInitializerImage || defaultImage,
    args: [claim === undefined ? modelUri : `${claimPath}/${claim.path}`, modelPath],
    volumeMounts: [...claimMounts, { name: volume, mountPath: modelPath }],
    envFrom: envSecretRefName ? [{ secretRef: { name: envSecretRefName } }] : [],
    resources,
  };
  const readerMounts = [{ name: volume, mountPath: modelPath, readOnly: true }, ...claimMounts];
  return {
    ...pod,
    containers: pod.containers.map((container) =>
      container.name === reader
        ? mergeContainer({ name: reader, volumeMounts: readerMounts }, container)
        : container,
    ),
    initContainers: withNamed(pod.initContainers, [initializer]),
    volumes: withNamed(pod.volumes, [
      { name: volume, emptyDir: {} },
      ...(claim === undefined
        ? []
        : [{ name: source, persistentVolumeClaim: { claimName: claim.name } }]),
    ]),
  };
}

/** `pvc://<claim>/<path>`. */
export function claimOf(uri: string): { readonly name: string; readonly path: string } | undefined {
  if (!uri.startsWith(claimScheme)) return undefined;
  const [name = '', ...path] = uri.slice(claimScheme.length).split('/');
  return { name, path: path.join('/') };
}

/** Adds those whose name is not there yet. */
export function withNamed<T extends { readonly name: string }>(
  given: readonly T[] | undefined,
  more: readonly T[],
): T[] {
  const named = new Set(given?.map(({ name }) => name));
  return [...(given ?? []), ...more.filter(({ name }) => !named.has(name))];
}
