/**
 * The controller within the test's process, looking after one namespace of the test's own.
 *
 *     const place = await placeFor(kube);
 *     await place.start();
 *     await place.apply(sdep('iris'));
 *     await place.until('Deployment', 'iris-main-0-model', (it) => it !== undefined);
 */

import { expect, onTestFinished, vi } from 'vitest';
import { openClient } from '../../src/commands/open-client.ts';
import { readRendering } from '../../src/commands/rendering.ts';
import { startController } from '../../src/commands/start-controller.ts';
import { parseControllerConfig } from '../../src/config/controller.ts';
import type { Manifest } from '../../src/controller/render/manifest.ts';
import type { Log } from '../../src/delivery/ports.ts';
import type { KubeObject, TestKubeServer } from './kube-server.ts';

/** Kinds by where they are. */
const roots: Readonly<Record<string, string>> = {
  SeldonDeployment: 'apis/machinelearning.seldon.io/v1/seldondeployments',
  Deployment: 'apis/apps/v1/deployments',
  Service: 'api/v1/services',
  HorizontalPodAutoscaler: 'apis/autoscaling/v2/horizontalpodautoscalers',
  ScaledObject: 'apis/keda.sh/v1alpha1/scaledobjects',
  TriggerAuthentication: 'apis/keda.sh/v1alpha1/triggerauthentications',
  Trigger: 'apis/eventing.knative.dev/v1/triggers',
  Event: 'apis/events.k8s.io/v1/events',
  Secret: 'api/v1/secrets',
};

/** @returns the path of a namespace's objects of a kind, without a slash at its end */
export function pathOfKind(kind: string, namespace: string): string {
  const [, group = '', plural = ''] = /^(.*)\/([^/]+)$/.exec(roots[kind] ?? '') ?? [];
  return `/${group}/namespaces/${namespace}/${plural}`;
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration: number;
}

export interface SdepStatus {
  readonly address?: { readonly url: string };
  readonly addressable?: { readonly url: string };
  readonly addresses?: readonly { readonly name: string; readonly url: string }[];
  readonly conditions?: readonly Condition[];
  readonly observedGeneration?: number;
  readonly state?: string;
  readonly description?: string;
  readonly replicas?: number;
  readonly selector?: string;
  readonly deploymentStatus?: Readonly<Record<string, unknown>>;
}

export interface TestController {
  readonly url: string;
  readonly stop: () => Promise<void>;
  /** What was logged at `warn` and above, as text. */
  readonly complaints: () => readonly string[];
}

export interface Place {
  readonly namespace: string;
  /** Stopped at the end of the test. */
  readonly start: (environment?: Readonly<Record<string, string>>) => Promise<TestController>;
  /** Applies in this namespace as `test`; throws where it is refused. */
  readonly apply: (manifest: Manifest) => Promise<KubeObject>;
  readonly patch: (kind: string, name: string, patch: object) => Promise<KubeObject>;
  readonly remove: (kind: string, name: string) => Promise<void>;
  readonly get: (kind: string, name: string) => Promise<KubeObject | undefined>;
  readonly list: (kind: string) => Promise<readonly KubeObject[]>;
  /** Polls until `assertion` no longer throws. @returns what it returned */
  readonly until: <T>(assertion: () => Promise<T>) => Promise<T>;
  readonly status: (name: string) => Promise<SdepStatus>;
  readonly condition: (name: string, type: string) => Promise<Condition | undefined>;
  /** kind/name → resourceVersion of everything of ours in this namespace. */
  readonly versions: (kinds?: readonly string[]) => Promise<Readonly<Record<string, string>>>;
}

/** Longer than anything takes on a busy machine. */
const patienceMs = 150_000;
const managedKinds = ['SeldonDeployment', 'Deployment', 'Service', 'HorizontalPodAutoscaler'];

export async function placeFor(kube: TestKubeServer): Promise<Place> {
  const namespace = await kube.createNamespace();
  const { admin } = kube;
  const pathOf = (kind: string, name: string) => `${pathOfKind(kind, namespace)}/${name}`;
  const checked = (answer: { status: number; body: KubeObject }): KubeObject => {
    expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
    return answer.body;
  };
  const place: Place = {
    namespace,
    start: (environment = {}) => startTestController(kube, namespace, environment),
    apply: async (manifest) =>
      checked(await admin.apply({ ...manifest, metadata: { ...manifest.metadata, namespace } })),
    patch: async (kind, name, patch) =>
      checked(await admin.request('PATCH', pathOf(kind, name), patch)),
    remove: async (kind, name) => void checked(await admin.request('DELETE', pathOf(kind, name))),
    get: async (kind, name) => {
      const { status, body } = await admin.request('GET', pathOf(kind, name));
      return status === 404 ? undefined : checked({ status, body });
    },
    list: async (kind) => {
      const { body } = await admin.request<{ readonly items?: readonly KubeObject[] }>(
        'GET',
        pathOfKind(kind, namespace),
      );
      return body.items ?? [];
    },
    until: (assertion) => vi.waitFor(assertion, { timeout: patienceMs, interval: 50 }),
    status: async (name) =>
      ((await place.get('SeldonDeployment', name))?.['status'] ?? {}) as SdepStatus,
    condition: async (name, type) =>
      (await place.status(name)).conditions?.find((condition) => condition.type === type),
    versions: async (kinds = managedKinds) => {
      const lists = await Promise.all(
        kinds.map(async (kind) =>
          (await place.list(kind)).map(
            ({ metadata }) => [`${kind}/${metadata.name}`, metadata.resourceVersion] as const,
          ),
        ),
      );
      return Object.fromEntries(lists.flat());
    },
  };
  return place;
}

async function startTestController(
  kube: TestKubeServer,
  namespace: string,
  environment: Readonly<Record<string, string>>,
): Promise<TestController> {
  const parsed = parseControllerConfig([], {
    KUBECONFIG: kube.kubeconfigPath(),
    WATCH_NAMESPACES: namespace,
    LEADER_ELECTION: 'off',
    HTTP_HOST: '127.0.0.1',
    HTTP_PORT: '0',
    ...environment,
  });
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  const complaints: string[] = [];
  const complain = (fields: object, message: string): void => {
    const { err } = fields as { readonly err?: Error };
    // The API server says so of kinds whose CRD is seconds old.
    if (err?.message.includes('storage is (re)initializing')) return;
    complaints.push(`${message} ${JSON.stringify(fields)} ${err?.stack ?? ''}`);
  };
  const quiet = (): void => undefined;
  const log: Log = { debug: quiet, info: quiet, warn: complain, error: complain };
  const client = openClient(parsed.values.kubeconfig, log);
  if (!client.ok) throw new Error(client.problems.join('\n'));
  const rendering = await readRendering(parsed.values);
  if (!rendering.ok) throw new Error(rendering.problems.join('\n'));
  const { url, stop } = await startController(parsed.values, rendering.values, client.values, log);
  onTestFinished(stop);
  return { url, stop, complaints: () => complaints };
}
