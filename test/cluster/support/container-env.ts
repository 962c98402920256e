/** The environment of a container, and its volumes as folders: what a kubelet would give it. */

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { KubeClient, KubeObject } from '../../support/kube-client.ts';
import type { Container, Pod } from './pod.ts';

export interface ContainerPlace {
  readonly admin: KubeClient;
  readonly pod: Pod;
  readonly podIP: string;
  /** Of this pod alone: the root of its volumes. */
  readonly dir: string;
}

interface Bag extends KubeObject {
  /** Base64 in a Secret. */
  readonly data?: Readonly<Record<string, string>>;
}

interface Volume {
  readonly name: string;
  readonly secret?: { readonly secretName: string; readonly items?: readonly Item[] };
  readonly configMap?: { readonly name: string; readonly items?: readonly Item[] };
  readonly downwardAPI?: {
    readonly items: readonly { readonly path: string; readonly fieldRef?: FieldRef }[];
  };
}

interface Item {
  readonly key: string;
  readonly path: string;
}

interface FieldRef {
  readonly fieldPath: string;
}

/**
 * The variables of a container. A value that begins with the path of a mounted volume leads to where
 * its files really are.
 */
export async function environmentOf(
  container: Container,
  place: ContainerPlace,
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const mounts = (container.volumeMounts ?? []).map(({ mountPath }) => mountPath);
  for (const { name, value, valueFrom } of container.env ?? []) {
    const text =
      valueFrom === undefined ? expanded(value ?? '', found) : await from(valueFrom, place);
    const mounted = mounts.some((path) => text === path || text.startsWith(`${path}/`));
    found[name] = mounted ? join(place.dir, text) : text;
  }
  return found;
}

/** `$(NAME)` of a variable that stands before it. */
const expanded = (value: string, before: Readonly<Record<string, string>>): string =>
  value.replaceAll(/\$\((\w+)\)/g, (whole, name: string) => before[name] ?? whole);

type Source = NonNullable<NonNullable<Container['env']>[number]['valueFrom']>;

async function from(source: Source, place: ContainerPlace): Promise<string> {
  const { secretKeyRef, configMapKeyRef, ['fieldRef']: fieldRef } = source;
  if (secretKeyRef !== undefined) {
    const secret = await bag('secrets', secretKeyRef.name, place);
    return Buffer.from(secret[secretKeyRef.key] ?? '', 'base64').toString('utf8');
  }
  if (configMapKeyRef !== undefined) {
    const map = await bag('configmaps', configMapKeyRef.name, place);
    return map[configMapKeyRef.key] ?? '';
  }
  return field((fieldRef as FieldRef | undefined)?.fieldPath ?? '', place);
}

async function bag(
  plural: 'secrets' | 'configmaps',
  name: string,
  { admin, pod }: ContainerPlace,
): Promise<Readonly<Record<string, string>>> {
  const path = `/api/v1/namespaces/${pod.metadata.namespace}/${plural}/${name}`;
  const { status, body } = await admin.request<Bag>('GET', path);
  if (status !== 200) throw new Error(`${plural} ${name}: ${status}`);
  return body.data ?? {};
}

function field(path: string, { pod, podIP }: ContainerPlace): string {
  const { metadata, spec } = pod;
  if (path === 'metadata.name') return metadata.name;
  if (path === 'metadata.namespace') return metadata.namespace ?? '';
  if (path === 'metadata.uid') return metadata.uid;
  if (path === 'status.podIP') return podIP;
  if (path === 'spec.serviceAccountName') return spec.serviceAccountName ?? 'default';
  if (path === 'metadata.annotations') {
    const lines = Object.entries(metadata.annotations ?? {});
    return lines.map(([name, value]) => `${name}=${JSON.stringify(value)}\n`).join('');
  }
  const [, label] = /^metadata\.labels\['(.+)'\]$/.exec(path) ?? [];
  if (label !== undefined) return metadata.labels?.[label] ?? '';
  throw new Error(`this runner does not know the field ${path}`);
}

/** Writes the files of the volumes that a container mounts. */
export async function mountVolumes(container: Container, place: ContainerPlace): Promise<void> {
  const volumes = (place.pod.spec.volumes ?? []) as readonly Volume[];
  for (const { name, mountPath } of container.volumeMounts ?? []) {
    const volume = volumes.find((one) => one.name === name);
    const files = volume === undefined ? [] : await filesOf(volume, place);
    for (const [path, content] of files) {
      const file = join(place.dir, mountPath, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
    }
  }
}

async function filesOf(
  volume: Volume,
  place: ContainerPlace,
): Promise<readonly (readonly [string, string | Buffer])[]> {
  const { secret, configMap, downwardAPI } = volume;
  if (secret !== undefined) {
    const data = await bag('secrets', secret.secretName, place);
    return chosen(data, secret.items).map(
      ([path, value]) => [path, Buffer.from(value, 'base64')] as const,
    );
  }
  if (configMap !== undefined) {
    return chosen(await bag('configmaps', configMap.name, place), configMap.items);
  }
  return (downwardAPI?.items ?? []).map(
    ({ path, fieldRef }) => [path, field(fieldRef?.fieldPath ?? '', place)] as const,
  );
}

const chosen = (
  data: Readonly<Record<string, string>>,
  items: readonly Item[] | undefined,
): readonly (readonly [string, string])[] =>
  items === undefined
    ? Object.entries(data)
    : items.map(({ key, path }) => [path, data[key] ?? ''] as const);
