/** Manifests on their way into and out of `render`, for its tests. */

import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Finding } from '../../../../src/controller/render/finding.ts';
import type { Manifest } from '../../../../src/controller/render/manifest.ts';
import { parseSeldonDeployment } from '../../../../src/controller/render/parse.ts';
import { render } from '../../../../src/controller/render/render.ts';
import type { Rendered, RenderSettings } from '../../../../src/controller/render/rendered.ts';
import type {
  Container,
  EnvVar,
  PodSpec,
} from '../../../../src/controller/render/seldon-deployment.ts';
import { defaultServerImages } from '../../../../src/controller/render/server-images.ts';

export const settings: RenderSettings = {
  adapterImage: 'example.com/seldon-eventing:1',
  clusterDomain: 'cluster.local',
  httpPort: 8000,
  grpcPort: 5001,
  servers: defaultServerImages,
};

/** A manifest of a file beside the tests, as the cluster has it: with a uid. */
export function resourceOf(file: string | URL): Record<string, unknown> {
  const url = new URL(file, import.meta.url);
  const resource: Record<string, unknown> = parse(readFileSync(url, 'utf8'));
  const metadata = { ...(resource['metadata'] as object), uid: '5ee5-d0c5' };
  return { ...resource, metadata };
}

/** A SeldonDeployment with these predictors. */
export const resourceWith = (predictors: unknown, spec: object = {}): Record<string, unknown> => ({
  apiVersion: 'machinelearning.seldon.io/v1',
  kind: 'SeldonDeployment',
  metadata: { name: 'iris', namespace: 'default', uid: '5ee5-d0c5' },
  spec: { predictors, ...spec },
});

/** A predictor of one model in one container. */
export const predictorWith = (
  parts: object = {},
  container: object = {},
  component: object = {},
) => ({
  name: 'default',
  graph: { name: 'model' },
  componentSpecs: [
    { ...component, spec: { containers: [{ name: 'model', image: 'model:1', ...container }] } },
  ],
  ...parts,
});

/** Parses and renders; where it does not parse, its problems. */
export function renderResource(resource: unknown, using = settings): Rendered {
  const parsed = parseSeldonDeployment(resource);
  if (parsed.ok) return render(parsed.sdep, using);
  const nothing = { warnings: [], objects: [], addresses: [], references: [], scaledByOthers: [] };
  return { problems: parsed.problems, ...nothing };
}

/** Renders predictors that must be sound. */
export function rendered(predictors: unknown, spec: object = {}, using = settings): Rendered {
  const result = renderResource(resourceWith(predictors, spec), using);
  if (result.problems.length > 0) throw new Error(JSON.stringify(result.problems));
  return result;
}

export const told = (findings: readonly Finding[]): string[] =>
  findings.map(({ reason, message }) => `${reason} ${message}`);

export const ofKind = ({ objects }: Rendered, kind: string): Manifest[] =>
  objects.filter((object) => object.kind === kind);

export const namesOf = (objects: readonly Manifest[]): string[] =>
  objects.map(({ metadata }) => metadata.name);

interface DeploymentSpec {
  readonly replicas?: number;
  readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly template: {
    readonly metadata: {
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
    };
    readonly spec: PodSpec;
  };
}

export const specOf = (deployment: Manifest | undefined): DeploymentSpec =>
  deployment?.['spec'] as DeploymentSpec;

export const podOf = (result: Rendered, index = 0): PodSpec =>
  specOf(ofKind(result, 'Deployment')[index]).template.spec;

export function containerOf(pod: PodSpec, name: string): Container {
  const found = pod.containers.find((container) => container.name === name);
  if (found === undefined) throw new Error(`there is no container ${name}`);
  return found;
}

export const adapterOf = (result: Rendered, index = 0): Container =>
  containerOf(podOf(result, index), 'seldon-container-engine');

/** Values by name; a reference as JSON. */
export const envOf = ({ env = [] }: { readonly env?: readonly EnvVar[] }): Record<string, string> =>
  Object.fromEntries(
    env.map(({ name, value, valueFrom }) => [name, value ?? JSON.stringify(valueFrom)]),
  );

interface EnginePredictor {
  readonly graph: Record<string, unknown>;
  readonly [field: string]: unknown;
}

/** What the adapter is told of its predictor. */
export const enginePredictorOf = (container: Container): EnginePredictor =>
  JSON.parse(Buffer.from(envOf(container)['ENGINE_PREDICTOR'] ?? '', 'base64').toString('utf8'));
