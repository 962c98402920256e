/** The pods of a Deployment as KEDA sees them: where the adapter is, and which Secrets its files are. */

import type { Manifest } from './manifest.ts';
import { adapterContainer } from './names.ts';

export interface ScaledPod {
  /** A component beside the one that has the adapter has none. */
  readonly hasAdapter: boolean;
  /** @returns what a file of the adapter's container is; undefined where it cannot be told */
  readonly fileAt: (path: string) => FileSource | undefined;
}

/** One key of an object, which KEDA can read as well as the pod. */
export interface FileSource {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: string;
  readonly key: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads a rendered Deployment. What users write into pod specs is not checked yet: nothing is trusted. */
export function scaledPodOf(deployment: Manifest): ScaledPod {
  const pod = fields(fields(fields(deployment['spec'])['template'])['spec']);
  const adapter = list(pod['containers']).find(({ name }) => name === adapterContainer);
  const mounts = list(adapter?.['volumeMounts']);
  const volumes = list(pod['volumes']);
  return {
    hasAdapter: adapter !== undefined,
    fileAt: (path) => {
      const mounted = mounts
        .map((mount) => placeIn(mount, path))
        .filter((place) => place !== undefined)
        // The innermost mount hides those around it.
        .toSorted((one, other) => other.depth - one.depth)[0];
      const volume = volumes.find(({ name }) => name !== undefined && name === mounted?.volume);
      return volume && mounted && sourceOf(volume, mounted.path);
    },
  };
}

interface Place {
  readonly volume: unknown;
  /** The file's path within the volume. */
  readonly path: string;
  readonly depth: number;
}

function placeIn(mount: Fields, path: string): Place | undefined {
  const mountPath = text(mount['mountPath']).replace(/\/+$/, '');
  if (mountPath === '' || (path !== mountPath && !path.startsWith(`${mountPath}/`)))
    return undefined;
  const within = `${text(mount['subPath'])}/${path.slice(mountPath.length)}`;
  const segments = within.split('/').filter((segment) => segment !== '');
  return { volume: mount['name'], path: segments.join('/'), depth: mountPath.length };
}

function sourceOf(volume: Fields, path: string): FileSource | undefined {
  const projected = list(fields(volume['projected'])['sources']);
  const candidates = [volume, ...projected].flatMap((source): [FileSource['kind'], Fields][] => [
    ...(source['secret'] === undefined
      ? []
      : [['Secret', fields(source['secret'])] as [FileSource['kind'], Fields]]),
    ...(source['configMap'] === undefined
      ? []
      : [['ConfigMap', fields(source['configMap'])] as [FileSource['kind'], Fields]]),
  ]);
  const found = candidates.flatMap(([kind, source]) => {
    const name = text(source['secretName'] ?? source['name']);
    const key = keyAt(source, path);
    return name === '' || key === undefined ? [] : [{ kind, name, key }];
  });
  // Several projected objects may have the key, and which does is not known here.
  return found.length === 1 ? found[0] : undefined;
}

/** A volume's files are named as its keys, unless `items` names them. */
function keyAt(source: Fields, path: string): string | undefined {
  if (source['items'] === undefined) return path.includes('/') || path === '' ? undefined : path;
  const item = list(source['items']).find((each) => each['path'] === path);
  return item && text(item['key']);
}

const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {};
const list = (value: unknown): Fields[] => (Array.isArray(value) ? value.map(fields) : []);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
